//! Starts the parts in the right order, waits, and stops them in the reverse order.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use tracer_core::pipeline::Pipeline;

use super::{
    capture_thread,
    driver::{Driver, DriverParts, ProcessLife},
    health::{self, Health, HealthServer},
    inbox::Inbox,
    listener::{Listener, ListenerParts},
    memory, outputs, pods, policy,
    preparation::{prepare, watch_sockets},
    prober::{Prober, ProberParts},
    recorder::{Recording, TapeFile},
    recording::Tape,
    salt,
    shutdown::{self, NO_SIGNALS, StopSignals},
    sources::Sources,
    taped::Taped,
    threads::{EndedUnasked, Watched, join_within},
    traced::TracedProcesses,
};
use crate::{
    capture::{
        load::Loaded,
        mechanism::{Mechanism, ProgramSet},
        socket_hook::SocketHook,
        tables::Tables,
    },
    config::{choices::KernelLog, effective::Config, prices},
    export::fanout::{OutputFailed, Running},
    host::{procfs::ProcFs, witness::Witness},
    telemetry::Telemetry,
};

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
        .block_on(async {
            let mut agent = Agent::start(&config, recording, loaded, mechanism).await?;
            let end = agent.wait().await;
            agent.stop(config.agent.shutdown_timeout, end).await
        })
}

/// All parts at work.
struct Agent {
    signals: StopSignals,
    health: Health,
    _server: Option<HealthServer>,
    /// Takes evaluations, if others may post them.
    inbox: Option<Inbox>,
    running: Running,
    tape: Tape,
    /// Tells the threads to end.
    stop: Arc<AtomicBool>,
    capture: Watched,
    prober: Watched,
}

/// Why the agent is to stop.
enum End {
    /// It was asked to, nobody reads what it prints, or its tape is full.
    Wanted,
    /// An output broke, or nothing that it has to deliver to works any more.
    OutputsFailed(OutputFailed),
    /// A part of it did: without it, nothing or not all is seen.
    PartFailed(EndedUnasked),
}

impl Agent {
    async fn start(
        config: &Config,
        recording: Option<Recording>,
        mut loaded: Loaded,
        mechanism: Mechanism,
    ) -> Result<Self> {
        let signals = StopSignals::listen().context(NO_SIGNALS)?;
        let telemetry = Telemetry::new();
        let health = Health::new();
        let mut running = Running::default();
        // The address first: an output prints its heading as soon as it is there.
        let inbox = (config.evaluations.receive).then(|| Inbox::new(telemetry.clone()));
        let server = serve(config, &telemetry, &health, inbox.as_ref()).await?;
        let salted = salt::salted(&config.attribution)?;
        let attribution = &salted.attribution;
        let policy = policy::load(config.policy.as_deref(), config.export.content, &salted)?;
        let never = policy.never();
        let mut outputs = outputs::start(config, attribution, never, &mut running, &telemetry)?;
        if let Some(inbox) = &inbox {
            if config.export.otlp.logs.is_none() {
                tracing::warn!(
                    "evaluations that are posted go nowhere: no output takes events \
                     (OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_LOGS_ENDPOINT \
                     beside a backend that takes spans only)"
                );
            }
            inbox.open(&mut outputs);
        }
        let outputs = pods::start(config.kubernetes.as_ref(), outputs, &telemetry);

        let stop = Arc::new(AtomicBool::new(false));
        let sources = Sources::default();
        let (lives, lives_of_processes) = mpsc::channel();
        let ring_size = i64::from(config.capture.ring_size);
        telemetry.capture.ring_size.set(ring_size);
        let (reader, control) = capture_thread::reader(&mut loaded, config)?;
        // News of processes before the first of their bytes.
        let witness = witness(config, &telemetry);
        let listener = listen(config, mechanism, &telemetry, &witness, lives)?;
        let sockets = watch_sockets(&mut loaded);
        let socket_hook = SocketHook::new(&mut loaded, control, sockets.is_some())
            .inspect_err(|error| tracing::warn!("calls will have no peer addresses: {error}"))
            .ok();
        let pipeline = config.pipeline(attribution, policy.content_capture())?;
        let prices = prices::load(&config.cost)?;
        // Before the first event, since it takes a moment.
        prices.warm();
        let (recorder, tape) = Tape::start(recording, &pipeline)?;
        let driver = Driver::new(DriverParts {
            pipeline: Taped::new(Pipeline::new(pipeline), recorder),
            prices,
            policy,
            content: config.export.content,
            evaluations: config.evaluations.export,
            tables: Tables::take(&mut loaded, capture_thread::caps(config))?,
            resolver: TracedProcesses::new(witness.clone()),
            outputs,
            telemetry: telemetry.clone(),
            health: health.clone(),
            sources: sources.clone(),
            lives: lives_of_processes,
            socket_hook,
        });
        let priority = config.capture.reader_priority;
        let capture = capture_thread::spawn(reader, driver, priority, stop.clone())?;
        let parts = ProberParts {
            sockets,
            loaded,
            mechanism,
            set: ProgramSet::Capture,
            listener,
            telemetry,
            sources,
            witness,
        };
        let prober = start_prober(config, parts)?;
        announce(&prober, mechanism);
        let prober = prober
            .spawn(stop.clone())
            .context("cannot start a thread")?;
        memory::give_back();
        health.set_ready(true);
        Ok(Self {
            signals,
            health,
            _server: server,
            inbox,
            running,
            tape,
            stop,
            capture,
            prober,
        })
    }

    /// Waits until there is a reason to stop.
    async fn wait(&mut self) -> End {
        tokio::select! {
            signal = self.signals.next() => {
                tracing::info!("stopping on {signal}");
                End::Wanted
            }
            failed = self.running.failed() => {
                if failed.reader_left() { End::Wanted } else { End::OutputsFailed(failed) }
            }
            () = &mut self.tape.ended => {
                tracing::info!("stopping at the end of the tape");
                End::Wanted
            }
            ended = self.capture.ended() => End::PartFailed(ended),
            ended = self.prober.ended() => End::PartFailed(ended),
        }
    }

    /// No new events, then the last ones, then their delivery; each for `limit` at most.
    async fn stop(mut self, limit: Duration, end: End) -> Result<ExitCode> {
        self.health.set_ready(false);
        if let Some(inbox) = &self.inbox {
            // It holds the outputs open.
            inbox.close();
        }
        self.running.forget_losses();
        self.stop.store(true, Ordering::Relaxed);
        join_within(limit, self.prober.into_thread()).await;
        join_within(limit, self.capture.into_thread()).await;
        let taped = self.tape.file.map(TapeFile::finish).transpose();
        let delivery = self.running.finish(limit);
        let code = shutdown::finish(limit, delivery).await.exit_code();
        if let Some(said) = taped? {
            tracing::info!("{said}");
        }
        match end {
            End::Wanted => Ok(code),
            End::OutputsFailed(failed) => Err(failed.into()),
            End::PartFailed(ended) => Err(ended.into()),
        }
    }
}

async fn serve(
    config: &Config,
    telemetry: &Telemetry,
    health: &Health,
    inbox: Option<&Inbox>,
) -> Result<Option<HealthServer>> {
    let Some(address) = config.metrics_listen else {
        if inbox.is_some() {
            tracing::warn!(
                "evaluations cannot be posted: `metrics.listen` is off, whose address they are posted to"
            );
        }
        return Ok(None);
    };
    if inbox.is_some() && !address.ip().is_loopback() {
        tracing::warn!("whoever reaches {address} may post evaluations");
    }
    let (telemetry, health, inbox) = (telemetry.clone(), health.clone(), inbox.cloned());
    Ok(Some(
        health::serve(address, telemetry, health, inbox).await?,
    ))
}

/// Who the processes are, as the operator selects them.
pub(super) fn witness(config: &Config, telemetry: &Telemetry) -> Witness {
    let proc = ProcFs::new(config.agent.proc.clone());
    let unidentified = telemetry.capture.unidentified.clone();
    Witness::new(proc, config.processes.clone(), unidentified)
}

/// Follows the news of processes and files from now on.
pub(super) fn listen(
    config: &Config,
    mechanism: Mechanism,
    telemetry: &Telemetry,
    witness: &Witness,
    lives: mpsc::Sender<ProcessLife>,
) -> Result<Listener> {
    Listener::start(ListenerParts {
        proc_root: config.agent.proc.clone(),
        returns: mechanism.returns(),
        libraries: config.capture.libraries.clone(),
        telemetry: telemetry.clone(),
        witness: witness.clone(),
        lives,
    })
    .context("cannot start a thread")
}

fn start_prober(config: &Config, parts: ProberParts) -> Result<Prober> {
    let mut prober = Prober::start(parts).context("cannot start a thread")?;
    if config.capture.kernel_log != KernelLog::Off {
        prober
            .print_kernel_log()
            .context("cannot print the kernel half's messages")?;
    }
    Ok(prober)
}

/// The line that scripts wait for. Tracing does not end for want of somebody to tell.
pub(super) fn announce(prober: &Prober, mechanism: Mechanism) {
    let _ = writeln!(
        io::stderr(),
        "ready: probing {} files by {mechanism}",
        prober.probed_files()
    );
}
