//! OpenSSL and the libraries with its interface: which functions to probe, and at which instruction
//! of each.
//!
//! OpenSSL's `SSL_read` and `SSL_read_ex` both call `ssl_read_internal(ssl, buf, num, &count)`,
//! the write side likewise (with a `flags` argument before the pointer since 3.3). One probe there
//! sees both, and the users of `BIO_f_ssl` besides. The function is not exported, so it is taken
//! only on two signs: every exported reader calls it, passing its own arguments on, and none of
//! the peeking ones does. Else each exported function is probed for itself.
//!
//! Reads are seen at their result instead where that can be proven, see [`super::read_result`].
//!
//! The bias is towards fewer sightings: a callee that is not certain is not probed, and a wrapper
//! that may go through another probed function is left to that one.

use std::collections::HashMap;

use super::super::plan::{
    CountLocation, Located, ProbeCost, ProbePlan, ProbePoint, ProbeRole, Returns, TlsFamily,
};
use super::call_sites::{self, Return};
use super::elf::{ElfImage, Machine};
use super::elf_symbols::Function;
use super::flow::{Arguments, Call, ENTRY, Need, Point, Value};
use super::not_traceable::NotTraceable;
use super::read_result::read_results;
use super::{aarch64, x86_64};

const PREFIX: &str = "SSL_";
const WANTED: [&str; 10] = [
    "SSL_read",
    "SSL_read_ex",
    "SSL_peek",
    "SSL_peek_ex",
    "SSL_write",
    "SSL_write_ex",
    "SSL_write_ex2",
    "SSL_free",
    "SSL_clear",
    "SSL_shutdown",
];
/// Wrappers that call wrappers: `SSL_write_ex` over `SSL_write_ex2` in OpenSSL 3.3.
const MAX_WRAPPERS: usize = 3;

/// Plans the probes of a file whose functions have names; `None` if it has no such.
///
/// # Errors
/// If return probes are not used, and the places that calls come back to are not certain.
pub fn plan(image: &ElfImage, returns: Returns) -> Result<Option<ProbePlan>, NotTraceable> {
    let analysis = Analysis::of(image)?;
    let results = analysis.read_results();
    let followed: &[&Transfer] = match results {
        Some(_) => &[&WRITE],
        None => &[&READ, &WRITE],
    };
    let mut points = results.unwrap_or_default();
    points.extend(
        followed
            .iter()
            .flat_map(|transfer| analysis.transfer(transfer)),
    );
    if points.is_empty() {
        return Ok(None);
    }
    if returns == Returns::Plain {
        for transfer in followed {
            points.extend(analysis.returns(transfer)?);
        }
    }
    points.extend(analysis.lifetime("SSL_free", ProbeRole::Close));
    points.extend(analysis.lifetime("SSL_clear", ProbeRole::Close));
    points.extend(analysis.lifetime("SSL_shutdown", ProbeRole::Shutdown));
    let plan = ProbePlan::new(TlsFamily::OpenSsl, Located::Symbols, points);
    Ok(Some(plan))
}

/// One direction of transfer.
struct Transfer {
    role: ProbeRole,
    returned: ProbeRole,
    internal: &'static str,
    /// Returns the count itself.
    plain: &'static str,
    /// Return success, the count goes behind a pointer.
    extended: &'static [(&'static str, CountLocation)],
    /// Look at the bytes without consuming them, by code that must not be taken for this one.
    unrelated: &'static [&'static str],
}

const READ: Transfer = Transfer {
    role: ProbeRole::Read,
    returned: ProbeRole::ReadReturned,
    internal: "ssl_read_internal",
    plain: "SSL_read",
    extended: &[("SSL_read_ex", CountLocation::FourthArgument)],
    unrelated: &["SSL_peek", "SSL_peek_ex"],
};

const WRITE: Transfer = Transfer {
    role: ProbeRole::Write,
    returned: ProbeRole::WriteReturned,
    internal: "ssl_write_internal",
    plain: "SSL_write",
    extended: &[
        ("SSL_write_ex", CountLocation::FourthArgument),
        ("SSL_write_ex2", CountLocation::FifthArgument),
    ],
    unrelated: &["SSL_peek", "SSL_peek_ex"],
};

struct Analysis<'a> {
    image: &'a ElfImage,
    functions: HashMap<&'static str, Function>,
}

/// An internal function that all functions of one direction call.
struct Shared {
    address: u64,
    count: CountLocation,
    /// A call site, for people.
    caller: &'static str,
    site: u64,
}

impl<'a> Analysis<'a> {
    fn of(image: &'a ElfImage) -> Result<Self, NotTraceable> {
        if let machine @ Machine::Other(_) = image.machine() {
            return Err(NotTraceable::WrongArchitecture(machine));
        }
        Ok(Self {
            image,
            functions: image.functions(PREFIX, &WANTED)?,
        })
    }

    fn read_results(&self) -> Option<Vec<ProbePoint>> {
        let wrapper = self.functions.get("SSL_read_ex")?.address;
        let shared = self.shared(&READ);
        let internal = shared.map_or(wrapper, |shared| shared.address);
        let methods = self.image.functions("TLS_", &["TLS_method"]).ok()?;
        let method = *methods.get("TLS_method")?;
        read_results(self.image, method, internal)
    }

    fn transfer(&self, transfer: &Transfer) -> Vec<ProbePoint> {
        let exported = self.exported(transfer);
        let Some((shared, point)) = self.shared_point(transfer, &exported) else {
            return exported;
        };
        let caller = self
            .functions
            .get(shared.caller)
            .map_or(0, |function| function.address);
        let into = shared.site.wrapping_sub(caller);
        let name = format!("{} (from {}+{into:#x})", transfer.internal, shared.caller);
        self.probe(transfer.role, shared.address, point, shared.count, name)
            .into_iter()
            .collect()
    }

    /// The function that all of one direction call, if that is where they are probed.
    fn shared_point(
        &self,
        transfer: &Transfer,
        exported: &[ProbePoint],
    ) -> Option<(Shared, Point)> {
        let shared = self.shared(transfer)?;
        let point = self.point(shared.address, 0, need(shared.count));
        let cheaper = |point: &ProbePoint| point.cost == ProbeCost::Emulated;
        let dearer = point.cost == ProbeCost::SingleStepped && exported.iter().all(cheaper);
        (!dearer).then_some((shared, point))
    }

    fn returns(&self, transfer: &Transfer) -> Result<Vec<ProbePoint>, NotTraceable> {
        let exported = self.exported(transfer);
        if exported.is_empty() {
            return Ok(Vec::new());
        }
        let point = |place: Return| {
            let into = place.address.wrapping_sub(place.site);
            Some(ProbePoint {
                role: transfer.returned,
                file_offset: self.image.file_offset(place.address)?,
                count: CountLocation::None,
                name: format!(
                    "return of {} to {:#x}+{into:#x}",
                    transfer.internal, place.site
                ),
                cost: place.cost,
            })
        };
        self.shared_point(transfer, &exported)
            .and_then(|(shared, _)| call_sites::returns(self.image, shared.address))
            .and_then(|places| places.into_iter().map(point).collect())
            .ok_or(NotTraceable::NeedsReturnProbes)
    }

    /// Each exported function at its own best place, less those that go through another.
    fn exported(&self, transfer: &Transfer) -> Vec<ProbePoint> {
        let plain = [(transfer.plain, CountLocation::Return)];
        let all = plain.iter().chain(transfer.extended);
        all.filter_map(|&(name, count)| {
            let function = *self.functions.get(name)?;
            let passes_on = |via: &&'static str| *via != name && transfer.has(via);
            if self.calls(name).wrappers.iter().any(passes_on) {
                return None;
            }
            let point = self.point(function.address, function.size, need(count));
            self.probe(
                transfer.role,
                function.address,
                point,
                count,
                name.to_owned(),
            )
        })
        .collect()
    }

    fn shared(&self, transfer: &Transfer) -> Option<Shared> {
        let plain = self.calls(transfer.plain).leaving;
        let present = || {
            transfer
                .extended
                .iter()
                .filter(|(name, _)| self.functions.contains_key(name))
        };
        let &(caller, location) = present().next_back()?;
        let taken = self.calls(caller).leaving.iter().find_map(|reached| {
            let count = passed_on(&reached.call.arguments, location)?;
            let target = reached.call.target;
            let by_all = present().all(|&(name, location)| {
                self.calls(name).leaving.iter().any(|other| {
                    other.call.target == target
                        && passed_on(&other.call.arguments, location) == Some(count)
                })
            });
            let by_plain = plain.iter().any(|other| {
                other.call.target == target && passes_own_count(&other.call.arguments, count)
            });
            let is_internal = !self.functions.values().any(|f| f.address == target);
            (by_all && by_plain && is_internal).then_some(Shared {
                address: target,
                count,
                caller,
                site: reached.first_site,
            })
        })?;
        let elsewhere = transfer
            .unrelated
            .iter()
            .flat_map(|name| self.calls(name).leaving)
            .any(|reached| reached.call.target == taken.address);
        (!elsewhere).then_some(taken)
    }

    fn lifetime(&self, name: &'static str, role: ProbeRole) -> Option<ProbePoint> {
        let function = *self.functions.get(name)?;
        let need = Need {
            arguments: 1,
            return_address: false,
        };
        let point = self.point(function.address, function.size, need);
        self.probe(
            role,
            function.address,
            point,
            CountLocation::None,
            name.to_owned(),
        )
    }

    fn point(&self, entry: u64, size: u64, need: Need) -> Point {
        match self.image.machine() {
            Machine::Aarch64 => aarch64::entry_point(self.image, entry),
            _ => x86_64::cheapest_point(self.image, entry, size, need),
        }
    }

    fn probe(
        &self,
        role: ProbeRole,
        entry: u64,
        point: Point,
        count: CountLocation,
        mut name: String,
    ) -> Option<ProbePoint> {
        let file_offset = self.image.file_offset(point.address)?;
        if point.address != entry {
            name.push_str(&format!(" at +{:#x}", point.address - entry));
        }
        Some(ProbePoint {
            role,
            file_offset,
            count,
            name,
            cost: point.cost,
        })
    }

    /// The first calls of an exported function, followed through other exported functions.
    fn calls(&self, name: &'static str) -> Reached {
        let mut reached = Reached::default();
        let mut open = vec![(name, ENTRY, None)];
        while let Some((name, arguments, first_site)) = open.pop() {
            let Some(function) = self.functions.get(name) else {
                continue;
            };
            for call in self.first_calls(*function, arguments) {
                let first_site = first_site.unwrap_or(call.site);
                let next = self
                    .functions
                    .iter()
                    .find(|(_, f)| f.address == call.target);
                match next {
                    Some((next, _)) if reached.wrappers.len() < MAX_WRAPPERS => {
                        reached.wrappers.push(next);
                        open.push((next, call.arguments, Some(first_site)));
                    }
                    _ => reached.leaving.push(Leaving { call, first_site }),
                }
            }
        }
        reached
    }

    fn first_calls(&self, function: Function, arguments: Arguments) -> Vec<Call> {
        match self.image.machine() {
            Machine::Aarch64 => {
                aarch64::first_calls(self.image, function.address, function.size, arguments)
            }
            _ => x86_64::first_calls(self.image, function.address, function.size, arguments),
        }
    }
}

/// Where an exported function leads.
#[derive(Default)]
struct Reached {
    /// Calls of functions that are not exported.
    leaving: Vec<Leaving>,
    /// Exported functions on the way.
    wrappers: Vec<&'static str>,
}

struct Leaving {
    call: Call,
    /// Where the entered function itself leaves.
    first_site: u64,
}

impl Transfer {
    fn has(&self, name: &str) -> bool {
        name == self.plain || self.extended.iter().any(|(extended, _)| *extended == name)
    }
}

/// Where an extended function's pointer to the count goes in a call that passes all its arguments
/// on; `None` when the call is something else.
fn passed_on(arguments: &Arguments, location: CountLocation) -> Option<CountLocation> {
    let pointer = match location {
        CountLocation::FourthArgument => Value::Argument(3),
        CountLocation::FifthArgument => Value::Argument(4),
        _ => return None,
    };
    let places = [CountLocation::FourthArgument, CountLocation::FifthArgument];
    let at = arguments
        .iter()
        .skip(3)
        .position(|value| *value == pointer)?;
    passes_buffer(arguments).then(|| places.get(at).copied())?
}

/// Whether a plain function's call has a pointer into its own frame where the count is expected.
fn passes_own_count(arguments: &Arguments, count: CountLocation) -> bool {
    let at = match count {
        CountLocation::FourthArgument => 3,
        CountLocation::FifthArgument => 4,
        _ => return false,
    };
    passes_buffer(arguments) && arguments.get(at) == Some(&Value::Stack)
}

fn passes_buffer(arguments: &Arguments) -> bool {
    arguments
        .iter()
        .zip(ENTRY)
        .take(3)
        .all(|(now, at_entry)| *now == at_entry)
}

/// What must hold where a transfer is probed.
pub(super) fn need(count: CountLocation) -> Need {
    let arguments = match count {
        CountLocation::FifthArgument => 5,
        CountLocation::FourthArgument | CountLocation::ReturnUnlessPeeked => 4,
        _ => 3,
    };
    Need {
        arguments,
        return_address: true,
    }
}
