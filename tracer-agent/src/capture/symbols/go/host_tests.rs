//! Programs that compilers of Go made, as `cargo xtask e2e` builds them: the table of functions
//! leads to where the symbols are, and stripping changes nothing.

use std::path::{Path, PathBuf};

use super::super::super::plan::{Located, ProbePlan, ProbeRole, Returns, TlsFamily};
use super::super::elf::{ElfImage, Machine};
use super::super::{NotTraceable, plan};

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/e2e/go");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut programs: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_none() && path.is_file())
        .collect();
    programs.sort();
    programs
}

fn count(plan: &ProbePlan, role: ProbeRole) -> usize {
    plan.points
        .iter()
        .filter(|point| point.role == role)
        .count()
}

#[test]
fn programs_of_all_releases_at_hand_are_planned() {
    let programs = programs();
    if programs.is_empty() {
        println!("skipped: no Go programs; cargo xtask setup builds them");
    }
    for path in programs {
        let image = ElfImage::open(&path).expect("elf");
        let machine = image.machine();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let planned = plan(&image, Returns::Plain);
        if name.starts_with("old_") {
            assert_eq!(planned, Err(NotTraceable::OldGo), "{name}");
            continue;
        }
        let plan = planned.unwrap_or_else(|reason| panic!("{name}: {reason}"));
        assert_eq!(
            (plan.found[0].family, plan.found[0].located),
            (TlsFamily::Go, Located::FunctionTable),
            "{name}"
        );
        assert_eq!(count(&plan, ProbeRole::GoWrite), 1, "{name}");
        assert_eq!(count(&plan, ProbeRole::GoClose), 1, "{name}");
        // Within `Read`, but where the compiler was told not to optimise, and on arm64.
        let is_plain = machine == Machine::Aarch64 || name.contains("unoptimised");
        let within = count(&plan, ProbeRole::GoReadResult);
        assert_eq!(within, usize::from(!is_plain), "{name}: {plan:?}");
        if is_plain {
            assert_eq!(count(&plan, ProbeRole::GoRead), 1, "{name}");
            assert!(count(&plan, ProbeRole::GoReadReturned) > 2, "{name}");
        }
    }
}

/// Only the link differs between the two, so all functions are at the same addresses.
#[test]
fn what_the_table_says_is_what_symbols_say() {
    for path in programs() {
        let image = ElfImage::open(&path).expect("elf");
        let wanted = [
            "crypto/tls.(*Conn).writeRecordLocked",
            "crypto/tls.(*Conn).Close",
        ];
        let symbols = image.functions("crypto/tls.", &wanted).expect("symbols");
        if symbols.is_empty() || path.to_string_lossy().contains("/old_") {
            continue;
        }
        let plan = plan(&image, Returns::Plain).expect("plan");
        for (role, name) in [ProbeRole::GoWrite, ProbeRole::GoClose]
            .into_iter()
            .zip(wanted)
        {
            let function = symbols.get(name).expect("symbol");
            let start = image.file_offset(function.address).expect("code");
            let point = plan.points.iter().find(|point| point.role == role);
            let into = point.expect("point").file_offset - start;
            assert!(into < 64, "{name} of {}: {into}", path.display());
        }
    }
}
