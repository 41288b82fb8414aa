//! What a policy would let out of the calls of a tape.

use std::{collections::HashMap, fs::File, io::BufRead, path::Path, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use tracer_core::{
    correlate::Step,
    evaluation::Verdict,
    llm::{
        call::{Call, CallFacts, Captured},
        content::ContentCapture,
    },
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{
        Capture, ContentBounds, ContentFields, ContentGrant, ContentMode, Decision, KeptFor,
        NeverList, Passage, Policy, PolicyFile, Release, ReleasedContent, release_with_content,
    },
    pricing::PriceBook,
    segment::ProcessKey,
    semconv::{ContentPlace, Value, verdict_event},
    tape::{Entry, Reader},
    time::Timestamp,
};

use super::{
    replay::{AFTERWARDS, caller, now, opened, process, relations},
    salt,
};
use crate::{
    config::{attribution::AttributionConfig, effective::Config, prices},
    export::{attributor::Attributor, record::Record, spending::Spending},
    host::process::ProcessInfo,
    telemetry::Telemetry,
};

/// Bytes of content that are kept of a call to be shown.
const KEPT_BYTES: usize = 1 << 20;

/// What becomes of something on the tape.
#[derive(Debug)]
pub enum Explained {
    /// A call.
    Call(Box<ExplainedCall>),
    /// Something that calls are part of.
    Step(ExplainedStep),
}

/// What becomes of a call.
#[derive(Debug)]
pub struct ExplainedCall {
    /// Its place on the tape, from 1.
    pub number: u64,
    /// Name of its span.
    pub name: String,
    /// Whose it is.
    pub process: String,
    /// Who served it.
    pub provider: String,
    /// The rule that decides, unless it is the default.
    pub rule: Option<String>,
    /// How much leaves.
    pub capture: Capture,
    /// The rule decides since nobody knows whether it matches.
    pub is_cautious: bool,
    /// Its trace is kept.
    pub is_sampled: bool,
    /// Why, if not by the sample.
    pub kept_for: Option<KeptFor>,
    /// What leaves, with its value.
    pub leaves: Vec<(String, String)>,
    /// What does not, and why.
    pub stays: Vec<(String, String)>,
}

/// What becomes of a turn, a tool, a call with all attempts at it, or of what was found of one of them
/// later.
#[derive(Debug)]
pub struct ExplainedStep {
    /// The name of its span or event, if that leaves.
    pub leaves_as: Option<String>,
}

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
    let kept = ContentCapture::Keep {
        per_call: KEPT_BYTES,
    };
    let spending = Spending::new(Vec::new(), &Telemetry::new());
    let policy = Policy::new(policy, salted.pseudonyms, attribution.clone());
    let mut explainer = Explainer {
        pipeline: Pipeline::new(PipelineConfig {
            relations: relations(is_masked),
            ..config.pipeline(attribution, kept)?
        }),
        prices: prices::load(&config.cost)?,
        never: policy.never(),
        policy,
        attributor: Attributor::new(attribution.clone(), Vec::new(), 0, spending),
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
    never: NeverList,
    attributor: Attributor,
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
            (self.tell)(&explained);
        }
    }

    fn call(&mut self, mut call: Call<Captured>) -> ExplainedCall {
        self.prices.price(&mut call);
        self.calls += 1;
        let process = self.process(call.facts().connection.process);
        let decision = self.policy.decide(call.facts(), &caller(&process));
        let Decision {
            capture,
            is_cautious,
            fields,
            ..
        } = decision;
        let rule = decision.rule.map(str::to_owned);
        let said = said(&call);
        let mut explained = ExplainedCall {
            number: self.calls,
            name: name(call.facts()),
            process: format!("{}[{}]", process.name, process.pid),
            provider: call.facts().provider.0.to_string(),
            rule,
            capture,
            is_cautious,
            is_sampled: false,
            kept_for: None,
            leaves: Vec::new(),
            stays: Vec::new(),
        };
        let release = self.policy.release(call, &caller(&process));
        let mode = match &release {
            Release::Call(call) => call.content().map(ReleasedContent::mode),
            Release::Measured(_) | Release::Nothing => None,
        };
        let place = ContentPlace::Span;
        let Some(mut record) = Record::of_release(process, release, place) else {
            let why = "nothing of the call leaves, its metrics neither";
            explained.stays.push(("all".to_owned(), why.to_owned()));
            return explained;
        };
        self.attributor.attribute(&mut record);
        explained.is_sampled = record.is_sampled;
        let released = record.call.as_deref();
        explained.kept_for = released.and_then(|it| it.permit()?.kept_for);
        for (name, _) in &record.span.attributes {
            if self.never.has(name) {
                let why = "[attributes] never lets it out".to_owned();
                explained.stays.push((name.to_string(), why));
            }
        }
        self.never.strip_span(&mut record.span);
        if record.is_sampled {
            let attributes = record.span.attributes.iter();
            explained.leaves = attributes
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect();
        } else {
            let why = "its trace is not of the sample".to_owned();
            explained.stays.push(("span".to_owned(), why));
        }
        explained.tell_content(said, fields, mode);
        explained
    }

    fn step(&mut self, step: Step) -> ExplainedStep {
        let process = self.process(step.process);
        let released = self.policy.release_step(step);
        let leaves_as = released.map(|step| {
            let mut record = Record::of_step(process, &step);
            self.never.strip_span(&mut record.span);
            record.span.name
        });
        ExplainedStep { leaves_as }
    }

    fn verdict(&mut self, verdict: Verdict) -> ExplainedStep {
        let released = self.policy.release_verdict(verdict);
        let leaves_as = released.map(|verdict| verdict_event(&verdict).name.into());
        ExplainedStep { leaves_as }
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
    /// What becomes of what the call says.
    fn tell_content(
        &mut self,
        said: ContentFields,
        wanted: ContentFields,
        mode: Option<ContentMode>,
    ) {
        for field in said.iter() {
            let why = if !self.capture.has_content() {
                format!("capture is {}", self.capture.name())
            } else if !self.is_sampled {
                "its trace is not of the sample".to_owned()
            } else if !wanted.contains(field) {
                "the rule does not keep it".to_owned()
            } else if let Some(ContentMode::Dropped(dropped)) = mode {
                format!("it could not be masked: {dropped}")
            } else {
                continue;
            };
            self.stays.push((format!("content.{}", field.name()), why));
        }
    }
}

/// The span's name, whatever the policy says: the report is for who may see the tape.
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

fn text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Json(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::StrList(list) => list.join(", "),
    }
}
