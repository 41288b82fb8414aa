//! From the sites to a plan.

use tracer_common::record::{CountsPlace, RecordPlaces};

use super::super::super::plan::{
    CountLocation, Located, ProbeCost, ProbePlan, ProbePoint, ProbeRole, TlsFamily,
};
use super::super::elf::{ElfImage, Machine};
use super::super::error_sites::places_of;
use super::super::not_traceable::NotTraceable;
use super::super::remembered::plan_once;
use super::limits::comparisons;
use super::panics::most_panics;
use super::read::{Read, reads};
use super::written::{Written, written};

/// Where rustls says that it panicked, in every build that does not leave out such places.
const SOURCE: &[u8] = b"src/record_layer.rs";
/// The counters of both directions lie side by side as their boxes do, but are half as long.
const CLOSER: i64 = 8;

/// Plans the probes of rustls in a file; `None` if there is none in it. Needs no return probes.
///
/// # Errors
/// If it is there, but not both directions of its record layer are recognised with certainty.
pub fn plan(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    plan_once(image, Located::RecordLayer, locate)
}

fn locate(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    if places_of(image, SOURCE).is_empty() {
        return Ok(None);
    }
    if image.machine() != Machine::X86_64 {
        return Err(NotTraceable::Rustls);
    }
    let places = comparisons(image);
    let reads = places.soft.iter().flat_map(|&at| reads(image, at));
    let reads: Vec<Read> = reads.collect();
    // Without these the others are not worth looking for.
    let &Read { counted_at, .. } = reads.first().ok_or(NotTraceable::Rustls)?;
    let writes = places.hard.iter().filter_map(|&at| written(image, at));
    let writes: Vec<Written> = writes.collect();
    let agree = reads.iter().all(|read| read.counted_at == counted_at)
        && writes
            .iter()
            .all(|write| Some(write.counted_at) == counted_at.checked_add(CLOSER));
    if writes.is_empty() || !agree || writes.len() < most_panics(image, SOURCE) {
        return Err(NotTraceable::Rustls);
    }
    let points = writes
        .iter()
        .map(|write| write_point(image, write))
        .chain(reads.iter().map(|read| read_point(image, read)));
    let points: Option<Vec<ProbePoint>> = points.collect();
    let points = points.ok_or(NotTraceable::Rustls)?;
    let plan = ProbePlan::new(TlsFamily::Rustls, Located::RecordLayer, points);
    Ok(Some(plan))
}

fn write_point(image: &ElfImage, write: &Written) -> Option<ProbePoint> {
    let places = RecordPlaces {
        layer: write.layer,
        message: write.message,
        counts: CountsPlace::new(write.counted_at)?,
        success: 0,
    };
    let (role, name) = (ProbeRole::RecordWritten, "encrypt_outgoing");
    point(image, role, name, write.probe, places)
}

fn read_point(image: &ElfImage, read: &Read) -> Option<ProbePoint> {
    let places = RecordPlaces {
        layer: read.layer,
        message: read.result,
        counts: CountsPlace::new(read.counted_at.checked_add(CLOSER)?)?,
        success: read.success,
    };
    let (role, name) = (ProbeRole::RecordRead, "decrypt_incoming");
    point(image, role, name, read.probe, places)
}

fn point(
    image: &ElfImage,
    role: ProbeRole,
    name: &str,
    address: u64,
    places: RecordPlaces,
) -> Option<ProbePoint> {
    Some(ProbePoint {
        role,
        file_offset: image.file_offset(address)?,
        count: CountLocation::Record(places),
        name: format!("{name} (by its limit) at {address:#x}"),
        cost: ProbeCost::Emulated,
    })
}
