//! What a policy would let out of a tape: all that a collector would be sent, field by field.
//!
//! It is made by what makes it in a run (`Policy`, `Record`, `Finisher`, the encoding of requests); only
//! the sending is missing.

mod explained;
mod leaving;

use std::{collections::HashMap, fs::File, io::BufRead, path::Path, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use tracer_core::{
    correlate::{Step, StepKind},
    evaluation::Verdict,
    llm::{
        call::{Call, CallFacts, Captured},
        content::ContentCapture,
    },
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{
        ContentBounds, ContentFields, ContentGrant, ContentMode, Decision, Passage, Policy,
        PolicyFile, Release, ReleasedContent, release_with_content,
    },
    pricing::PriceBook,
    segment::ProcessKey,
    semconv::{ContentPlace, verdict_event},
    tape::{Entry, Reader},
    time::Timestamp,
};

pub use self::explained::{
    Explained, ExplainedCall, ExplainedMetrics, ExplainedOrigin, ExplainedStep, Stays, Told,
};
use self::leaving::Leaving;
use super::{
    outputs,
    policy::for_place,
    replay::{AFTERWARDS, caller, now, opened, process, relations},
    salt,
};
use crate::{
    config::{attribution::AttributionConfig, choices::EvaluationPlace, effective::Config, prices},
    export::{otlp::unsent::Unsent, record::Record, spending::Spending},
    host::process::ProcessInfo,
    telemetry::Telemetry,
};

/// Bytes of content that are kept of a call if the policy wants none: to tell that there is some.
const KEPT_BYTES: usize = 512 << 10;

/// Replays a tape and tells of each call on it; whether the texts on the tape are masked.
///
/// # Errors
/// If the tape or the prices cannot be read.
pub fn run(
    config: &Config,
    policy: PolicyFile,
    path: &Path,
    tell: impl FnMut(&Explained),
) -> Result<bool> {
    let named = || format!("cannot read the tape {}", path.display());
    let file = File::open(path)
        .map_err(|error| anyhow!("{}: {error}; check the path and its permissions", named()))?;
    let tape = Reader::new(opened(file).with_context(named)?, now()).with_context(named)?;
    let is_masked = tape.is_masked();
    // Names of keys and pseudonyms are of this run: nothing is written.
    let salted = salt::salted(&AttributionConfig {
        salt: None,
        ..config.attribution.clone()
    })?;
    let attribution = &salted.attribution;
    let spending = Spending::new(Vec::new(), &Telemetry::new());
    let policy = Policy::new(policy, salted.pseudonyms, attribution.clone());
    let policy = for_place(policy, config.export.content);
    let kept = match policy.content_capture() {
        ContentCapture::Off => ContentCapture::Keep {
            per_call: KEPT_BYTES,
        },
        kept @ ContentCapture::Keep { .. } => kept,
    };
    let finisher = outputs::finisher(config, attribution, policy.never(), spending);
    let mut explainer = Explainer {
        pipeline: Pipeline::new(PipelineConfig {
            relations: relations(is_masked),
            content: kept,
            ..config.pipeline(attribution, kept)?
        }),
        prices: prices::load(&config.cost)?,
        policy,
        content: config.export.content,
        evaluations: config.evaluations.export,
        leaving: Leaving::new(finisher, Unsent::new(&config.export.otlp)),
        processes: HashMap::new(),
        calls: 0,
        tell,
    };
    explainer.play(tape).with_context(named)?;
    Ok(is_masked)
}

struct Explainer<T> {
    pipeline: Pipeline,
    prices: PriceBook,
    policy: Policy,
    content: ContentPlace,
    evaluations: EvaluationPlace,
    leaving: Leaving,
    processes: HashMap<ProcessKey, Arc<ProcessInfo>>,
    calls: u64,
    tell: T,
}

impl<T: FnMut(&Explained)> Explainer<T> {
    fn play(&mut self, tape: Reader<impl BufRead>) -> Result<()> {
        let mut latest = Timestamp::default();
        for entry in tape {
            let entry = entry?;
            if let Entry::Process { key, pid, name } = &entry {
                self.processes
                    .insert(*key, Arc::new(process(*key, *pid, name)));
            }
            if let Some(time) = entry.time() {
                latest = latest.max(time);
                self.pipeline.advance(latest);
            }
            entry.play(&mut self.pipeline);
            self.report();
        }
        self.pipeline.advance(latest.after(AFTERWARDS));
        self.report();
        for metrics in self.leaving.metrics() {
            self.tell(&Explained::Metrics(metrics));
        }
        Ok(())
    }

    fn report(&mut self) {
        while let Some(output) = self.pipeline.poll() {
            let explained = match output {
                Output::Call(call) => Explained::Call(Box::new(self.call(*call))),
                Output::Step(step) => Explained::Step(self.step(*step)),
                Output::Evaluation(verdict) => Explained::Step(self.verdict(*verdict)),
                Output::LostExchanges(..) | Output::Verdict(..) => continue,
            };
            self.tell(&explained);
        }
    }

    /// Behind whatever it refers to.
    fn tell(&mut self, explained: &Explained) {
        for origin in self.leaving.news() {
            (self.tell)(&origin);
        }
        (self.tell)(explained);
    }

    fn call(&mut self, mut call: Call<Captured>) -> ExplainedCall {
        self.prices.price(&mut call);
        self.calls += 1;
        let process = self.process(call.facts().connection.process);
        let Decision {
            rule,
            capture,
            is_cautious,
            fields,
            ..
        } = self.policy.decide(call.facts(), &caller(&process));
        let mut explained = ExplainedCall {
            number: self.calls,
            name: name(call.facts()),
            process: format!("{}[{}]", process.name, process.pid),
            provider: call.facts().provider.0.to_string(),
            rule: rule.map(str::to_owned),
            capture,
            is_cautious,
            is_sampled: false,
            kept_for: None,
            told: Told::default(),
        };
        let said = said(&call);
        let release = self.policy.release(call, &caller(&process));
        let mode = match &release {
            Release::Call(call) => call.content().map(ReleasedContent::mode),
            Release::Measured(_) | Release::Nothing => None,
        };
        let Some(record) = Record::of_release(process, release, self.content) else {
            let why = "nothing of the call leaves, its metrics neither";
            explained.told.stays.push(Stays::new("all", why));
            return explained;
        };
        explained.is_sampled = record.is_sampled;
        let released = record.call.as_deref();
        explained.kept_for = released.and_then(|it| it.permit()?.kept_for);
        explained.told = self
            .leaving
            .record(record.with_evaluations(self.evaluations));
        if !explained.is_sampled {
            let why = "its trace is not of the sample";
            explained.told.stays.push(Stays::new("span", why));
        }
        for field in said.iter() {
            let of_call = explained.content_stays(fields.contains(field), mode);
            if let Some(why) = of_call.or_else(|| self.goes_nowhere()) {
                let what = format!("content.{}", field.name());
                explained.told.stays.push(Stays::new(what, why));
            }
        }
        explained
    }

    /// Why content does not leave that the policy lets out.
    fn goes_nowhere(&self) -> Option<String> {
        match self.content {
            ContentPlace::None => Some("content.export is none".to_owned()),
            ContentPlace::Event if !self.leaving.has_logs() => {
                Some("content.export is event, and no events are sent".to_owned())
            }
            ContentPlace::Span | ContentPlace::Event | ContentPlace::Both => None,
        }
    }

    fn step(&mut self, step: Step) -> ExplainedStep {
        let what = match step.kind {
            StepKind::Turn { .. } => "turn",
            StepKind::Request { .. } => "request that was served",
            StepKind::Attempts { .. } => "all attempts at a call",
            StepKind::Tool { .. } => "tool",
        };
        let process = self.process(step.process);
        let told = match self.policy.release_step(step) {
            Some(step) => {
                let record = Record::of_step(process, &step);
                self.leaving
                    .record(record.with_evaluations(self.evaluations))
            }
            None => Told::nothing("no call of its trace left"),
        };
        ExplainedStep { what, told }
    }

    fn verdict(&mut self, verdict: Verdict) -> ExplainedStep {
        let process = self.process(verdict.process);
        let told = match self.policy.release_verdict(verdict) {
            Some(_) if !self.leaving.has_evaluations() => Told::nothing("no events are sent"),
            Some(verdict) => self.leaving.event(process, verdict_event(&verdict)),
            None => Told::nothing("what it was found of did not leave, or is withheld"),
        };
        ExplainedStep {
            what: "evaluation",
            told,
        }
    }

    fn process(&mut self, key: ProcessKey) -> Arc<ProcessInfo> {
        let process = self
            .processes
            .entry(key)
            .or_insert_with(|| Arc::new(process(key, 0, "tape")));
        Arc::clone(process)
    }
}

impl ExplainedCall {
    /// Why the policy does not let something out that the call says.
    fn content_stays(&self, is_wanted: bool, mode: Option<ContentMode>) -> Option<String> {
        if !self.capture.has_content() {
            Some(format!("capture is {}", self.capture.name()))
        } else if !self.is_sampled {
            Some("its trace is not of the sample".to_owned())
        } else if !is_wanted {
            Some("the rule does not keep it".to_owned())
        } else if let Some(ContentMode::Dropped(dropped)) = mode {
            Some(format!("it could not be masked: {dropped}"))
        } else {
            None
        }
    }
}

/// What was called, whatever the policy says: the report is for who may see the tape.
fn name(call: &CallFacts) -> String {
    let model = call.request.model.as_deref().unwrap_or("-");
    format!("{} {model}", call.api.0)
}

/// Which fields of content there are.
fn said(call: &Call<Captured>) -> ContentFields {
    let grant = ContentGrant {
        passage: Passage::Full,
        fields: ContentFields::NONE,
        bounds: ContentBounds::default(),
    };
    let emptied = release_with_content(call.clone(), &grant);
    emptied
        .content()
        .map_or(ContentFields::NONE, ReleasedContent::withheld)
}
