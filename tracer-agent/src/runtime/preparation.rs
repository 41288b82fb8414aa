//! Before the first thread: what is missing is said, the kernel half is loaded, the way to attach is
//! found, and what is not needed any more is given up.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Resource;

use super::privileges::{self, Needs};
use crate::{
    capture::{
        discover,
        load::{LoadOptions, Loaded},
        mechanism::Mechanism,
        plan::Returns,
        self_test::{self, Tried},
        sockets::{self, Layout, SocketError, SocketProbes},
    },
    config::{
        choices::{ReaderPriority, ReturnProbes},
        effective::Config,
    },
    host::procfs::ProcFs,
};

/// Loads, finds the way to attach, and gives up what is not needed from here on. Forks and changes
/// the calling thread's capabilities, so it comes before the first thread.
pub(super) fn prepare(config: &Config) -> Result<(Loaded, Mechanism)> {
    let real_time_reader = config.capture.reader_priority != ReaderPriority::Normal;
    privileges::check(Needs {
        real_time_reader,
        ..Needs::default()
    })?;
    check_processes_visible(&config.agent.proc)?;
    warn_of_absent_processes(config);
    raise_open_files();
    if ProcFs::new("/proc").is_root_pid_namespace() == Some(false) {
        bail!(
            "the agent runs in a pid namespace of its own, but the kernel reports process ids of the \
             root one: start it with hostPID or --pid=host"
        );
    }
    let mut loaded = load(config)?;
    let mechanism = choose_mechanism(&mut loaded, config.capture.return_probes)?;
    let needs = Needs {
        real_time_reader,
        perf_uprobes: mechanism.is_perf(),
        strict_perf_events: privileges::are_perf_events_strict(),
    };
    privileges::check(needs)?;
    if config.agent.drop_privileges {
        let kept = privileges::restrict(needs)?;
        tracing::debug!("capabilities kept: {kept:?}");
    }
    Ok((loaded, mechanism))
}

/// Without them nothing would ever be found, and nothing would say why.
fn check_processes_visible(proc_root: &Path) -> Result<()> {
    let advice = || {
        format!(
            "cannot list processes in {}: mount the host's proc there or set `agent.proc`",
            proc_root.display()
        )
    };
    let processes = discover::process_ids(proc_root).with_context(advice)?;
    ensure!(!processes.is_empty(), "{}: none is there", advice());
    Ok(())
}

/// A process id that was mistyped, or has ended meanwhile, would look like a process that calls nobody.
fn warn_of_absent_processes(config: &Config) {
    let proc = ProcFs::new(config.agent.proc.clone());
    let pids = config.processes.pids.iter();
    for pid in pids.filter(|pid| proc.stat(**pid).is_none()) {
        tracing::warn!(
            "there is no process {pid} now: check `processes.pids` (`--pid`), which takes the ids of the host"
        );
    }
}

/// Each probed file and each perf ring holds descriptors; the hard limit is ours to use.
fn raise_open_files() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = rustix::process::setrlimit(Resource::Nofile, limit) {
        tracing::debug!("cannot raise the limit of open files: {error}");
    }
}

fn load(config: &Config) -> Result<Loaded> {
    let options = LoadOptions {
        ring_bytes: config.capture.ring_size,
        kernel_log_level: config.capture.kernel_log.level(),
        sockets: if config.capture.plain_http {
            Layout::find().inspect_err(say_unseen).ok()
        } else {
            None
        },
        ..LoadOptions::default()
    };
    Loaded::new(options).context("cannot load the eBPF half")
}

/// Looks at sockets from now on, if they are to be looked at and the kernel lets us.
pub(super) fn watch_sockets(loaded: &mut Loaded) -> Option<SocketProbes> {
    if !loaded.knows_sockets {
        return None;
    }
    sockets::attach(loaded).inspect_err(say_unseen).ok()
}

fn say_unseen(error: &SocketError) {
    tracing::warn!(
        "calls without TLS are not seen: {error}; `capture.plain_http = false` accepts that"
    );
}

fn choose_mechanism(loaded: &mut Loaded, return_probes: ReturnProbes) -> Result<Mechanism> {
    let allowed = Mechanism::ALL.into_iter().filter(|mechanism| {
        return_probes == ReturnProbes::Auto || mechanism.returns() == Returns::Plain
    });
    let tried = self_test::try_mechanisms(loaded, allowed);
    for Tried { mechanism, result } in &tried {
        match result {
            Ok(()) => tracing::debug!("{mechanism}: works"),
            Err(error) => tracing::debug!("{mechanism}: {error}"),
        }
    }
    match self_test::chosen(&tried) {
        Some(mechanism) => Ok(mechanism),
        None => {
            let reasons: Vec<String> = tried
                .iter()
                .filter_map(|it| Some(format!("{}: {}", it.mechanism, it.result.as_ref().err()?)))
                .collect();
            bail!(
                "no way to attach probes on this kernel: {}",
                reasons.join("; ")
            )
        }
    }
}
