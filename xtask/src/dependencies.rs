//! What is depended on, held against `deny.toml`: licences, banned crates, sources.
//!
//! By cargo-deny where it is installed. It takes minutes to install, so else the same rules are
//! applied here to what `cargo metadata` says of this host's dependencies.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::{paths::workspace_root, step, tally::Tally};

/// The one registry; cargo names it so even where it is mirrored.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks all dependencies; one test.
///
/// # Errors
/// If something is depended on that should not be; the error names all of it.
pub fn check() -> Result<Tally> {
    if step::cargo()
        .args(["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        let mut deny = step::cargo();
        deny.args(["deny", "check", "licenses", "bans", "sources"]);
        return step::run(&mut deny).map(|()| Tally::PASSED);
    }
    let rules = Rules::read(&workspace_root().join("deny.toml"))?;
    let complaints: Vec<String> = packages()?
        .iter()
        .flat_map(|package| rules.complaints(package))
        .collect();
    ensure!(
        complaints.is_empty(),
        "deny.toml forbids:\n{}",
        complaints.join("\n")
    );
    Ok(Tally::PASSED)
}

/// `deny.toml`, as far as it is applied here.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

impl Rules {
    fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
    }

    fn complaints(&self, package: &Package) -> Vec<String> {
        let Package {
            name,
            version,
            license,
            source,
            ..
        } = package;
        let mut complaints = Vec::new();
        let license = license.as_deref().unwrap_or_default();
        if !self.allow(license) {
            complaints.push(format!("{name} {version}: licence {license:?}"));
        }
        if let Some(ban) = self.bans.deny.iter().find(|ban| ban.name == *name) {
            complaints.push(format!("{name} {version}: {}", ban.reason));
        }
        if let Some(source) = source.as_deref().filter(|source| *source != CRATES_IO) {
            complaints.push(format!("{name} {version}: comes from {source}"));
        }
        complaints
    }

    /// Whether a licence expression (SPDX, or with the slash of old) can be satisfied.
    fn allow(&self, license: &str) -> bool {
        let allowed = |request: &LicenseReq| {
            let id = request.license.id();
            id.is_some_and(|id| self.licenses.allow.contains(id.name)) && request.addition.is_none()
        };
        Expression::parse_mode(license, ParseMode::LAX)
            .is_ok_and(|expression| expression.evaluate(allowed))
    }
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// The packages of this host's builds and tests. They were downloaded for these already.
fn packages() -> Result<Vec<Package>> {
    let host = step::host_triple()?;
    let output = step::cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", &host])
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cannot understand cargo metadata")?;
    let used: BTreeSet<&str> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| node.id.as_str())
        .collect();
    let mut packages = metadata.packages;
    packages.retain(|package| used.contains(package.id.as_str()));
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let text = "licenses.allow = ['MIT', 'ISC']\n\
            bans.deny = [{ crate = 'openssl-sys', reason = 'use rustls' }]";
        toml::from_str(text).unwrap()
    }

    #[test]
    fn licences_are_read_as_expressions() {
        for (license, allowed) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT/GPL-2.0", true),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR Zlib) AND ISC", true),
            ("", false),
        ] {
            assert_eq!(rules().allow(license), allowed, "{license}");
        }
    }

    #[test]
    fn everything_wrong_with_a_package_is_told() {
        let package = Package {
            id: String::new(),
            name: "openssl-sys".to_owned(),
            version: "1.0.0".to_owned(),
            license: None,
            source: Some("git+https://example.com/fork".to_owned()),
        };
        assert_eq!(rules().complaints(&package).len(), 3);
    }

    #[test]
    fn the_committed_rules_are_understood() {
        let rules = Rules::read(&workspace_root().join("deny.toml")).unwrap();
        assert!(rules.allow("MIT OR Apache-2.0"));
    }
}
