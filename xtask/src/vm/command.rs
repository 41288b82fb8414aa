//! The command: prepares, boots each kernel, prints a line for each family of probes.

use std::{fmt, fs, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use serde_json::json;

use super::{
    architecture::Architecture,
    families::{FAMILIES, Family, SERIES},
    guest::GuestReport,
    initramfs::{self, Initramfs},
    judge::judge,
    machine::Machine,
    modules,
    programs::Programs,
};
use crate::{
    missing::{is_missing, or_skipped},
    packages::apt_install,
    paths::workspace_root,
    step,
    tally::Tally,
};

/// Arguments of `vm`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Kernel series: 6.1, 6.12, or all
    #[arg(long, default_value = "all")]
    kernel: String,
    /// Kind of processor
    #[arg(long, value_enum, default_value_t = Architecture::X86_64)]
    arch: Architecture,
    /// Only families whose name contains this
    #[arg(long, default_value = "")]
    family: String,
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
            family: String::new(),
            timeout: 300,
        }
    }
}

/// Boots the kernels one after the other; each family on each kernel is one test.
///
/// # Errors
/// If what is needed to boot cannot be built or had.
pub fn run(arguments: &Arguments) -> anyhow::Result<Tally> {
    let wanted = |series: &&str| arguments.kernel == "all" || *series == arguments.kernel;
    let series: Vec<&'static str> = SERIES.into_iter().filter(wanted).collect();
    if series.is_empty() {
        bail!(
            "no kernel series {}: choose one of {} or all",
            arguments.kernel,
            SERIES.join(", ")
        );
    }
    let families: Vec<&'static Family> = FAMILIES
        .iter()
        .filter(|family| family.name.contains(&arguments.family))
        .collect();
    if families.is_empty() {
        bail!(
            "no family {}: there are {}",
            arguments.family,
            FAMILIES.map(|family| family.name).join(", ")
        );
    }
    let count = (series.len() * families.len()) as u64;
    if !step::exists("dpkg-deb", "--version") || !step::exists("apt-get", "--version") {
        println!("skipped: kernels and busybox come from Debian's packages, and this is no Debian");
        return Ok(Tally::counts(0, 0, count));
    }
    or_skipped(count, boot_all(&series, &families, arguments))
}

fn boot_all(
    series: &[&'static str],
    families: &[&'static Family],
    arguments: &Arguments,
) -> anyhow::Result<Tally> {
    let architecture = arguments.arch;
    if !step::exists(architecture.emulator(), "--version") {
        apt_install(&[architecture.emulator_package()])?;
    }
    let cache = cache(architecture);
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let programs = Programs::of(architecture, &cache)?;
    let initramfs = initramfs::build(&programs)?;
    let guest = |series: &&'static str| Guest {
        series,
        families,
        architecture,
        programs: &programs,
        initramfs: &initramfs,
        limit: Duration::from_secs(arguments.timeout),
    };
    Ok(series.iter().map(|series| guest(series).tally()).sum())
}

fn cache(architecture: Architecture) -> PathBuf {
    let cache = workspace_root().join("target/vm");
    match architecture {
        Architecture::X86_64 => cache,
        Architecture::Arm64 => cache.join("aarch64"),
    }
}

/// A machine to be booted with one kernel.
struct Guest<'a> {
    series: &'static str,
    /// What is run in it.
    families: &'a [&'static Family],
    architecture: Architecture,
    programs: &'a Programs,
    initramfs: &'a Initramfs,
    limit: Duration,
}

impl Guest<'_> {
    /// Boots it: each family is one test, and what holds for the whole guest is one where it does not.
    fn tally(&self) -> Tally {
        let skipped = self.skipped();
        for (family, reason) in &skipped {
            println!("skipped: {self}, {}: {reason}", family.name);
        }
        let is_skipped =
            |family: &Family| skipped.iter().any(|(other, _)| other.name == family.name);
        let runs = self.families.iter().filter(|family| !is_skipped(family));
        let said = match self.boot(&skipped) {
            Err(error) if is_missing(&error) => {
                println!("skipped: {self}: {error:#}");
                return Tally::counts(0, 0, self.families.len() as u64);
            }
            said => said,
        };
        let skipped = Tally::counts(0, 0, skipped.len() as u64);
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                println!("failed: {self}: {error:#}");
                return [Tally::of(&self.to_string(), &Err(error)), skipped]
                    .into_iter()
                    .sum();
            }
        };
        runs.map(|family| self.one(family, &said))
            .chain([skipped])
            .sum()
    }

    /// Families that cannot be had or seen here, each with the reason.
    fn skipped(&self) -> Vec<(&'static Family, String)> {
        let reason = |family: &'static Family| {
            let absent = family.not_on(self.architecture, self.series);
            let missing = || {
                let missing = self.initramfs.missing.iter();
                let mut missing = missing.filter(|(other, _)| other.name == family.name);
                missing.next().map(|(_, reason)| reason.clone())
            };
            Some((family, absent.map(str::to_owned).or_else(missing)?))
        };
        self.families.iter().copied().filter_map(reason).collect()
    }

    fn boot(&self, skipped: &[(&'static Family, String)]) -> anyhow::Result<GuestReport> {
        let skipped = skipped.iter().map(|(family, _)| family.name);
        let others = FAMILIES.iter().map(|family| family.name);
        let others = others.filter(|name| self.families.iter().all(|family| family.name != *name));
        let names: Vec<_> = skipped.chain(others).collect();
        let kernel = self.programs.packages.kernel(self.series)?;
        let archive = cache(self.architecture).join("initramfs.cpio");
        let bytes = [&*self.initramfs.bytes, &modules::archive(&kernel.tree)?].concat();
        fs::write(&archive, bytes)
            .with_context(|| format!("cannot write {}", archive.display()))?;
        let machine = Machine {
            architecture: self.architecture,
            kernel: &kernel.image,
            initramfs: &archive,
            words: &format!("skip={}", names.join(",")),
            logs: &cache(self.architecture).join(format!("logs-{}", self.series)),
            limit: self.limit,
        };
        let said = GuestReport::parse(&machine.run()?)?;
        said.check()
            .with_context(|| format!("on {}:\n{}", said.kernel, said.log.join("\n")))?;
        Ok(said)
    }

    /// Judges a family, and prints a line of JSON.
    fn one(&self, family: &Family, said: &GuestReport) -> Tally {
        let judged = judge(said, family, self.architecture)
            .with_context(|| format!("the agents say: {}", said.unseen().join(", ")));
        let mut line = json!({
            "kernel": said.kernel,
            "arch": self.architecture.to_string(),
            "family": family.name,
            "result": if judged.is_ok() { "pass" } else { "fail" },
        });
        match &judged {
            Ok(counts) => {
                line["made"] = counts.made.into();
                line["client_spans"] = counts.client_spans.into();
                line["server_spans"] = counts.server_spans.into();
            }
            Err(error) => {
                line["error"] = format!("{error:#}").into();
                line["log"] = json!(said.log);
            }
        }
        println!("{line}");
        Tally::of(&format!("{self}, {}", family.name), &judged.map(|_| ()))
    }
}

impl fmt::Display for Guest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linux {} on {}", self.series, self.architecture)
    }
}
