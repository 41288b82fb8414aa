//! `policy`: check the rules of what leaves, or see them at work.

use std::{
    fmt::{self, Write as _},
    process::ExitCode,
};

use serde_json::{Map, Value as Json, json};
use tracer_core::policy::Capture;

use super::output;
use crate::{
    cli::{PolicyCommand, ReportFormat},
    config::policy,
    export::fields::Fields,
    printable::Printable,
    runtime::explain::{self, Explained, ExplainedCall, Stays, Told},
};

/// Carries out `policy check` or `policy explain`.
pub fn run(command: PolicyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Check { file } => {
            let policy = policy::read(&file)?;
            let mut text = policy.to_string();
            for warning in policy.warnings() {
                let _ = writeln!(text, "warning: {warning}");
            }
            output::print(format!("{text}{}: ok\n", file.display()))?;
        }
        PolicyCommand::Explain(args) => {
            let config = args.resolve()?;
            let policy = policy::read(&args.policy)?;
            let mut failed = None;
            let is_masked = explain::run(&config, policy, &args.tape, |explained| {
                let text = match args.format {
                    ReportFormat::Text => explained.to_string(),
                    ReportFormat::Json => format!("{}\n", json_of(explained)),
                };
                if failed.is_none() {
                    failed = output::print(text).err();
                }
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            if is_masked && args.format == ReportFormat::Text {
                output::print(MASKED_TAPE)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

const MASKED_TAPE: &str = "\
The texts on this tape were masked when it was recorded: what [mask] would find in them cannot be
told. `tracer-agent record --content` keeps them.
";

/// Version of the shape of the report as JSON: it grows when a member is renamed, is removed or means
/// something else. New members do not change it.
const SHAPE: u32 = 1;

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => {
                writeln!(f, "resource {}", origin.number)?;
                tell(f, &origin.leaves, &origin.stays)
            }
            Self::Call(call) => {
                call.fmt(f)?;
                call.told.fmt(f)
            }
            Self::Step(step) => {
                writeln!(f, "around calls: {}", step.what)?;
                step.told.fmt(f)
            }
            Self::Metrics(metrics) => {
                writeln!(f, "metrics")?;
                writeln!(f, "  leave with resource {}", metrics.origin)?;
                tell(f, &metrics.leaves, &[])
            }
        }
    }
}

impl fmt::Display for ExplainedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "call {}: {} of {}, {}",
            self.number,
            Printable(&self.name),
            Printable(&self.process),
            Printable(&self.provider),
        )?;
        let rule = self.rule.as_deref();
        let rule = rule.map_or_else(|| "[default]".to_owned(), |rule| format!("rule `{rule}`"));
        write!(f, "  {rule}: {}", self.capture.name())?;
        if self.is_cautious {
            f.write_str(", since it is not known whether it matches, and it is stricter")?;
        }
        f.write_str("\n")?;
        match self.kept_for {
            Some(reason) => writeln!(f, "  kept beyond the sample: {}", reason.name()),
            None if !self.is_sampled && self.capture != Capture::None => {
                writeln!(f, "  its trace is not of the sample: metrics alone leave")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = self.origin {
            writeln!(f, "  leaves with resource {origin}")?;
        }
        tell(f, &self.leaves, &self.stays)
    }
}

/// What leaves and what does not, a line a field, and an empty line.
fn tell(f: &mut fmt::Formatter<'_>, leaves: &Fields, stays: &[Stays]) -> fmt::Result {
    for (at, value) in leaves.values() {
        let at = Printable(at);
        match value {
            Json::String(text) => writeln!(f, "  leaves  {at} = {}", Printable(text))?,
            other => writeln!(f, "  leaves  {at} = {}", Printable(other))?,
        }
    }
    for Stays { what, why } in stays {
        writeln!(f, "  stays   {}: {why}", Printable(what))?;
    }
    f.write_str("\n")
}

fn json_of(explained: &Explained) -> Json {
    let mut told = match explained {
        Explained::Origin(origin) => json!({
            "is": "resource",
            "resource": origin.number,
            "leaves": origin.leaves,
            "stays": stays(&origin.stays),
        }),
        Explained::Call(call) => json!({
            "is": "call",
            "call": call.number,
            "name": call.name,
            "process": call.process,
            "provider": call.provider,
            "rule": call.rule,
            "capture": call.capture.name(),
            "cautious": call.is_cautious,
            "sampled": call.is_sampled,
            "kept_for": call.kept_for.map(|reason| reason.name()),
            "resource": call.told.origin,
            "leaves": call.told.leaves,
            "stays": stays(&call.told.stays),
        }),
        Explained::Step(step) => json!({
            "is": "step",
            "step": step.what,
            "resource": step.told.origin,
            "leaves": step.told.leaves,
            "stays": stays(&step.told.stays),
        }),
        Explained::Metrics(metrics) => json!({
            "is": "metrics",
            "resource": metrics.origin,
            "leaves": metrics.leaves,
        }),
    };
    told["schema_version"] = SHAPE.into();
    told
}

fn stays(stays: &[Stays]) -> Map<String, Json> {
    let stays = stays.iter();
    stays
        .map(|Stays { what, why }| (what.clone(), why.clone().into()))
        .collect()
}
