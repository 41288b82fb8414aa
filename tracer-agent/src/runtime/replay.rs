//! Replays a tape: the whole pipeline, from segments to the outputs, without the kernel.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, anyhow};
use tracer_core::{
    correlate::{Relations, Step},
    evaluation::Verdict,
    llm::call::{Call, Captured},
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{Caller, Policy},
    pricing::PriceBook,
    segment::ProcessKey,
    semconv::{self, ContentPlace, Value, resource},
    tape::{Entry, Reader},
    time::Timestamp,
};

use super::{
    outputs, policy, salt,
    shutdown::{self, NO_SIGNALS, StopSignals},
};
use crate::{
    config::{choices::EvaluationPlace, effective::Config, prices},
    export::{
        fanout::{Outputs, Running},
        record::Record,
    },
    host::process::ProcessInfo,
    telemetry::Telemetry,
};

/// Behind the end of a tape this much time passes, so that calls under way are given up.
pub(super) const AFTERWARDS: Duration = Duration::from_hours(1);
/// How long an output that is full is waited for before calls are dropped.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether it still is.
const LOOK: Duration = Duration::from_millis(5);
/// The beginning of a compressed file, RFC 1952 section 2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Replays the tape at `path`.
///
/// # Errors
/// If it cannot be read, or an output cannot be started. What came before an error is delivered.
pub fn run(config: &Config, path: &Path) -> Result<ExitCode> {
    let named = || format!("cannot read the tape {}", path.display());
    let file = File::open(path)
        .map_err(|error| anyhow!("{}: {error}; check the path and its permissions", named()))?;
    let tape = Reader::new(opened(file).with_context(named)?, now()).with_context(named)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(async {
            let mut signals = StopSignals::listen().context(NO_SIGNALS)?;
            let telemetry = Telemetry::new();
            let mut running = Running::default();
            let salted = salt::salted(&config.attribution)?;
            let attribution = &salted.attribution;
            let policy = policy::load(config.policy.as_deref(), config.export.content, &salted)?;
            let never = policy.never();
            let outputs = outputs::start(config, attribution, never, &mut running, &telemetry)?;
            let mut replay = Replay {
                pipeline: Pipeline::new(PipelineConfig {
                    relations: relations(tape.is_masked()),
                    ..config.pipeline(attribution, policy.content_capture())?
                }),
                policy,
                prices: prices::load(&config.cost)?,
                content: config.export.content,
                evaluations: config.evaluations.export,
                outputs,
                processes: HashMap::new(),
                calls: 0,
                lost: 0,
            };
            let played = tokio::select! {
                played = replay.play(tape) => played.with_context(named),
                _ = signals.next() => Ok(()),
            };
            let (calls, lost) = (replay.calls, replay.lost);
            // Outputs end when nobody offers them anything any more.
            drop(replay);
            tracing::info!(
                "replayed {calls} calls; {lost} exchanges were lost when it was recorded"
            );
            let limit = config.agent.shutdown_timeout;
            // Whatever was lost on the way counts: a tape is replayed to be seen whole.
            let code = shutdown::finish(limit, running.finish(limit))
                .await
                .exit_code();
            played.map(|()| code)
        })
}

/// Now: where a tape begins that does not tell.
pub(super) fn now() -> Timestamp {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_nanos(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
}

/// The text of a tape, which may be compressed.
///
/// # Errors
/// If it cannot be read.
#[expect(
    clippy::disallowed_types,
    reason = "read as a stream, line by line, and lines are bounded"
)]
pub(super) fn opened(file: File) -> io::Result<Box<dyn BufRead>> {
    let mut input = BufReader::new(file);
    Ok(if input.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(input)))
    } else {
        Box::new(input)
    })
}

struct Replay {
    pipeline: Pipeline,
    prices: PriceBook,
    policy: Policy,
    content: ContentPlace,
    evaluations: EvaluationPlace,
    outputs: Outputs,
    processes: HashMap<ProcessKey, Arc<ProcessInfo>>,
    calls: u64,
    lost: u64,
}

impl Replay {
    async fn play<R: Read + BufRead>(&mut self, tape: Reader<R>) -> Result<()> {
        let mut latest = Timestamp::default();
        let mut outcome = Ok(());
        for entry in tape {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    outcome = Err(error.into());
                    break;
                }
            };
            if let Entry::Process { key, pid, name } = &entry {
                self.processes
                    .insert(*key, Arc::new(process(*key, *pid, name)));
            }
            if let Some(time) = entry.time() {
                latest = latest.max(time);
                self.pipeline.advance(latest);
            }
            entry.play(&mut self.pipeline);
            self.report().await;
        }
        self.pipeline.advance(latest.after(AFTERWARDS));
        self.report().await;
        outcome
    }

    async fn report(&mut self) {
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Call(call) => self.call(*call).await,
                Output::Step(step) => self.step(*step).await,
                Output::Evaluation(verdict) => self.verdict(*verdict),
                Output::LostExchanges(_, count) => self.lost += u64::from(count),
                Output::Verdict(..) => {}
            }
        }
    }

    async fn call(&mut self, mut call: Call<Captured>) {
        self.prices.price(&mut call);
        let process = self.process(call.facts().connection.process);
        let release = self.policy.release(call, &caller(&process));
        if let Some(record) = Record::of_release(process, release, self.content) {
            self.offer(record.with_evaluations(self.evaluations)).await;
        }
        self.calls += 1;
    }

    async fn step(&mut self, step: Step) {
        let process = self.process(step.process);
        if let Some(step) = self.policy.release_step(step) {
            let record = Record::of_step(process, &step);
            self.offer(record.with_evaluations(self.evaluations)).await;
        }
    }

    fn verdict(&mut self, verdict: Verdict) {
        let process = self.process(verdict.process);
        if let Some(verdict) = self.policy.release_verdict(verdict) {
            let event = semconv::verdict_event(&verdict);
            self.outputs.offer_event(process, event);
        }
    }

    fn process(&mut self, key: ProcessKey) -> Arc<ProcessInfo> {
        let process = self
            .processes
            .entry(key)
            .or_insert_with(|| Arc::new(process(key, 0, "tape")));
        Arc::clone(process)
    }

    async fn offer(&mut self, record: Record) {
        // A tape brings in a moment what took hours.
        let wait = async {
            while !self.outputs.has_room() {
                tokio::time::sleep(LOOK).await;
            }
        };
        // Who does not wait any longer loses calls, which are counted.
        let _ = tokio::time::timeout(PATIENCE, wait).await;
        self.outputs.offer(record);
        tokio::task::yield_now().await;
    }
}

/// What a tape tells of a process is all that will be known of it.
pub(super) fn caller(process: &ProcessInfo) -> Caller<'_> {
    Caller {
        resource: &process.resource,
        is_settled: true,
    }
}

/// Which texts are equal, a mask does not tell.
pub(super) const fn relations(is_masked: bool) -> Relations {
    if is_masked {
        Relations::ByIds
    } else {
        Relations::All
    }
}

/// What a tape tells of a process.
pub(super) fn process(key: ProcessKey, pid: u32, name: &str) -> ProcessInfo {
    let service = Value::Str(name.to_owned().into());
    let resource = vec![
        (resource::SERVICE_NAME.into(), service),
        (resource::PROCESS_PID.into(), Value::Int(pid.into())),
    ];
    ProcessInfo::new(key, pid, name.to_owned(), resource)
}
