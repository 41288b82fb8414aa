//! Other builds of OpenSSL than the system's library: releases that it does not have, as Python
//! packages bundle them, and one linked into a program whose symbols are stripped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{missing::Missing, packages, paths::workspace_root, step, wheel::unpack};

/// A release, and a package whose wheel for CPython 3.11 carries it as a shared library.
const BUNDLES: [(&str, &str); 2] = [
    ("1.1.1", "psycopg2-binary==2.9.6"),
    ("3.5", "psycopg-binary==3.3.9"),
];

/// Unpacks each release into `target/e2e/openssl/RELEASE`.
///
/// # Errors
/// [`Missing`] if a package cannot be had.
pub fn libraries(python: &Path) -> Result<()> {
    let platform = format!("manylinux2014_{}", std::env::consts::ARCH);
    for (release, package) in BUNDLES {
        let folder = workspace_root().join("target/e2e/openssl").join(release);
        unpack(python, package, &platform, &folder)?;
    }
    Ok(())
}

/// Unpacks a BoringSSL for arm64 with its symbols, for tests of the analysis on any host, into
/// `target/e2e/arm64`.
///
/// # Errors
/// [`Missing`] if the package cannot be had.
pub fn arm64_library(python: &Path) -> Result<()> {
    let folder = workspace_root().join("target/e2e/arm64");
    unpack(
        python,
        "curl_cffi==0.16.3",
        "manylinux2014_aarch64",
        &folder,
    )
}

/// Builds `tests/clients/static_openssl.c` into `target/e2e/static-openssl/client`, stripped, and
/// returns its path.
///
/// # Errors
/// [`Missing`] if there is no compiler or no static library.
pub fn static_client() -> Result<PathBuf> {
    let source = workspace_root().join("tests/clients/static_openssl.c");
    let folder = workspace_root().join("target/e2e/static-openssl");
    let (client, stamp) = (folder.join("client"), folder.join("client.built"));
    let wanted = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
    if client.exists() && fs::read(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(client);
    }
    packages::apt_install(&["gcc", "libc6-dev", "libssl-dev"])?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    step::run_quiet(
        Command::new("gcc")
            .args(["-O2", "-D_GNU_SOURCE", "-static-pie", "-s", "-o"])
            .arg(&client)
            .arg(&source)
            .args(["-lssl", "-lcrypto"]),
    )
    .map_err(|error| Missing(format!("a static OpenSSL cannot be linked: {error:#}")))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(client)
}

/// Programs for lives of milliseconds, in `target/e2e/short-lived`: one that does nothing, without any
/// library and with libssl, and one that makes a call. Each with its source in
/// `tests/clients` and what it is linked with.
const SHORT_LIVED: [(&str, &str, &[&str]); 3] = [
    ("done", "short_lived.c", &["-static"]),
    (
        "done-with-tls",
        "short_lived.c",
        &["-DWITH_TLS", "-lssl", "-lcrypto"],
    ),
    ("caller", "static_openssl.c", &["-lssl", "-lcrypto"]),
];

/// Builds them where they are missing or older than their sources.
///
/// # Errors
/// [`Missing`] if there is no compiler.
pub fn short_lived() -> Result<()> {
    let folder = workspace_root().join("target/e2e/short-lived");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (name, source, options) in SHORT_LIVED {
        let source = workspace_root().join("tests/clients").join(source);
        let (program, stamp) = (folder.join(name), folder.join(format!("{name}.built")));
        let wanted =
            fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
        if program.exists() && fs::read(&stamp).is_ok_and(|built| built == wanted) {
            continue;
        }
        packages::apt_install(&["gcc", "libc6-dev", "libssl-dev"])?;
        step::run_quiet(
            Command::new("gcc")
                .args(["-O2", "-D_GNU_SOURCE", "-s", "-o"])
                .args([&program, &source])
                .args(options),
        )
        .map_err(|error| Missing(format!("{name} cannot be linked: {error:#}")))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(())
}
