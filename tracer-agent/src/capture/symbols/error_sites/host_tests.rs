//! Libraries of this host with their symbols taken away: what errors tell must be what symbols told.

use std::path::{Path, PathBuf};

use super::super::super::plan::{
    Implementation, Located, ProbePlan, ProbeRole, Returns, TlsFamily,
};
use super::super::fixture::image;
use super::super::{ElfImage, plan};

/// Sizes of one section header and places in the file header, as the ELF specification has them.
const SECTION_TABLE: usize = 40;
const SECTION_COUNT: usize = 60;

/// The file without section headers, and so without symbols: as `sstrip` leaves it.
fn stripped(path: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[SECTION_TABLE..SECTION_TABLE + 8].fill(0);
    bytes[SECTION_COUNT..SECTION_COUNT + 4].fill(0);
    bytes
}

fn offset_of(plan: &ProbePlan, role: ProbeRole) -> Option<u64> {
    let point = plan.points.iter().find(|point| point.role == role);
    point.map(|point| point.file_offset)
}

fn plans(path: &Path) -> (ProbePlan, ProbePlan) {
    let whole = std::fs::read(path).expect("read");
    let by_symbols =
        plan(&image(&whole).expect("elf"), Returns::Probed).expect("a plan by symbols");
    assert_eq!(by_symbols.found[0].located, Located::Symbols);
    let by_errors =
        plan(&image(&stripped(path)).expect("elf"), Returns::Probed).expect("a plan by errors");
    assert_eq!(by_errors.found[0].located, Located::ErrorSites);
    (by_symbols, by_errors)
}

#[test]
fn the_hosts_own_libssl_is_recognised_without_its_symbols() {
    let path = Path::new("/usr/lib/x86_64-linux-gnu/libssl.so.3");
    if !path.exists() {
        println!("skipped: there is no {}", path.display());
        return;
    }
    let (by_symbols, by_errors) = plans(path);
    for role in [ProbeRole::Write, ProbeRole::Shutdown] {
        let place = offset_of(&by_errors, role);
        assert!(place.is_some(), "{role:?}");
        assert_eq!(place, offset_of(&by_symbols, role), "{role:?}");
    }
    // By symbols reads are seen further down, at their result.
    assert!(offset_of(&by_errors, ProbeRole::Read).is_some());
}

/// BoringSSL with its symbols, for this machine and for arm64, as `cargo xtask e2e` unpacks it.
#[test]
fn boringssl_is_recognised_without_its_symbols() {
    let libraries = curl_cffi();
    if libraries.is_empty() {
        println!("skipped: no curl_cffi; cargo xtask setup installs it");
    }
    for path in libraries {
        let (by_symbols, by_errors) = plans(&path);
        for role in [ProbeRole::Read, ProbeRole::Write, ProbeRole::Shutdown] {
            let place = offset_of(&by_errors, role);
            assert!(place.is_some(), "{role:?} of {}", path.display());
            assert_eq!(place, offset_of(&by_symbols, role), "{role:?}");
        }
    }
}

/// A library of 2021 that never had its symbols, from Java.
#[test]
fn boringssl_of_conscrypt_is_recognised() {
    let library =
        "../target/e2e/conscrypt/META-INF/native/libconscrypt_openjdk_jni-linux-x86_64.so";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(library);
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: no Conscrypt; cargo xtask e2e --matrix unpacks it");
        return;
    };
    let plan = plan(&image(&bytes).expect("elf"), Returns::Probed).expect("a plan");
    assert_eq!(plan.found[0].located, Located::ErrorSites);
    for role in [
        ProbeRole::Read,
        ProbeRole::Write,
        ProbeRole::Open,
        ProbeRole::Shutdown,
    ] {
        assert!(offset_of(&plan, role).is_some(), "{role:?}");
    }
}

/// A proxy that never had its symbols; parts of it are in Rust and bring rustls along.
#[test]
fn boringssl_of_envoy_is_recognised() {
    let path = "../target/e2e/envoy/envoy/_bin/envoy";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    is_recognised(&path, "no Envoy; cargo xtask e2e --matrix unpacks it");
}

/// The network stack of Electron and of what is built on it; Debian's build has no symbols.
#[test]
fn boringssl_of_chromium_is_recognised() {
    let path = Path::new("/usr/lib/chromium/chromium");
    is_recognised(path, "Debian's package chromium is not installed");
}

/// Not read as a whole: such files have hundreds of megabytes.
fn is_recognised(path: &Path, else_skipped: &str) {
    let Ok(file) = std::fs::File::open(path) else {
        println!("skipped: {else_skipped}");
        return;
    };
    let image = ElfImage::new(file).expect("elf");
    let plan = plan(&image, Returns::Probed).expect("a plan");
    let boringssl = |it: &&Implementation| it.family == TlsFamily::BoringSsl;
    let found = plan.found.iter().find(boringssl).expect("BoringSSL");
    assert_eq!(found.located, Located::ErrorSites);
    for role in [
        ProbeRole::Read,
        ProbeRole::Write,
        ProbeRole::Open,
        ProbeRole::Shutdown,
    ] {
        assert!(offset_of(&plan, role).is_some(), "{role:?}");
    }
}

fn curl_cffi() -> Vec<PathBuf> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/e2e");
    let pythons = std::fs::read_dir(clients.join("venv-native/lib"));
    let packages = pythons.into_iter().flatten().flatten();
    packages
        .map(|python| python.path().join("site-packages"))
        .chain([clients.join("arm64")])
        .map(|packages| packages.join("curl_cffi/_wrapper.abi3.so"))
        .filter(|library| library.exists())
        .collect()
}
