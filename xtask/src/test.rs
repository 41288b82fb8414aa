//! `cargo xtask test`: everything that can be tested here, tier by tier, with counts.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    corpus, dependencies, e2e, ebpf, fuzz,
    missing::{self, Missing},
    nextest,
    paths::workspace_root,
    step,
    tally::{self, Tally},
    vm,
};

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only these tiers: 0 checks and unit tests, 1 end to end and corpus, 2 virtual machines,
    /// 3 fuzz smoke. Several may be given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    tier: Vec<u8>,
}

/// Runs the tiers and prints their counts; the last line is the sum.
///
/// # Errors
/// If a test failed.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |tier: u8| arguments.tier.is_empty() || arguments.tier.contains(&tier);
    if wanted(1) || wanted(2) {
        // These install what it takes; then the unit tests can have it, too. What goes wrong is
        // told there.
        let _ = ebpf::build();
    }
    let mut counts = Vec::new();
    for (tier, name, steps) in TIERS {
        if wanted(tier) {
            counts.push((
                name,
                steps
                    .iter()
                    .map(|(what, step)| one(what, *step))
                    .sum::<Tally>(),
            ));
        }
    }
    for (name, tally) in &counts {
        println!("{name}: {tally}");
    }
    tally::report(&counts.into_iter().map(|(_, tally)| tally).sum())
}

type Step = (&'static str, fn() -> Result<Tally>);

const TIERS: [(u8, &str, &[Step]); 4] = [
    (
        0,
        "core",
        &[
            ("formatting", formatting),
            ("lints", lints),
            ("dependencies", dependencies::check),
            // Some of the unit tests load it: it must not be that of yesterday.
            ("eBPF object", || {
                ebpf::build_with_what_is_here().map(|_| Tally::PASSED)
            }),
            ("unit tests", || nextest::run("default", &[])),
        ],
    ),
    (
        1,
        "end-to-end",
        &[
            ("end-to-end tests", || e2e::run(&e2e::Arguments::default())),
            ("recorded exchanges", || {
                corpus::run(&corpus::Arguments::live())
            }),
        ],
    ),
    (
        2,
        "virtual machines",
        &[("kernels", || vm::run(&vm::Arguments::all()))],
    ),
    (
        3,
        "fuzz",
        &[("fuzz targets", fuzz::check), ("fuzz smoke", fuzz::smoke)],
    ),
];

/// A step that could not even count its tests is one failed test, or one that is skipped.
fn one(what: &str, step: fn() -> Result<Tally>) -> Tally {
    println!("\n== {what}");
    missing::or_skipped(1, step()).unwrap_or_else(|error| {
        println!("failed: {error:#}");
        Tally::of(what, &Err(error))
    })
}

/// A part of the Rust toolchain that not every distribution installs with it.
fn need_component(subcommand: &str, component: &str) -> Result<()> {
    let version = step::cargo().args([subcommand, "--version"]).output();
    if version.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    bail!(Missing(format!(
        "cargo {subcommand} is not installed; run: rustup component add {component}"
    )))
}

fn formatting() -> Result<Tally> {
    need_component("fmt", "rustfmt")?;
    let check = |manifest: &str| {
        let manifest = workspace_root().join(manifest);
        let mut command = step::cargo();
        command.args(["fmt", "--all", "--check", "--manifest-path"]);
        step::run(command.arg(manifest))
    };
    // The kernel half and the fuzz targets are workspaces of their own.
    ["Cargo.toml", "tracer-ebpf/Cargo.toml", "fuzz/Cargo.toml"]
        .into_iter()
        .try_for_each(check)
        .map(|()| Tally::PASSED)
}

fn lints() -> Result<Tally> {
    need_component("clippy", "clippy")?;
    let mut clippy = step::cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--"]);
    if is_minimum_compiler()? {
        clippy.args(["--deny", "warnings"]);
    } else {
        println!("a newer compiler than the tree was written for: what it warns of is not denied");
    }
    step::run(&mut clippy).map(|()| Tally::PASSED)
}

/// Whether the compiler is of the version that `rust-version` names. Each later one may bring lints
/// that this tree does not know.
fn is_minimum_compiler() -> Result<bool> {
    let output = step::cargo().arg("--version").output()?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let minimum = env!("CARGO_PKG_RUST_VERSION");
    Ok(version
        .strip_prefix("cargo ")
        .and_then(|version| version.strip_prefix(minimum))
        .is_some_and(|rest| rest.starts_with('.')))
}
