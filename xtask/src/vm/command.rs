//! The command: prepares, boots each kernel, prints a line for each family of probes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::json;

use super::{
    architecture::Architecture,
    families::FAMILIES,
    guest::GuestReport,
    initramfs::{self, Initramfs},
    judge::judge,
    machine::Machine,
    programs::Programs,
};
use crate::{
    missing::{is_missing, or_skipped},
    packages::apt_install,
    paths::workspace_root,
    step,
    tally::Tally,
};

/// Kernels that are booted when none is named.
const SERIES: [&str; 2] = ["6.1", "6.12"];

/// Arguments of `vm`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Kernel series: 6.1, 6.12, or all
    #[arg(long, default_value = "all")]
    kernel: String,
    /// Kind of processor
    #[arg(long, value_enum, default_value_t = Architecture::X86_64)]
    arch: Architecture,
    /// Seconds that one machine may take
    #[arg(long, default_value_t = 300)]
    timeout: u64,
}

impl Arguments {
    /// Every kernel, with time enough.
    pub fn all() -> Self {
        Self {
            kernel: "all".to_owned(),
            arch: Architecture::X86_64,
            timeout: 300,
        }
    }
}

/// Boots the kernels one after the other; each family on each kernel is one test.
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
    let count = (series.len() * FAMILIES.len()) as u64;
    if !step::exists("dpkg-deb", "--version") || !step::exists("apt-get", "--version") {
        println!("skipped: kernels and busybox come from Debian's packages, and this is no Debian");
        return Ok(Tally::counts(0, 0, count));
    }
    or_skipped(count, boot_all(&series, arguments))
}

fn boot_all(series: &[&str], arguments: &Arguments) -> anyhow::Result<Tally> {
    let architecture = arguments.arch;
    if !step::exists(architecture.emulator(), "--version") {
        apt_install(&[architecture.emulator_package()])?;
    }
    let cache = cache(architecture);
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let programs = Programs::of(architecture, &cache)?;
    let initramfs = initramfs::build(&programs, architecture)?;
    let archive = cache.join("initramfs.cpio");
    fs::write(&archive, &initramfs.bytes)
        .with_context(|| format!("cannot write {}", archive.display()))?;
    let limit = Duration::from_secs(arguments.timeout);
    let boot = |series: &&str| {
        let said = boot(series, architecture, &programs, &archive, limit);
        report(series, architecture, &initramfs, said)
    };
    Ok(series.iter().map(boot).sum())
}

fn cache(architecture: Architecture) -> PathBuf {
    let cache = workspace_root().join("target/vm");
    match architecture {
        Architecture::X86_64 => cache,
        Architecture::Arm64 => cache.join("aarch64"),
    }
}

fn boot(
    series: &str,
    architecture: Architecture,
    programs: &Programs,
    archive: &Path,
    limit: Duration,
) -> anyhow::Result<GuestReport> {
    let machine = Machine {
        architecture,
        kernel: &programs.packages.kernel(series)?,
        initramfs: archive,
        logs: &cache(architecture).join(format!("logs-{series}")),
        limit,
    };
    GuestReport::parse(&machine.run()?)
}

/// One line of JSON a family, and one for what holds for the whole guest where it does not.
fn report(
    series: &str,
    architecture: Architecture,
    initramfs: &Initramfs,
    said: anyhow::Result<GuestReport>,
) -> Tally {
    let count = initramfs.planned.len() as u64;
    let guest = format!("Linux {series} on {architecture}");
    for (family, reason) in &initramfs.skipped {
        println!("skipped: {guest}, {family}: {reason}");
    }
    let skipped = Tally::counts(0, 0, initramfs.skipped.len() as u64);
    let said = match said {
        Err(error) if is_missing(&error) => {
            println!("skipped: {guest}: {error:#}");
            return Tally::counts(0, 0, count + skipped.skipped);
        }
        said => said.and_then(|said| {
            said.check()
                .with_context(|| format!("on {}:\n{}", said.kernel, said.log.join("\n")))?;
            Ok(said)
        }),
    };
    let said = match said {
        Ok(said) => said,
        Err(error) => {
            println!("failed: {guest}: {error:#}");
            return [Tally::of(&guest, &Err(error)), skipped].into_iter().sum();
        }
    };
    let one = |row: &super::plan::Planned| {
        let family = row.family.name;
        let judged = judge(&said, row.family);
        let line = match &judged {
            Ok(counts) => json!({
                "kernel": said.kernel, "arch": architecture.to_string(), "family": family,
                "result": "pass", "made": counts.made, "client_spans": counts.client_spans,
                "server_spans": counts.server_spans,
            }),
            Err(error) => json!({
                "kernel": said.kernel, "arch": architecture.to_string(), "family": family,
                "result": "fail", "error": format!("{error:#}"), "log": said.log,
            }),
        };
        println!("{line}");
        Tally::of(&format!("{guest}, {family}"), &judged.map(|_| ()))
    };
    initramfs.planned.iter().map(one).chain([skipped]).sum()
}
