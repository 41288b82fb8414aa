//! Embeds the eBPF object that `cargo xtask ebpf` built, or an empty stand-in.
//!
//! With the stand-in everything compiles, lints and passes tier-0 tests; the agent then refuses to
//! trace and says what to run.

use std::{env, fs, path::PathBuf};

/// Where the object is: set by xtask for unusual places, else the default below `target/`.
const OBJECT_VARIABLE: &str = "LLM_TRACER_EBPF_OBJECT";

fn main() {
    println!("cargo::rerun-if-env-changed={OBJECT_VARIABLE}");
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let object = env::var_os(OBJECT_VARIABLE).map_or_else(
        || manifest.join("../target/bpf/tracer-ebpf.o"),
        PathBuf::from,
    );
    println!("cargo::rerun-if-changed={}", object.display());
    let bytes = fs::read(&object).unwrap_or_default();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("tracer-ebpf.o");
    if let Err(error) = fs::write(&out, bytes) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}
