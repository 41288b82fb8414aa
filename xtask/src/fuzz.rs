//! `cargo xtask fuzz`: every parser fed with mutated input. Tier 3.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{missing::Missing, nextest, paths::workspace_root, step, tally::Tally};

/// Arguments of `fuzz`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Seconds per target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only targets whose name contains this.
    target: Option<String>,
}

impl Arguments {
    /// As long as a test run can afford.
    pub const SMOKE: Self = Self {
        seconds: 10,
        target: None,
    };
}

/// Fuzzes with cargo-fuzz and a nightly compiler where both are there; else runs the
/// deterministic smoke tests that stand beside the parsers.
///
/// # Errors
/// If the targets cannot be built or listed.
pub fn run(arguments: &Arguments) -> Result<Tally> {
    if !step::exists("rustup", "--version")
        || !cargo_fuzz(&["list"])
            .output()
            .is_ok_and(|output| output.status.success())
    {
        println!(
            "cargo-fuzz with a nightly compiler is not here: running the deterministic smoke tests instead"
        );
        return nextest::run("smoke", &[]);
    }
    let output = cargo_fuzz(&["list"])
        .output()
        .context("cannot list the fuzz targets")?;
    let list = String::from_utf8(output.stdout).context("the list of fuzz targets is no text")?;
    let wanted = |name: &&str| {
        arguments
            .target
            .as_deref()
            .is_none_or(|part| name.contains(part))
    };
    let targets: Vec<&str> = list.split_whitespace().filter(wanted).collect();
    ensure!(
        !targets.is_empty(),
        "no fuzz target has such a name; there are: {list}"
    );
    Ok(targets
        .into_iter()
        .map(|target| one(target, arguments.seconds))
        .sum())
}

/// Whether every fuzz target compiles, with whatever compiler is here. libFuzzer itself is neither
/// built nor linked.
///
/// # Errors
/// If a target does not compile; [`Missing`] if the crate that binds libFuzzer cannot be had.
pub fn check() -> Result<Tally> {
    let cargo = |subcommand: &str| {
        let mut command = step::cargo();
        command.args([subcommand, "--locked", "--manifest-path", "fuzz/Cargo.toml"]);
        command
    };
    step::run_quiet(&mut cargo("fetch"))
        .map_err(|error| Missing(format!("libfuzzer-sys cannot be had: {error:#}")))?;
    let mut check = cargo("check");
    check
        .args(["--quiet", "--target-dir", "target/fuzz"])
        // A library that is only named: a check links nothing.
        .env("CUSTOM_LIBFUZZER_PATH", "target/libfuzzer.a");
    step::run(&mut check).map(|()| Tally::of(&Ok(())))
}

fn one(target: &str, seconds: u64) -> Tally {
    println!("fuzzing {target} for {seconds} s");
    let time = format!("-max_total_time={seconds}");
    let result = step::run_quiet(&mut cargo_fuzz(&[
        "run",
        target,
        "--",
        &time,
        "-rss_limit_mb=1024",
    ]));
    if let Err(error) = &result {
        println!("{error:#}");
    }
    Tally::of(&result)
}

fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["+nightly", "fuzz"])
        .args(arguments)
        .current_dir(workspace_root());
    command
}
