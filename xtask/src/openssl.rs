//! Other builds of OpenSSL than the system's library: releases that it does not have, as Python
//! packages bundle them, and one linked into a program whose symbols are stripped.

use std::path::Path;

use anyhow::Result;

use crate::{c_client::CClient, paths::workspace_root, wheel::unpack};

/// A release, and a package whose wheel for CPython 3.11 carries it as a shared library.
const BUNDLES: [(&str, &str); 2] = [
    ("1.1.1", "psycopg2-binary==2.9.6"),
    ("3.5", "psycopg-binary==3.3.9"),
];

/// Unpacks each release into `target/e2e/openssl/RELEASE`.
///
/// # Errors
/// [`Missing`](crate::missing::Missing) if a package cannot be had.
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
/// [`Missing`](crate::missing::Missing) if the package cannot be had.
pub fn arm64_library(python: &Path) -> Result<()> {
    let folder = workspace_root().join("target/e2e/arm64");
    unpack(
        python,
        "curl_cffi==0.16.3",
        "manylinux2014_aarch64",
        &folder,
    )
}

/// OpenSSL linked in, without symbols.
pub const STATIC_CLIENT: CClient = CClient {
    program: "static-openssl/client",
    source: "static_openssl.c",
    options: &["-static-pie", "-lssl", "-lcrypto"],
    packages: &["libssl-dev"],
};

/// Programs for lives of milliseconds: one that does nothing, without any library and with libssl, and
/// one that makes a call.
const SHORT_LIVED: [CClient; 3] = [
    CClient {
        program: "short-lived/done",
        source: "short_lived.c",
        options: &["-static"],
        packages: &[],
    },
    CClient {
        program: "short-lived/done-with-tls",
        source: "short_lived.c",
        options: &["-DWITH_TLS", "-lssl", "-lcrypto"],
        packages: &["libssl-dev"],
    },
    CClient {
        program: "short-lived/caller",
        source: "static_openssl.c",
        options: &["-lssl", "-lcrypto"],
        packages: &["libssl-dev"],
    },
];

/// Builds them.
///
/// # Errors
/// [`Missing`](crate::missing::Missing) if there is no compiler.
pub fn short_lived() -> Result<()> {
    SHORT_LIVED
        .iter()
        .try_for_each(|client| client.build().map(drop))
}
