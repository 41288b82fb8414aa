//! The probe of one function, at the cheapest place in it that serves the role.

use super::super::plan::{CountLocation, ProbePoint, ProbeRole};
use super::elf::{ElfImage, Machine};
use super::elf_symbols::Function;
use super::flow::{Need, Point};
use super::openssl::need;
use super::{aarch64, x86_64};

/// Probes a function, `name` for people; `None` if it is not in the file's code.
pub fn probe_at(
    image: &ElfImage,
    function: Function,
    role: ProbeRole,
    count: CountLocation,
    mut name: String,
) -> Option<ProbePoint> {
    let Point { address, cost } = match image.machine() {
        Machine::Aarch64 => aarch64::entry_point(image, function.address),
        _ => x86_64::cheapest_point(image, function.address, function.size, wants(role, count)),
    };
    if address != function.address {
        name.push_str(&format!(" at +{:#x}", address - function.address));
    }
    Some(ProbePoint {
        role,
        file_offset: image.file_offset(address)?,
        count,
        name,
        cost,
    })
}

fn wants(role: ProbeRole, count: CountLocation) -> Need {
    match role {
        ProbeRole::Close | ProbeRole::Shutdown | ProbeRole::Cork | ProbeRole::Uncork => Need {
            arguments: 1,
            return_address: false,
        },
        ProbeRole::Open => Need {
            arguments: 0,
            return_address: true,
        },
        _ => need(count),
    }
}
