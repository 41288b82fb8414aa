//! From the table of functions to a plan.

use std::ops::Range;

use super::super::super::plan::{
    CountLocation, Located, ProbeCost, ProbePlan, ProbePoint, ProbeRole, TlsFamily,
};
use super::super::elf::{ElfImage, Machine};
use super::super::flow::Point;
use super::super::not_traceable::NotTraceable;
use super::function_table::{Format, FunctionTable, Pattern};
use super::text_start::text_starts;
use super::x86_64_read::{Callees, read_place};
use super::{aarch64, x86_64};

/// Sections that linkers of Go make.
const SECTIONS: [&str; 3] = [".go.buildinfo", ".gopclntab", ".note.go.buildid"];

/// What is looked up, see [`Functions`] for the order.
const PATTERNS: [Pattern; 9] = [
    Pattern::Exact("crypto/tls.(*Conn).Read"),
    Pattern::Exact("crypto/tls.(*Conn).Write"),
    Pattern::Exact("crypto/tls.(*Conn).writeRecordLocked"),
    Pattern::Exact("crypto/tls.(*Conn).Close"),
    Pattern::Exact("runtime.morestack_noctxt"),
    Pattern::Exact("runtime.memmove"),
    Pattern::Exact("bytes.(*Reader).Read"),
    Pattern::Exact("runtime.gopanic"),
    Pattern::Prefix("runtime.panic"),
];

/// Plans the probes of a Go program; `None` if the file is no such program, or does without
/// `crypto/tls`.
///
/// # Errors
/// If it has `crypto/tls`, or may have, and its functions are not recognised with certainty.
pub fn plan(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    let said = SECTIONS.iter().any(|name| image.has_section(name));
    if !said && !image.sections.is_empty() {
        return Ok(None);
    }
    let Some(table) = FunctionTable::find(image) else {
        return if said {
            Err(NotTraceable::Go)
        } else {
            Ok(None)
        };
    };
    if table.format == Format::Go12 {
        return Err(NotTraceable::OldGo);
    }
    let found = table.functions(&PATTERNS).ok_or(NotTraceable::Go)?;
    let Some(found) = Functions::of(found) else {
        return Ok(None);
    };
    let located = text_starts(image, &table)
        .filter_map(|start| found.from(start))
        .find_map(|functions| functions.points(image));
    match located {
        Some(points) => Ok(Some(ProbePlan::new(
            TlsFamily::Go,
            Located::FunctionTable,
            points,
        ))),
        // The release between both tells only by its code.
        None if table.format == Format::Go116 => Err(NotTraceable::OldGo),
        None => Err(NotTraceable::Go),
    }
}

/// The functions that matter, by address, or by distance from the start of the code.
struct Functions {
    read: Range<u64>,
    write: Range<u64>,
    write_record: Range<u64>,
    close: Range<u64>,
    /// Enlarges the stack.
    morestack: u64,
    /// Copy bytes.
    copying: Vec<u64>,
    /// Panic.
    endless: Vec<u64>,
}

impl Functions {
    /// Each of these names has one function, except where several are expected.
    fn of(found: Vec<Vec<Range<u64>>>) -> Option<Self> {
        let mut found = found.into_iter();
        let [read, write, write_record, close, morestack] = [(); 5].map(|()| {
            let mut functions = found.next()?.into_iter();
            let only = functions.next()?;
            functions.next().is_none().then_some(only)
        });
        let mut starts = |patterns: usize| {
            let functions = found.by_ref().take(patterns).flatten();
            functions.map(|function| function.start).collect()
        };
        Some(Self {
            read: read?,
            write: write?,
            write_record: write_record?,
            close: close?,
            morestack: morestack?.start,
            copying: starts(2),
            endless: starts(2),
        })
    }

    /// The same by address.
    fn from(&self, text: u64) -> Option<Self> {
        let address = |at: &u64| at.checked_add(text);
        let range = |range: &Range<u64>| Some(address(&range.start)?..address(&range.end)?);
        let all = |starts: &[u64]| starts.iter().map(address).collect::<Option<Vec<u64>>>();
        Some(Self {
            read: range(&self.read)?,
            write: range(&self.write)?,
            write_record: range(&self.write_record)?,
            close: range(&self.close)?,
            morestack: address(&self.morestack)?,
            copying: all(&self.copying)?,
            endless: all(&self.endless)?,
        })
    }

    /// The probes, if the code at these addresses is what the names say.
    fn points(&self, image: &ElfImage) -> Option<Vec<ProbePoint>> {
        match image.machine() {
            Machine::X86_64 => self.points_x86_64(image),
            Machine::Aarch64 => self.points_aarch64(image),
            Machine::Other(_) => None,
        }
    }

    fn points_x86_64(&self, image: &ElfImage) -> Option<Vec<ProbePoint>> {
        let listing = |function| x86_64::Listing::of(image, function);
        let entry = |listing: &x86_64::Listing| listing.stack_check(self.morestack);
        let read = listing(&self.read)?;
        let record = entry(&listing(&self.write_record)?)?;
        let close = entry(&listing(&self.close)?)?;
        let read_entry = entry(&read)?;
        if !listing(&self.write)?.writes_application_data_by(self.write_record.start) {
            return None;
        }
        let callees = Callees {
            endless: self.endless.iter().copied().collect(),
            copying: self.copying.iter().copied().collect(),
        };
        let mut points = match read_place(&read, &callees) {
            Some((address, place)) => {
                let at = Point {
                    address,
                    cost: ProbeCost::Emulated,
                };
                let mut point = self.read_point(image, ProbeRole::GoReadResult, at)?;
                point.count = CountLocation::Within(place);
                vec![point]
            }
            None => self.read_at_returns(image, read_entry, &read.returns()?)?,
        };
        points.extend(self.others(image, record, close)?);
        Some(points)
    }

    fn points_aarch64(&self, image: &ElfImage) -> Option<Vec<ProbePoint>> {
        let listing = |function| aarch64::Listing::of(image, function);
        let entry = |listing: &aarch64::Listing| listing.behind_stack_check(self.morestack);
        let read = listing(&self.read)?;
        let record = entry(&listing(&self.write_record)?)?;
        let close = entry(&listing(&self.close)?)?;
        if !listing(&self.write)?.writes_application_data_by(self.write_record.start) {
            return None;
        }
        let mut points = self.read_at_returns(image, entry(&read)?, &read.returns()?)?;
        points.extend(self.others(image, record, close)?);
        Some(points)
    }

    fn read_at_returns(
        &self,
        image: &ElfImage,
        entry: Point,
        returns: &[u64],
    ) -> Option<Vec<ProbePoint>> {
        let returned = returns.iter().map(|&address| {
            let at = Point {
                address,
                cost: ProbeCost::SingleStepped,
            };
            self.read_point(image, ProbeRole::GoReadReturned, at)
        });
        returned
            .chain([self.read_point(image, ProbeRole::GoRead, entry)])
            .collect()
    }

    fn read_point(&self, image: &ElfImage, role: ProbeRole, at: Point) -> Option<ProbePoint> {
        point(image, role, "Read", self.read.start, at)
    }

    fn others(&self, image: &ElfImage, record: Point, close: Point) -> Option<[ProbePoint; 2]> {
        let start = self.write_record.start;
        Some([
            point(
                image,
                ProbeRole::GoWrite,
                "writeRecordLocked",
                start,
                record,
            )?,
            point(image, ProbeRole::GoClose, "Close", self.close.start, close)?,
        ])
    }
}

fn point(
    image: &ElfImage,
    role: ProbeRole,
    method: &str,
    start: u64,
    at: Point,
) -> Option<ProbePoint> {
    let into = at.address.checked_sub(start)?;
    Some(ProbePoint {
        role,
        file_offset: image.file_offset(at.address)?,
        count: CountLocation::None,
        name: format!("crypto/tls.(*Conn).{method} at +{into:#x}"),
        cost: at.cost,
    })
}
