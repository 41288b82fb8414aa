//! The programs of a guest, built or fetched for its architecture.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{architecture::Architecture, cross::Cross, debian::Packages, libraries};
use crate::{
    bench::programs, build, c_client::CClient, golang, missing::Missing, node, openssl,
    packages::apt_install, paths, rustls,
};

const BUN: &str = "node_modules/@oven/bun-linux-x64/bin/bun";

const NSS_CLIENT: CClient = CClient {
    program: "nss/client",
    source: "nss_client.c",
    options: &["-l:libcurl-nss.so.4"],
    // Not in Debian 13 and later.
    packages: &["libcurl3-nss"],
};

/// Where the programs of an architecture come from.
#[derive(Debug)]
pub struct Programs {
    /// Packages of the architecture.
    pub packages: Packages,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Built and installed as for the host itself.
    Host,
    /// Built by compilers for other machines.
    Cross(Cross),
}

/// A file of the guest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Carried {
    /// Where the guest sees it.
    pub guest: PathBuf,
    /// Where it is here.
    pub host: PathBuf,
}

impl Programs {
    /// Finds or installs the compilers.
    ///
    /// # Errors
    /// [`Missing`] if there are none for the architecture.
    pub fn of(architecture: Architecture, cache: &Path) -> anyhow::Result<Self> {
        let packages = Packages::of(architecture, cache)?;
        let source = match architecture {
            Architecture::X86_64 if std::env::consts::ARCH != "x86_64" => {
                return Err(
                    Missing("x86-64 machines are emulated on x86-64 only".to_owned()).into(),
                );
            }
            Architecture::X86_64 => Source::Host,
            Architecture::Arm64 => Source::Cross(Cross::find_or_install(&packages, cache)?),
        };
        Ok(Self { packages, source })
    }

    /// A static busybox.
    pub fn busybox(&self) -> anyhow::Result<PathBuf> {
        Ok(self
            .packages
            .unpacked("busybox-static")?
            .join("bin/busybox"))
    }

    /// The agent.
    pub fn agent(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => build::run(),
            Source::Cross(cross) => cross.agent(),
        }
    }

    /// The provider whose answers tell by their id what is in them, and the one that keeps a ledger.
    pub fn providers(&self) -> anyhow::Result<[PathBuf; 2]> {
        match &self.source {
            Source::Host => Ok([programs::server()?, programs::local_provider()?]),
            Source::Cross(cross) => cross.providers(),
        }
    }

    /// The load client on libssl.
    pub fn load(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => programs::load(),
            Source::Cross(cross) => cross.compiled(
                "load",
                &["tests/bench/load.c", "tests/bench/traffic.c"],
                &["-lssl", "-lcrypto", "-lpthread"],
            ),
        }
    }

    /// The load client without TLS, with its own server.
    pub fn plain(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => programs::plain(),
            Source::Cross(cross) => cross.compiled("plain", &["tests/bench/plain.c"], &[]),
        }
    }

    /// A client with OpenSSL linked in and without symbols.
    pub fn static_openssl(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => openssl::STATIC_CLIENT.build(),
            Source::Cross(cross) => cross.compiled(
                "openssl-static",
                &["tests/clients/static_openssl.c"],
                &["-D_GNU_SOURCE", "-static-pie", "-s", "-lssl", "-lcrypto"],
            ),
        }
    }

    /// A client in Go without symbols.
    pub fn go(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => golang::debian_client("stripped"),
            Source::Cross(_) => golang::debian_client("arm64"),
        }
    }

    /// A client with rustls on ring, without symbols.
    pub fn rustls(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => rustls::client("ring"),
            Source::Cross(_) => {
                Err(Missing("the rustls client is built for the host only".to_owned()).into())
            }
        }
    }

    /// A client on GnuTLS.
    pub fn wget(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => {
                apt_install(&["wget"])?;
                Ok(PathBuf::from("/usr/bin/wget"))
            }
            Source::Cross(cross) => Ok(cross.tree().join("usr/bin/wget")),
        }
    }

    /// A client on NSS.
    pub fn nss(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => NSS_CLIENT.build(),
            Source::Cross(_) => {
                Err(Missing("the client on NSS is built for the host only".to_owned()).into())
            }
        }
    }

    /// A runtime with BoringSSL linked in, without symbols.
    pub fn bun(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => Ok(node::modules("native")?.join(BUN)),
            Source::Cross(_) => {
                Err(Missing("Bun is installed for the host only".to_owned()).into())
            }
        }
    }

    /// A shell that runs the programs of the guest: busybox's prefers its own of the same names.
    pub fn shell(&self) -> anyhow::Result<PathBuf> {
        match &self.source {
            Source::Host => {
                apt_install(&["dash"])?;
                Ok(PathBuf::from("/bin/dash"))
            }
            Source::Cross(cross) => Ok(cross.tree().join("bin/dash")),
        }
    }

    /// A script that plays the part of a client, or is part of one.
    pub fn script(name: &str) -> PathBuf {
        paths::workspace_root().join("tests/clients").join(name)
    }

    /// The libraries and the loader that a program maps, none for a static one.
    pub fn libraries_of(&self, program: &Path) -> anyhow::Result<Vec<Carried>> {
        match &self.source {
            Source::Host => libraries::of_host(program),
            Source::Cross(cross) => libraries::in_tree(program, cross.tree()),
        }
        .with_context(|| format!("cannot tell the libraries of {}", program.display()))
    }

    /// What takes debug information away from a program.
    pub fn strip(&self) -> &'static str {
        match &self.source {
            Source::Host => "strip",
            Source::Cross(_) => "aarch64-linux-gnu-strip",
        }
    }
}
