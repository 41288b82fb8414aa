//! Starts the parts in the right order, waits, and stops them in the reverse order.

use std::{
    future::{Future, pending},
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    pin::Pin,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use aya::maps::RingBuf;
use rustix::process::Resource;
use tokio::sync::oneshot;
use tracer_common::control::Control;
use tracer_core::pipeline::{Pipeline, PipelineConfig};

use super::{
    driver::{Driver, DriverParts},
    health::{self, Health, HealthServer},
    memory,
    privileges::{self, Needs},
    prober::{Prober, ProberParts, Sources},
    recorder::{self, Recording, TapeFile},
    shutdown::{self, StopSignals},
    taped::Taped,
    traced::TracedProcesses,
};
use crate::{
    capture::{
        clock::Clock,
        control::ControlPage,
        discover,
        load::{LoadError, LoadOptions, Loaded},
        mechanism::{Mechanism, ProgramSet},
        priority,
        ring::RingReader,
        self_test::{self, Tried},
        tables::{Caps, Tables},
    },
    config::{
        choices::{KernelLog, OutputFormat, ReaderPriority},
        effective::Config,
    },
    export::{
        fanout::{Outputs, Running},
        jsonl::JsonLines,
        terminal::Terminal,
    },
    host::{procfs::ProcFs, witness::Witness},
    telemetry::Telemetry,
};

/// Pause between two looks at a thread that is to end.
const JOIN_PAUSE: Duration = Duration::from_millis(5);

const NO_SIGNALS: &str = "cannot take over SIGTERM and SIGINT";

/// Traces until a signal ends it.
///
/// # Errors
/// Whatever keeps the agent from tracing, with what to do about it.
pub fn run(config: Config) -> Result<ExitCode> {
    start(config, None)
}

/// The same, with a tape of what is seen. Ends when the tape does, too.
///
/// # Errors
/// Whatever keeps the agent from tracing or the tape from being written, with what to do about it.
pub fn record(config: Config, recording: Recording) -> Result<ExitCode> {
    start(config, Some(recording))
}

fn start(config: Config, recording: Option<Recording>) -> Result<ExitCode> {
    memory::keep_small();
    let (loaded, mechanism) = prepare(&config)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(trace(config, recording, loaded, mechanism))
}

/// Attaches empty programs at the same places until a signal ends it: what the breakpoints alone
/// cost, for benchmarks.
///
/// # Errors
/// Whatever keeps the programs from being attached.
pub fn run_bare(config: &Config) -> Result<ExitCode> {
    let (loaded, mechanism) = prepare(config)?;
    let (lives, _) = mpsc::channel();
    let prober = Prober::start(ProberParts {
        loaded,
        mechanism,
        set: ProgramSet::Bare,
        proc_root: config.agent.proc.clone(),
        libraries: config.capture.libraries.clone(),
        telemetry: Telemetry::new(),
        sources: Sources::default(),
        witness: witness(config),
        lives,
    });
    announce(&prober, mechanism);
    let stop = Arc::new(AtomicBool::new(false));
    let thread = prober
        .spawn(stop.clone())
        .context("cannot start a thread")?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(async {
            let mut signals = StopSignals::listen().context(NO_SIGNALS)?;
            signals.next().await;
            anyhow::Ok(())
        })?;
    stop.store(true, Ordering::Relaxed);
    join(thread);
    Ok(ExitCode::SUCCESS)
}

/// Loads, finds the way to attach, and gives up what is not needed from here on. Forks and changes
/// the calling thread's capabilities, so it comes before the first thread.
fn prepare(config: &Config) -> Result<(Loaded, Mechanism)> {
    let real_time_reader = config.capture.reader_priority != ReaderPriority::Normal;
    privileges::check(Needs {
        real_time_reader,
        perf_uprobes: false,
    })?;
    check_processes_visible(&config.agent.proc)?;
    raise_open_files();
    if ProcFs::new("/proc").is_root_pid_namespace() == Some(false) {
        bail!(
            "the agent runs in a pid namespace of its own, but the kernel reports process ids of the \
             root one: start it with hostPID or --pid=host"
        );
    }
    let mut loaded = load(config)?;
    let mechanism = choose_mechanism(&mut loaded)?;
    let needs = Needs {
        real_time_reader,
        perf_uprobes: mechanism == Mechanism::Perf,
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
        ..LoadOptions::default()
    };
    Loaded::new(options).context("cannot load the eBPF half")
}

fn choose_mechanism(loaded: &mut Loaded) -> Result<Mechanism> {
    let tried = self_test::try_mechanisms(loaded);
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

async fn trace(
    config: Config,
    recording: Option<Recording>,
    mut loaded: Loaded,
    mechanism: Mechanism,
) -> Result<ExitCode> {
    let mut signals = StopSignals::listen().context(NO_SIGNALS)?;
    let telemetry = Telemetry::new();
    let health = Health::new();
    let mut running = Running::default();
    // The address first: an output prints its heading as soon as it is there.
    let _server = serve(&config, &telemetry, &health).await?;
    let outputs = start_outputs(&config, &mut running, &telemetry)?;

    let stop = Arc::new(AtomicBool::new(false));
    let sources = Sources::default();
    let (lives, lives_of_processes) = mpsc::channel();
    telemetry
        .capture
        .ring_size
        .set(i64::from(config.capture.ring_size));
    let reader = reader(&mut loaded, &config)?;
    let pipeline = config.pipeline()?;
    let witness = witness(&config);
    let (recorder, tape) = start_tape(recording, &pipeline)?;
    let driver = Driver::new(DriverParts {
        pipeline: Taped::new(Pipeline::new(pipeline), recorder),
        tables: Tables::take(&mut loaded, caps(&config))?,
        resolver: TracedProcesses::new(witness.clone()),
        outputs,
        telemetry: telemetry.clone(),
        health: health.clone(),
        sources: sources.clone(),
        lives: lives_of_processes,
    });
    let (capture, ended) =
        spawn_capture(reader, driver, config.capture.reader_priority, stop.clone())?;
    let prober = start_prober(
        &config,
        ProberParts {
            loaded,
            mechanism,
            set: ProgramSet::Capture,
            proc_root: config.agent.proc.clone(),
            libraries: config.capture.libraries.clone(),
            telemetry,
            sources,
            witness,
            lives,
        },
    )?;
    announce(&prober, mechanism);
    let prober = prober
        .spawn(stop.clone())
        .context("cannot start a thread")?;
    health.set_ready(true);

    let failed = tokio::select! {
        signal = signals.next() => {
            tracing::info!("stopping on {signal}");
            None
        }
        failed = running.failed() => Some(failed).filter(|failed| !failed.reader_left()),
        () = tape.ended => {
            tracing::info!("stopping at the end of the tape");
            None
        }
        _ = ended => bail!("the capture thread ended unexpectedly; please report what stands above"),
    };
    health.set_ready(false);
    running.forget_losses();
    stop.store(true, Ordering::Relaxed);
    // In this order: no new events, then the last ones, then their delivery.
    let limit = config.agent.shutdown_timeout;
    join_within(limit, prober).await;
    join_within(limit, capture).await;
    let taped = tape.file.map(TapeFile::finish).transpose();
    let code = shutdown::finish(limit, running.finish(limit))
        .await
        .exit_code();
    if let Some(said) = taped? {
        tracing::info!("{said}");
    }
    failed.map_or(Ok(code), |failed| Err(failed.into()))
}

/// The tape that is recorded, and when it ends by itself.
struct Tape {
    file: Option<TapeFile>,
    ended: Pin<Box<dyn Future<Output = ()>>>,
}

fn start_tape(
    recording: Option<Recording>,
    pipeline: &PipelineConfig,
) -> Result<(Option<recorder::Recorder>, Tape)> {
    let Some(recording) = recording else {
        let tape = Tape {
            file: None,
            ended: Box::pin(pending()),
        };
        return Ok((None, tape));
    };
    let duration = recording.duration;
    let (recorder, file, full) = recorder::start(recording, pipeline, Clock::read().now())
        .context("cannot start a thread")?;
    let ended = async move {
        let full = async { drop(full.await) };
        match duration {
            Some(duration) => drop(tokio::time::timeout(duration, full).await),
            None => full.await,
        }
    };
    let tape = Tape {
        file: Some(file),
        ended: Box::pin(ended),
    };
    Ok((Some(recorder), tape))
}

/// The outputs that the configuration names.
pub(super) fn start_outputs(
    config: &Config,
    running: &mut Running,
    telemetry: &Telemetry,
) -> Result<Outputs> {
    let mut outputs = Outputs::default();
    outputs.add_otlp(running, &config.export.otlp, telemetry)?;
    match config.export.terminal {
        OutputFormat::Text => {
            let no_color = std::env::var("NO_COLOR").ok();
            let term = std::env::var("TERM").ok();
            let colour = Terminal::wants_colour(
                io::stdout().is_terminal(),
                no_color.as_deref(),
                term.as_deref(),
            );
            outputs.add_lines(
                running,
                "terminal",
                Terminal::new(colour),
                io::stdout(),
                telemetry,
            )?;
        }
        OutputFormat::Json => {
            outputs.add_lines(running, "json", JsonLines, io::stdout(), telemetry)?;
        }
        OutputFormat::None => {}
    }
    Ok(outputs)
}

async fn serve(
    config: &Config,
    telemetry: &Telemetry,
    health: &Health,
) -> Result<Option<HealthServer>> {
    Ok(match config.metrics_listen {
        Some(address) => Some(health::serve(address, telemetry.clone(), health.clone()).await?),
        None => None,
    })
}

fn reader(loaded: &mut Loaded, config: &Config) -> Result<RingReader> {
    let missing = |name: &str| LoadError::Object(format!("no map `{name}`"));
    let control = match loaded
        .ebpf
        .take_map("CONTROL")
        .ok_or_else(|| missing("CONTROL"))?
    {
        aya::maps::Map::Array(data) => data,
        _ => return Err(missing("CONTROL").into()),
    };
    let settings = Control {
        // The reader begins by polling: nobody pays for waking it when it starts under load.
        wake: 0,
        own_tgid: std::process::id(),
        head: caps(config).unknown,
    };
    let page = ControlPage::new(control, settings).context("cannot map the control page")?;
    let events = loaded
        .ebpf
        .take_map("EVENTS")
        .ok_or_else(|| missing("EVENTS"))?;
    let ring = RingBuf::try_from(events).context("cannot map the ring buffer")?;
    tracing::debug!(bytes = config.capture.ring_size, "ring buffer mapped");
    Ok(RingReader::new(ring, page))
}

fn witness(config: &Config) -> Witness {
    let proc = ProcFs::new(config.agent.proc.clone());
    Witness::new(proc, config.processes.clone())
}

fn caps(config: &Config) -> Caps {
    Caps::new(u32::try_from(config.capture.exchange_cap).unwrap_or(u32::MAX))
}

/// Starts the reader's thread; the receiver tells when it has ended.
fn spawn_capture(
    mut reader: RingReader,
    mut driver: Driver<TracedProcesses>,
    priority: ReaderPriority,
    stop: Arc<AtomicBool>,
) -> Result<(JoinHandle<()>, oneshot::Receiver<()>)> {
    let (alive, ended) = oneshot::channel::<()>();
    let thread = thread::Builder::new()
        .name("capture".to_owned())
        .spawn(move || {
            // Dropped with the thread, however it ends.
            let _alive = alive;
            if let ReaderPriority::RealTime(level) = priority
                && let Err(error) = priority::make_real_time(level)
            {
                tracing::warn!("cannot raise the reader's priority: {error} (needs CAP_SYS_NICE)");
            }
            reader.run(&mut driver, &stop);
        })
        .context("cannot start a thread")?;
    Ok((thread, ended))
}

fn start_prober(config: &Config, parts: ProberParts) -> Result<Prober> {
    let mut prober = Prober::start(parts);
    if config.capture.kernel_log != KernelLog::Off {
        prober
            .print_kernel_log()
            .context("cannot print the kernel half's messages")?;
    }
    Ok(prober)
}

/// The line that scripts wait for. Tracing does not end for want of somebody to tell.
fn announce(prober: &Prober, mechanism: Mechanism) {
    let _ = writeln!(
        io::stderr(),
        "ready: probing {} files by {mechanism}",
        prober.probed_files()
    );
}

/// Waits for a thread that was told to stop, but not for ever: one that hangs in the kernel must not
/// keep the calls that wait from being delivered.
async fn join_within(limit: Duration, thread: JoinHandle<()>) {
    let ended = tokio::time::timeout(limit, async {
        while !thread.is_finished() {
            tokio::time::sleep(JOIN_PAUSE).await;
        }
    });
    if ended.await.is_err() {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        tracing::error!("the {name} thread does not stop; going on without it");
        return;
    }
    join(thread);
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread ended by a panic; please report this");
    }
}
