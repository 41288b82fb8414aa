//! `cargo xtask setup`: installs what tests and demo need, so that they need no network later.

use anyhow::Result;

use crate::{e2e, ebpf};

/// Installs compilers, clients and collectors; where that is not allowed the error says what to run.
///
/// # Errors
/// If something is missing and may not be installed.
pub fn run() -> Result<()> {
    ebpf::build()?;
    e2e::prepare()
}
