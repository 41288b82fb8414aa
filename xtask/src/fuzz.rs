//! `cargo xtask fuzz`: every parser fed with mutated input. Tier 3.
//!
//! libFuzzer steers by coverage, which the stable compiler can record: no nightly is needed.
//! Where it cannot be built, and in a test run, the deterministic smoke tests beside the parsers
//! run instead.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{
    missing::{self, Missing},
    nextest,
    paths::workspace_root,
    step,
    tally::Tally,
};

/// What cargo-fuzz asks of the compiler, without the sanitizers: the core has no unsafe code for
/// them to watch. Overflows and failed assertions count as crashes.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cdebug-assertions -Coverflow-checks";

/// Arguments of `fuzz`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Seconds per target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only targets whose name contains this.
    target: Option<String>,
}

/// Fuzzes one target after the other; inputs that gave new coverage stay in `target/fuzz/corpus`,
/// those that crashed in `target/fuzz/artifacts`.
///
/// # Errors
/// If the targets cannot be built, or none has such a name.
pub fn run(arguments: &Arguments) -> Result<Tally> {
    let targets = targets(arguments.target.as_deref())?;
    let Some(programs) = missing::optional(build())? else {
        println!("running the deterministic smoke tests instead");
        return smoke();
    };
    Ok(targets
        .iter()
        .map(|target| one(&programs, target, arguments.seconds))
        .sum())
}

/// The deterministic smoke tests: as much as a test run can afford.
///
/// # Errors
/// If they do not build.
pub fn smoke() -> Result<Tally> {
    nextest::run("smoke", &[])
}

/// Whether every fuzz target compiles, with whatever compiler is here. libFuzzer itself is neither
/// built nor linked.
///
/// # Errors
/// If a target does not compile; [`Missing`] if the crate that binds libFuzzer cannot be had.
pub fn check() -> Result<Tally> {
    fetch()?;
    let mut check = cargo("check");
    check
        // A library that is only named: a check links nothing.
        .env("CUSTOM_LIBFUZZER_PATH", "target/libfuzzer.a");
    step::run(&mut check).map(|()| Tally::PASSED)
}

/// The names of the targets that contain `part`, in order.
fn targets(part: Option<&str>) -> Result<Vec<String>> {
    let folder = workspace_root().join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut all: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    all.sort();
    let wanted: Vec<String> = all
        .iter()
        .filter(|name| part.is_none_or(|part| name.contains(part)))
        .cloned()
        .collect();
    ensure!(
        !wanted.is_empty(),
        "no fuzz target has such a name; there are: {}",
        all.join(", ")
    );
    Ok(wanted)
}

/// Builds every target with libFuzzer; the folder of the programs.
fn build() -> Result<PathBuf> {
    fetch()?;
    ensure!(
        step::exists("c++", "--version"),
        Missing("libFuzzer needs a C++ compiler; install g++ or clang".to_owned())
    );
    let host = step::host_triple()?;
    let mut build = cargo("build");
    build
        // With a target named, build scripts and macros are compiled without the flags.
        .args(["--release", "--target", &host])
        .env("RUSTFLAGS", COVERAGE);
    step::run(&mut build)?;
    Ok(target_folder().join(host).join("release"))
}

fn one(programs: &Path, target: &str, seconds: u64) -> Tally {
    println!("fuzzing {target} for {seconds} s");
    let result = fuzz(programs, target, seconds);
    if let Err(error) = &result {
        println!("{error:#}");
    }
    Tally::of(target, &result)
}

fn fuzz(programs: &Path, target: &str, seconds: u64) -> Result<()> {
    let found = target_folder().join("corpus").join(target);
    let artifacts = target_folder().join("artifacts");
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let mut fuzzer = Command::new(programs.join(target));
    fuzzer
        .arg(found)
        .arg(workspace_root().join("fuzz/seeds").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-rss_limit_mb=1024", "-timeout=30"])
        .arg(format!(
            "-artifact_prefix={}/{target}-",
            artifacts.display()
        ));
    step::run_quiet(&mut fuzzer)
}

/// What cargo says where the targets' lock file lacks a package of the core.
const LOCK_IS_BEHIND: &str = "cannot update the lock file";

/// # Errors
/// [`Missing`] if the crate that binds libFuzzer cannot be had. That the lock file is behind is no such
/// reason.
fn fetch() -> Result<()> {
    step::run_quiet(step::cargo().args(["fetch", "--locked", "--manifest-path", "fuzz/Cargo.toml"]))
        .map_err(|error| {
            if error.to_string().contains(LOCK_IS_BEHIND) {
                return error.context(
                    "fuzz/Cargo.lock is behind; `cargo metadata --manifest-path fuzz/Cargo.toml` \
                     completes it",
                );
            }
            Missing(format!("libfuzzer-sys cannot be had: {error:#}")).into()
        })
}

fn cargo(subcommand: &str) -> Command {
    let mut command = step::cargo();
    command
        .args([subcommand, "--quiet", "--locked"])
        .args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
        .arg(target_folder());
    command
}

fn target_folder() -> PathBuf {
    workspace_root().join("target/fuzz")
}
