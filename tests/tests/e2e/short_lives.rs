//! Processes that are gone when their calls are read: who they were is told all the same.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        client,
        otlp::Span,
        patience::until,
        process::Process,
        requirements::{
            Need::{self, Program, Python},
            met, system_library,
        },
        scene::Scene,
    },
    provider::{ledger::Entry, running::Provider},
};

/// Processes, each of one call.
const CALLS: usize = 40;
const LIMIT: Duration = Duration::from_secs(60);

/// The spans of the calls, with what the provider served.
fn spans(scene: &Scene) -> Result<Vec<(Entry, Span)>> {
    scene.check()?;
    let entries = scene.provider.ledger.entries();
    ensure!(entries.len() == CALLS, "not all calls were served");
    let spans = scene.sink.spans_of(&scene.provider);
    let of = |entry: &Entry| {
        let is_its = |span: &&Span| {
            span.report.text("llm_tracer.request_id") == Some(entry.request_id.as_str())
        };
        let span = spans.iter().find(is_its).cloned();
        span.with_context(|| format!("call {} was not reported", entry.n))
    };
    entries
        .iter()
        .map(|entry| Ok((entry.clone(), of(entry)?)))
        .collect()
}

/// Children of a server that forks, each there for the time of one exchange on a connection that its
/// parent has made.
#[test]
fn children_that_live_for_a_call() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut command = client::python("fork.py", &scene.provider);
    command.arg(CALLS.to_string());
    let mut server = Process::start(&mut command)?;
    server.succeed(LIMIT)?;
    let spans = spans(&scene)?;
    let children: BTreeSet<String> = server
        .stdout
        .all()
        .iter()
        .filter_map(|line| Some(line.strip_prefix("child ")?.to_owned()))
        .collect();
    for (entry, span) in &spans {
        let text = |name| span.resource.text(name);
        let pid = span.resource.number("process.pid").map(|it| it.to_string());
        let known = text("service.name") == Some("fork")
            && text("process.executable.path").is_some_and(|it| it.contains("python"))
            && text("process.runtime.name") == Some("cpython")
            && span.resource.number("process.parent_pid") == Some(server.id().into())
            && pid.is_some_and(|pid| children.contains(&pid));
        ensure!(known, "call {}: {:?}", entry.n, span.resource);
    }
    Ok(())
}

/// A shell that runs a program for each call.
#[test]
fn programs_that_a_shell_runs() -> Result<()> {
    if !met(&[Need::Agent, Program("curl"), Program("sh")]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut command = client::shell("many_curls.sh", &scene.provider);
    command.arg(CALLS.to_string());
    Process::start(&mut command)?.succeed(LIMIT)?;
    for (entry, span) in spans(&scene)? {
        let path = span.resource.text("process.executable.path");
        let known = span.resource.text("service.name") == Some("curl")
            && path.is_some_and(|path| path.ends_with("/curl"));
        ensure!(known, "call {}: {:?}", entry.n, span.resource);
    }
    Ok(())
}

/// What the agent may hold more after them than before, bytes.
const GROWTH: u64 = 4 << 20;

/// Descriptors that the agent holds: probed files, links and tables are among them.
fn descriptors(agent: &Agent) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{}/fd", agent.process.id()))?.count())
}

/// Libraries, each another file with another build id.
const LIBRARIES: u32 = 250;
/// Where the system's libssl is.
const LIBSSL: &str = "libssl.so.3";
/// Begins the note with the build id of a file: sizes of name and id, the kind, the name (ELF, GNU).
const BUILD_ID: &[u8] = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0";
/// Longest time until the agent looks for files that are gone, twice over.
const DETACHED_WITHIN: Duration = Duration::from_secs(70);

/// A process makes a call through a library of its own, which is deleted.
fn call_through_a_copy(provider: &Provider, folder: &Path, library: &[u8], n: u32) -> Result<()> {
    let note = memchr::memmem::find(library, BUILD_ID).context("no build id")? + BUILD_ID.len();
    let mut copy = library.to_vec();
    copy.get_mut(note..note + 4)
        .context("a short note")?
        .copy_from_slice(&n.to_le_bytes());
    let path = folder.join(format!("libssl-{n}.so.3"));
    fs::write(&path, copy)?;
    let mut command = client::python("direct.py", provider);
    Process::start(command.arg(&path).arg(n.to_string()))?.succeed(LIMIT)?;
    fs::remove_file(&path).map_err(Into::into)
}

/// Series of the agent's own metrics that are about files in a folder.
fn series_of(agent: &Agent, metric: &str, folder: &Path) -> Result<usize> {
    let page = agent.page("/metrics")?;
    let start = format!("{metric}{{binary=\"{}", folder.display());
    Ok(page.lines().filter(|line| line.starts_with(&start)).count())
}

#[test]
fn hundreds_of_libraries_leave_nothing_behind() -> Result<()> {
    if !met(&[Need::Agent, Python, Need::SystemLibrary(LIBSSL)]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let folder = tempfile::tempdir()?;
    let library = system_library(LIBSSL).context("no libssl")?;
    let library = fs::read(library)?;
    let agent = Launch::json()?.start()?;
    let round = |from: u32| -> Result<usize> {
        let before = agent.attachments();
        for n in from..from + LIBRARIES {
            call_through_a_copy(&provider, folder.path(), &library, n)?;
        }
        let probed = agent.attachments() - before;
        // Some are gone before they can be opened.
        ensure!(probed > LIBRARIES as usize / 2, "only {probed} were probed");
        until(DETACHED_WITHIN, || {
            let left = series_of(&agent, "llm_tracer_binary_info", folder.path());
            left.is_ok_and(|left| left == 0).then_some(())
        })
        .with_context(|| format!("files that are gone stay probed\n{}", agent.process.said()))?;
        descriptors(&agent)
    };
    // What is bounded fills first.
    let open = round(1)?;
    let memory = agent.resident()?;
    round(LIBRARIES + 1)?;
    // The last links are closed behind the news that their files are gone.
    let more = || Some(descriptors(&agent).ok()?.saturating_sub(open));
    until(DETACHED_WITHIN, || more().filter(|more| *more < 16))
        .with_context(|| format!("{:?} descriptors more than {open}", more()))?;
    let grown = agent.resident()?.saturating_sub(memory);
    ensure!(grown < GROWTH, "{grown} bytes more than {memory}");
    let counters = series_of(&agent, "llm_tracer_binary_calls_total", folder.path())?;
    ensure!(
        counters <= 128,
        "{counters} counters of files that are gone"
    );
    Ok(())
}
