//! The command: prepares, boots each kernel, prints a line for each.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::json;

use super::{
    debian,
    guest::GuestReport,
    initramfs::{self, Programs},
    machine::Machine,
};
use crate::{
    bench::programs,
    build,
    missing::{is_missing, or_skipped},
    packages::apt_install,
    paths::workspace_root,
    step,
    tally::Tally,
};

/// Kernels that are booted when none is named.
const SERIES: [&str; 2] = ["6.1", "6.12"];
/// Exchanges of each kind in the guest. Emulated machines are slow: enough to meet every path.
const EXCHANGES: u64 = 200;
const STREAMS: u64 = 20;
/// Without TLS, over TCP and over Unix sockets each.
const PLAIN: u64 = 40;
/// Of each kind, those that run through a proxy: TLS in TLS.
const TUNNELLED: u64 = 20;

/// Arguments of `vm`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Kernel series: 6.1, 6.12, or all
    #[arg(long, default_value = "all")]
    kernel: String,
    /// Seconds that one machine may take
    #[arg(long, default_value_t = 300)]
    timeout: u64,
}

impl Arguments {
    /// Every kernel, with time enough.
    pub fn all() -> Self {
        Self {
            kernel: "all".to_owned(),
            timeout: 300,
        }
    }
}

/// Boots the kernels one after the other; each is one test.
///
/// # Errors
/// If what is needed to boot cannot be built or had.
pub fn run(arguments: &Arguments) -> anyhow::Result<Tally> {
    let series: Vec<&str> = match arguments.kernel.as_str() {
        "all" => SERIES.to_vec(),
        one if SERIES.contains(&one) => vec![one],
        other => bail!(
            "no kernel series {other}: choose one of {} or all",
            SERIES.join(", ")
        ),
    };
    if !step::exists("dpkg-deb", "--version") || !step::exists("apt-get", "--version") {
        println!("skipped: kernels and busybox come from Debian's packages, and this is no Debian");
        return Ok(series.iter().map(|_| Tally::SKIPPED).sum());
    }
    let count = series.len() as u64;
    or_skipped(count, boot_all(&series, arguments))
}

fn boot_all(series: &[&str], arguments: &Arguments) -> anyhow::Result<Tally> {
    if !step::exists("qemu-system-x86_64", "--version") {
        apt_install(&["qemu-system-x86"])?;
    }
    let cache = workspace_root().join("target/vm");
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let initramfs = prepare(&cache)?;
    let limit = Duration::from_secs(arguments.timeout);
    let tally = series
        .iter()
        .map(|series| report(series, boot(series, &cache, &initramfs, limit)))
        .sum();
    Ok(tally)
}

fn prepare(cache: &Path) -> anyhow::Result<PathBuf> {
    let programs = Programs {
        busybox: debian::unpacked("busybox-static", cache)?.join("bin/busybox"),
        agent: build::run()?,
        load: programs::load()?,
        plain: programs::plain()?,
        server: programs::server()?,
    };
    let path = cache.join("initramfs.cpio");
    fs::write(&path, initramfs::build(&programs)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn boot(
    series: &str,
    cache: &Path,
    initramfs: &Path,
    limit: Duration,
) -> anyhow::Result<GuestReport> {
    let machine = Machine {
        kernel: &debian::kernel(series, cache)?,
        initramfs,
        command_line: &format!(
            "exchanges={EXCHANGES} streams={STREAMS} tunnelled={TUNNELLED} plain={PLAIN}"
        ),
        logs: &cache.join(format!("logs-{series}")),
        limit,
    };
    let report = GuestReport::parse(&machine.run()?)?;
    report
        .check(EXCHANGES + STREAMS + 2 * TUNNELLED + 2 * PLAIN)
        .with_context(|| format!("on {}:\n{}", report.kernel, report.log.join("\n")))?;
    Ok(report)
}

/// One line of JSON a machine.
fn report(series: &str, outcome: anyhow::Result<GuestReport>) -> Tally {
    match outcome {
        Ok(report) => {
            let line = json!({
                "series": series, "result": "pass", "kernel": report.kernel,
                "made": report.made, "reported": report.calls.len(),
            });
            println!("{line}");
            Tally::PASSED
        }
        Err(error) if is_missing(&error) => {
            println!("skipped: {error:#}");
            Tally::SKIPPED
        }
        Err(error) => {
            println!(
                "{}",
                json!({ "series": series, "result": "fail", "error": format!("{error:#}") })
            );
            Tally::of(&format!("Linux {series}"), &Err(error))
        }
    }
}
