//! `cargo xtask ebpf`: builds the kernel half.
//!
//! Needs a Rust compiler that can build `core` for the BPF target, its `rust-src`, and a
//! `bpf-linker` built against the same LLVM. Two sources serve: a rustup nightly, or Debian's
//! packages. What is missing is installed when that is possible without asking anybody (as root on
//! Debian, or by rustup), else the commands are printed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{missing::Missing, paths::workspace_root};

/// Version of bpf-linker that both toolchains are known to work with.
const BPF_LINKER: &str = "0.13.0";
/// LLVM of Debian's `rustc-web`.
const DEBIAN_LLVM: &str = "22";

/// What to print when nothing can be installed.
const HELP: &str = "\
no toolchain for the eBPF half was found
One of these gives it:
  rustup:  rustup toolchain install nightly --component rust-src && cargo install bpf-linker
  Debian:  apt-get install rustc-web rust-web-src cargo-web llvm-22-dev zlib1g-dev libzstd-dev &&
           LLVM_PREFIX=/usr/lib/llvm-22 cargo install bpf-linker --version 0.13.0 --no-default-features --features llvm-22
then run this again. (Checking, linting and tier-0 tests need none of it.)";

/// Builds the object and returns its path, `target/bpf/tracer-ebpf.o`.
///
/// # Errors
/// [`Missing`] if no toolchain is there and none can be installed; else if the build fails.
pub fn build() -> Result<PathBuf> {
    build_with(&Toolchain::find_or_install()?, env::consts::ARCH)
}

/// The same for hosts of another architecture, as Rust calls it: `target/bpf/tracer-ebpf-ARCH.o`.
///
/// # Errors
/// As [`build`].
pub fn build_for(architecture: &str) -> Result<PathBuf> {
    build_with(&Toolchain::find_or_install()?, architecture)
}

/// The same where the toolchain is here already: installs nothing.
///
/// # Errors
/// [`Missing`] if it is not, else if the build fails.
pub fn build_with_what_is_here() -> Result<PathBuf> {
    match Toolchain::find().filter(Toolchain::linker_works) {
        Some(toolchain) => build_with(&toolchain, env::consts::ARCH),
        None => bail!(Missing(
            "no toolchain for the eBPF half is here; `cargo xtask setup` installs one".to_owned()
        )),
    }
}

fn build_with(toolchain: &Toolchain, architecture: &str) -> Result<PathBuf> {
    let root = workspace_root();
    let target_dir = root.join("target/bpf");
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(root.join("tracer-ebpf"))
        .args(["build", "--release", "--locked", "-Z", "build-std=core"])
        .args(["--target", "bpfel-unknown-none", "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(architecture));
    let status = cargo
        .status()
        .with_context(|| format!("cannot run {cargo:?}"))?;
    ensure!(status.success(), "the eBPF half does not build ({status})");
    let built = target_dir.join("bpfel-unknown-none/release/tracer-ebpf");
    let name = match architecture {
        env::consts::ARCH => "tracer-ebpf.o".to_owned(),
        other => format!("tracer-ebpf-{other}.o"),
    };
    let object = target_dir.join(name);
    copy_if_changed(&built, &object)?;
    Ok(object)
}

fn rust_flags(architecture: &str) -> String {
    // aya-ebpf needs to know whose registers it reads: the target is "bpf" whatever the host is.
    let host = format!("--cfg=bpf_target_arch=\"{architecture}\"");
    [host.as_str(), "-Cdebuginfo=2", "-Clink-arg=--btf"].join("\u{1f}")
}

/// Leaves the file alone if it is the same, so that the agent is not built again.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))
}

/// A compiler that can build for BPF, with its linker.
enum Toolchain {
    /// A rustup nightly with `rust-src`.
    Nightly,
    /// Debian's `rustc-web`, `cargo-web` and `rust-web-src`.
    Debian,
}

impl Toolchain {
    fn find_or_install() -> Result<Self> {
        let found = match Self::find() {
            Some(found) => found,
            None => {
                install_compiler()?;
                Self::find().ok_or_else(|| Missing(HELP.to_owned()))?
            }
        };
        if !found.linker_works() {
            found.install_linker()?;
        }
        Ok(found)
    }

    fn find() -> Option<Self> {
        // Debian's first: its bpf-linker is built against a shared LLVM and is quick to install.
        let debian = Path::new("/usr/bin/rustc").exists()
            && Path::new("/usr/bin/cargo").exists()
            && has_core_source(Path::new("/usr/lib/rustlib/src/rust"))
            && Path::new("/usr/lib/llvm-22/lib").exists();
        if debian {
            return Some(Self::Debian);
        }
        let sysroot = output(Command::new("rustc").args(["+nightly", "--print", "sysroot"]))?;
        let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        has_core_source(&source).then_some(Self::Nightly)
    }

    fn cargo(&self) -> Command {
        let mut command;
        match self {
            Self::Nightly => {
                command = Command::new("cargo");
                command.arg("+nightly");
                // Set by the cargo that runs us, and stronger than `+nightly`.
                for variable in ["RUSTUP_TOOLCHAIN", "RUSTC", "CARGO"] {
                    command.env_remove(variable);
                }
            }
            Self::Debian => {
                command = Command::new("/usr/bin/cargo");
                command
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("PATH", with_llvm_first());
            }
        }
        command
    }

    fn linker_works(&self) -> bool {
        let mut linker = Command::new("bpf-linker");
        linker.arg("--version");
        if matches!(self, Self::Debian) {
            linker.env("PATH", with_llvm_first());
        }
        output(&mut linker).is_some()
    }

    fn install_linker(&self) -> Result<()> {
        eprint_step("installing bpf-linker (once)");
        let mut cargo = match self {
            Self::Nightly => self.cargo(),
            Self::Debian => Command::new("cargo"),
        };
        cargo.args(["install", "--quiet", "bpf-linker", "--version", BPF_LINKER]);
        if matches!(self, Self::Debian) {
            cargo
                .args([
                    "--no-default-features",
                    "--features",
                    &format!("llvm-{DEBIAN_LLVM}"),
                ])
                .env("LLVM_PREFIX", format!("/usr/lib/llvm-{DEBIAN_LLVM}"))
                .env("PATH", with_llvm_first());
        }
        let status = cargo.status().context("cannot run cargo install")?;
        if !status.success() {
            bail!(Missing(format!(
                "bpf-linker cannot be installed ({status})\n{HELP}"
            )));
        }
        Ok(())
    }
}

fn install_compiler() -> Result<()> {
    if crate::packages::can_apt() {
        eprint_step("installing the compiler for the eBPF half from Debian's packages (once)");
        let packages = [
            "rustc-web",
            "rust-web-src",
            "cargo-web",
            "llvm-22-dev",
            "zlib1g-dev",
            "libzstd-dev",
        ];
        if crate::packages::apt_install(&packages).is_ok() {
            return Ok(());
        }
    }
    let rustup = output(Command::new("rustup").arg("--version")).is_some();
    if rustup {
        eprint_step("installing a nightly toolchain with rust-src by rustup (once)");
        let status = Command::new("rustup")
            .args(["toolchain", "install", "nightly", "--profile", "minimal"])
            .args(["--component", "rust-src"])
            .status()
            .context("cannot run rustup")?;
        if status.success() {
            return Ok(());
        }
    }
    bail!(Missing(HELP.to_owned()))
}

fn has_core_source(source: &Path) -> bool {
    source.join("library/core/src/lib.rs").exists()
}

fn with_llvm_first() -> String {
    let path = env::var("PATH").unwrap_or_default();
    let cargo_bin = env::var("CARGO_HOME").map_or_else(
        |_| format!("{}/.cargo/bin", env::var("HOME").unwrap_or_default()),
        |home| format!("{home}/bin"),
    );
    format!("/usr/lib/llvm-{DEBIAN_LLVM}/bin:{path}:{cargo_bin}")
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[expect(clippy::print_stderr, reason = "a build tool talks on stderr")]
fn eprint_step(step: &str) {
    eprintln!("xtask: {step}");
}
