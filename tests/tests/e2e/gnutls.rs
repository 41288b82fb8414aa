//! GnuTLS: each call reported once, every field exact.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use tests::harness::{
    client,
    requirements::{
        Need::{self, Agent, Program, Python, SystemLibrary},
        met, system_library,
    },
    scene::Scene,
};

const LIBRARY: &str = "libgnutls.so.30";
const LIBCURL: &str = "libcurl-gnutls.so.4";

/// Runs a client past the agent and compares with the ledger.
fn exact(needs: &[Need], command: impl FnOnce(&Scene) -> Result<Command>) -> Result<()> {
    if !met(needs) {
        return Ok(());
    }
    let scene = Scene::start()?;
    client::run(command(&scene)?)?;
    scene.check()
}

fn library(name: &str) -> Result<PathBuf> {
    system_library(name).with_context(|| format!("no {name}"))
}

#[test]
fn wget() -> Result<()> {
    exact(&[Agent, Program("wget"), SystemLibrary(LIBRARY)], |scene| {
        Ok(client::shell("wget.sh", &scene.provider))
    })
}

#[test]
fn libcurl() -> Result<()> {
    exact(&[Agent, Python, SystemLibrary(LIBCURL)], |scene| {
        let mut command = client::python("libcurl.py", &scene.provider);
        command.arg(library(LIBCURL)?);
        Ok(command)
    })
}

/// One session after another at the same address; and requests that are kept, then written in one.
#[test]
fn sessions_and_corks() -> Result<()> {
    exact(&[Agent, Python, SystemLibrary(LIBRARY)], |scene| {
        let mut command = client::python("gnutls_direct.py", &scene.provider);
        let steps = "1 corked-2 3 new 4 new new corked-5 corked-6 7 new 8".split(' ');
        command.arg(library(LIBRARY)?).args(steps);
        Ok(command)
    })
}
