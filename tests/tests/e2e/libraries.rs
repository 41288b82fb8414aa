//! Files and objects of libssl that change under the agent: replaced on disk, reused in memory.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tests::{
    harness::{
        agent::{Agent, Launch},
        client::{self, CLIENT_LIMIT, call},
        compare::compare,
        patience::{settled, until},
        probes::mapped_path,
        process::Process,
        requirements::{
            Need::{self, Python},
            bundled_libssl, met,
        },
    },
    provider::running::Provider,
};

const SOON: Duration = Duration::from_secs(10);

/// The file of libssl that the clients' Python maps.
fn libssl(provider: &Provider) -> Result<PathBuf> {
    let mut driver = Process::start(&mut client::python("driver.py", provider))?;
    call(&mut driver, 9)?;
    Ok(mapped_path(driver.id(), "libssl")?.into())
}

/// A copy of it under its own name.
fn copy_of_libssl(provider: &Provider) -> Result<TempDir> {
    let library = libssl(provider)?;
    let name = library.file_name().context("a library without a name")?;
    let folder = tempfile::tempdir()?;
    fs::copy(&library, folder.path().join(name))?;
    Ok(folder)
}

fn the_file(folder: &TempDir) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder.path())?;
    Ok(files.next().context("no library")??.path())
}

fn driver(provider: &Provider, folder: &TempDir) -> Result<Process> {
    let mut command = client::python("driver.py", provider);
    Process::start(command.env("LD_LIBRARY_PATH", folder.path()))
}

fn attached(agent: &Agent, count: usize) -> Result<()> {
    until(SOON, || (agent.attachments() >= count).then_some(()))
        .with_context(|| format!("the agent did not attach\n{}", agent.process.said()))
}

/// As a package manager does it: a new file takes the name, the old one stays with its users.
#[test]
fn a_library_replaced_while_it_is_used() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let folder = copy_of_libssl(&provider)?;
    let mut old = driver(&provider, &folder)?;
    call(&mut old, 1)?;
    let agent = Launch::json()?.start()?;
    let before = agent.attachments();
    call(&mut old, 2)?;

    let library = the_file(&folder)?;
    let next = folder.path().join("next");
    fs::copy(&library, &next)?;
    fs::rename(&next, &library)?;
    let mut new = driver(&provider, &folder)?;
    call(&mut new, 3)?;
    attached(&agent, before + 1)?;
    let from = provider.ledger.entries().len();
    for n in [4, 6] {
        call(&mut old, n)?;
        call(&mut new, n + 1)?;
    }
    let entries = provider.ledger.since(from);
    let of_these = |report: &tests::harness::report::Report| {
        let id = report.text("llm_tracer.request_id");
        entries
            .iter()
            .any(|entry| id == Some(entry.request_id.as_str()))
    };
    let reports = settled(entries.len(), || {
        agent
            .calls(&provider)
            .into_iter()
            .filter(of_these)
            .collect()
    });
    compare(&entries, &reports).with_context(|| agent.process.said())
}

/// The same file with other content: probes of the old one must not stay in the code of the new.
#[test]
fn a_library_overwritten_in_place() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let folder = copy_of_libssl(&provider)?;
    let library = the_file(&folder)?;
    let whole = fs::read(&library)?;
    let mut first = driver(&provider, &folder)?;
    call(&mut first, 1)?;
    let agent = Launch::json()?.start()?;
    call(&mut first, 2)?;
    let seen = settled(1, || agent.calls(&provider));
    ensure!(seen.len() == 1, "{seen:?}\n{}", agent.process.said());
    drop(first);

    // No library any more, and later one again, all in the same inode.
    fs::write(&library, b"nothing")?;
    let detached = until(SOON, || {
        let said = agent.process.stderr.all();
        said.iter()
            .any(|line| line.contains("detached") && line.contains("libssl"))
            .then_some(())
    });
    ensure!(
        detached.is_some(),
        "the probes of the old content stay\n{}",
        agent.process.said()
    );
    let before = agent.attachments();
    fs::write(&library, whole)?;
    let mut second = driver(&provider, &folder)?;
    call(&mut second, 3)?;
    attached(&agent, before + 1)?;
    let from = provider.ledger.entries().len();
    call(&mut second, 4)?;
    call(&mut second, 5)?;
    let entries = provider.ledger.since(from);
    let reports = until(SOON, || {
        let reports = agent.calls(&provider);
        let last = reports.len().checked_sub(entries.len())?;
        let latest = reports.get(last..)?.to_vec();
        compare(&entries, &latest).is_ok().then_some(latest)
    });
    ensure!(
        reports.is_some(),
        "calls through the new content are missing\n{}",
        agent.process.said()
    );
    Ok(())
}

/// One TLS object for several connections, by `SSL_clear` and by an allocator that gives the same
/// address again.
#[test]
fn a_tls_object_that_is_used_again() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let library = libssl(&provider)?;
    let agent = Launch::json()?.start()?;
    let before = provider.ledger.entries().len();
    let mut command = client::python("direct.py", &provider);
    command.arg(library);
    command.args("1 2 3 clear 4 clear 5 6 new 7 new clear 8".split(' '));
    Process::start(&mut command)?.succeed(CLIENT_LIMIT)?;
    let entries = provider.ledger.since(before);
    ensure!(entries.len() == 8, "not all calls were served");
    let reports = settled(entries.len(), || agent.calls(&provider));
    compare(&entries, &reports).with_context(|| agent.process.said())
}

/// Calls through a release of OpenSSL that the system does not have.
fn exact_through(release: &'static str) -> Result<()> {
    if !met(&[Need::Agent, Python, Need::OpenSsl(release)]) {
        return Ok(());
    }
    let library = bundled_libssl(release).context("no library")?;
    let provider = Provider::start("")?;
    // Probed before it is used, so that every call counts.
    let agent = Launch::json()?
        .argument("--library")
        .argument(&library.to_string_lossy())
        .start()?;
    let mut command = client::python("direct.py", &provider);
    command.arg(&library).args("1 2 clear 3 new 4".split(' '));
    let mut client = Process::start(&mut command)?;
    client.succeed(CLIENT_LIMIT)?;
    let version = client.stdout.all().concat();
    ensure!(
        version.starts_with(&format!("OpenSSL {release}")),
        "another release: {version}"
    );
    let entries = provider.ledger.entries();
    ensure!(entries.len() == 4, "not all calls were served");
    let reports = settled(entries.len(), || agent.calls(&provider));
    compare(&entries, &reports).with_context(|| agent.process.said())
}

#[test]
fn openssl_1_1_1() -> Result<()> {
    exact_through("1.1.1")
}

#[test]
fn openssl_3_5() -> Result<()> {
    exact_through("3.5")
}
