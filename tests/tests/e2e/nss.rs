//! NSS: each call reported once, every field exact.

use anyhow::{Context as _, Result};
use tests::harness::{
    client,
    requirements::{
        Need::{Agent, Python, SystemLibrary},
        met, system_library,
    },
    scene::Scene,
};

const LIBCURL: &str = "libcurl-nss.so.4";

#[test]
fn libcurl() -> Result<()> {
    if !met(&[Agent, Python, SystemLibrary(LIBCURL)]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut command = client::python("libcurl.py", &scene.provider);
    command.arg(system_library(LIBCURL).context("no library")?);
    client::run(command)?;
    scene.check()
}
