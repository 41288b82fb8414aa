//! From the marks of a TLS library to a plan.

use super::super::super::plan::{Located, ProbePlan, ProbePoint, ProbeRole, TlsFamily};
use super::super::elf::ElfImage;
use super::super::elf_symbols::Function;
use super::super::not_traceable::NotTraceable;
use super::super::probe_at::probe_at;
use super::super::remembered::plan_once;
use super::function::functions_around;
use super::known::Known;
use super::marks::{marks, names};
use super::references::references;
use super::{boringssl, openssl};

/// Plans the probes of a file without symbols; `None` if it holds no TLS library that is known.
///
/// # Errors
/// If it holds one whose functions are not recognised with certainty.
pub fn plan(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    plan_once(image, Located::ErrorSites, locate)
}

fn locate(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    let marks = marks(image);
    let (family, known, otherwise) = if !marks.boringssl.is_empty() {
        let places = references(image, &marks.boringssl);
        let functions = functions_around(image, &places);
        let known = boringssl::recognise(&functions, &marks.boringssl);
        (TlsFamily::BoringSsl, known, NotTraceable::StrippedBoringSsl)
    } else if !marks.openssl.is_empty() {
        let names = names(image, &openssl::NAMES);
        let places = references(image, &marks.openssl);
        let functions = functions_around(image, &places);
        let constants = openssl::Constants {
            files: &marks.openssl,
            names: &names,
        };
        let known = openssl::recognise(&functions, &constants);
        (TlsFamily::OpenSsl, known, NotTraceable::StrippedOpenSsl)
    } else {
        return Ok(None);
    };
    let has = |role| known.iter().any(|known| known.role == role);
    // One direction alone tells nothing that could be understood.
    if !has(ProbeRole::Read) || !has(ProbeRole::Write) {
        return Err(otherwise);
    }
    let points = known.iter().filter_map(|known| point(image, known));
    let plan = ProbePlan::new(family, Located::ErrorSites, points.collect());
    Ok(Some(plan))
}

fn point(image: &ElfImage, known: &Known) -> Option<ProbePoint> {
    let function = Function {
        address: known.entry,
        size: 0,
    };
    let name = format!("{} (by its errors)", known.name);
    probe_at(image, function, known.role, known.count, name)
}
