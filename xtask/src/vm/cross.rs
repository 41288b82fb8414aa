//! Programs for arm64, built on another machine: Debian's cross compiler, its arm64 libraries in a tree
//! of their own, and a standard library of Rust for arm64.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::debian::Packages;
use crate::{ebpf, missing::Missing, packages::apt_install, paths::workspace_root, step};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const PROVIDERS: [&str; 2] = ["bench-server", "local-provider"];
const COMPILER: &str = "aarch64-linux-gnu-gcc";
/// What the guest's programs are linked with and run on, a shell, and a client on GnuTLS with what it
/// needs.
const PACKAGES: [&str; 19] = [
    "dash",
    "libc6",
    "libffi8",
    "libgcc-s1",
    "libgmp10",
    "libgnutls30",
    "libhogweed6",
    "libidn2-0",
    "libnettle8",
    "libp11-kit0",
    "libpcre2-8-0",
    "libpsl5",
    "libssl3",
    "libssl-dev",
    "libtasn1-6",
    "libunistring2",
    "libuuid1",
    "wget",
    "zlib1g",
];
/// Compilers for arm64.
#[derive(Debug)]
pub struct Cross {
    /// Where everything built goes.
    folder: PathBuf,
    tree: PathBuf,
    rust: Rust,
}

/// Who has the standard library.
#[derive(Debug)]
enum Rust {
    /// The compiler that builds everything else, after `rustup target add`.
    Own,
    /// Debian's compiler, with the library of its arm64 package under this root.
    Debian(PathBuf),
}

impl Cross {
    /// Finds them, or installs and unpacks Debian's.
    ///
    /// # Errors
    /// [`Missing`] if they cannot be had.
    pub fn find_or_install(packages: &Packages, cache: &Path) -> Result<Self> {
        apt_install(&["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "binutils"])?;
        let tree = packages.unpacked_together("tree", &PACKAGES)?;
        Ok(Self {
            folder: cache.to_owned(),
            tree,
            rust: Rust::find_or_unpack(packages, cache)?,
        })
    }

    /// The tree that the libraries are unpacked in.
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// The agent with its eBPF object for arm64, whose registers have other names.
    pub fn agent(&self) -> Result<PathBuf> {
        self.build()?;
        Ok(self.built("tracer-agent"))
    }

    /// The provider of the benchmark, and the one with a ledger.
    pub fn providers(&self) -> Result<[PathBuf; 2]> {
        self.build()?;
        Ok(PROVIDERS.map(|name| self.built(name)))
    }

    /// All in one: built apart, what they share would be built for each, with other features.
    fn build(&self) -> Result<()> {
        let mut cargo = self.cargo();
        cargo
            .args(["--package", "tracer-agent", "--bin", "tracer-agent"])
            .args(["--package", "tests"])
            .args(PROVIDERS.iter().flat_map(|name| ["--bin", name]))
            .env("LLM_TRACER_EBPF_OBJECT", ebpf::build_for("aarch64")?);
        step::run(&mut cargo)
    }

    /// A program in C, linked with what is in the tree.
    pub fn compiled(&self, name: &str, sources: &[&str], arguments: &[&str]) -> Result<PathBuf> {
        let output = self.folder.join(name);
        let include = self.tree.join("usr/include");
        let mut compiler = Command::new(COMPILER);
        compiler.args(["-O2", "-o"]).arg(&output);
        for folder in [include.clone(), include.join("aarch64-linux-gnu")] {
            compiler.arg("-I").arg(folder);
        }
        compiler.args(sources.iter().map(|name| workspace_root().join(name)));
        for folder in ["usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu"] {
            let folder = self.tree.join(folder);
            compiler.arg(format!("-Wl,-rpath-link,{}", folder.display()));
        }
        let libraries = self.tree.join("usr/lib/aarch64-linux-gnu");
        compiler.arg("-L").arg(libraries).args(arguments);
        // The linker warns of what a static libc cannot do, which nobody here asks of it.
        step::run_quiet(&mut compiler)?;
        Ok(output)
    }

    /// `cargo build` for arm64. Optimised little: the machine is emulated, and builds take longer than
    /// it runs.
    fn cargo(&self) -> Command {
        let mut cargo = step::cargo();
        cargo
            .args(["build", "--release", "--target", TARGET, "--target-dir"])
            .arg(self.folder.join("cargo"))
            .env("CC_aarch64_unknown_linux_gnu", COMPILER)
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", COMPILER)
            .env("CARGO_PROFILE_RELEASE_DEBUG", "none")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        if let Rust::Debian(root) = &self.rust {
            // Flags are for the target alone when one is named; the host's have their own library.
            cargo.env("RUSTC", "/usr/bin/rustc").env(
                "CARGO_ENCODED_RUSTFLAGS",
                format!("--sysroot={}", root.display()),
            );
        }
        cargo
    }

    fn built(&self, name: &str) -> PathBuf {
        self.folder
            .join("cargo")
            .join(TARGET)
            .join("release")
            .join(name)
    }
}

impl Rust {
    fn find_or_unpack(packages: &Packages, cache: &Path) -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let folder = Command::new(rustc)
            .args(["--print", "target-libdir", "--target", TARGET])
            .output();
        let has_library = folder.is_ok_and(|output| {
            let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            output.status.success() && Path::new(&path).is_dir()
        });
        if has_library {
            return Ok(Self::Own);
        }
        apt_install(&["rustc-web"]).map_err(|_| {
            Missing(format!(
                "no standard library of Rust for arm64: run `rustup target add {TARGET}`"
            ))
        })?;
        let library = packages.unpacked("libstd-rust-web-dev")?;
        let root = cache.join("sysroot");
        let libraries = root.join("lib/rustlib");
        fs::create_dir_all(&libraries)
            .with_context(|| format!("cannot create {}", libraries.display()))?;
        let link = libraries.join(TARGET);
        if !link.exists() {
            symlink(library.join("usr/lib/rustlib").join(TARGET), &link)
                .with_context(|| format!("cannot make {}", link.display()))?;
        }
        Ok(Self::Debian(root))
    }
}
