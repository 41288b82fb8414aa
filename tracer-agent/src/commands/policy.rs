//! `policy`: check the rules of what leaves, or see them at work.

use std::{
    fmt::{self, Write as _},
    process::ExitCode,
};

use serde_json::{Map, Value as Json, json};

use super::output;
use crate::{
    cli::{PolicyCommand, ReportFormat},
    config::policy,
    printable::Printable,
    runtime::explain::{self, Explained, ExplainedCall, ExplainedStep},
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

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => call.fmt(f),
            Self::Step(step) => step.fmt(f),
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
        if let Some(why) = self.unsampled() {
            writeln!(f, "  {why}")?;
        }
        for (name, value) in &self.leaves {
            writeln!(f, "  leaves  {name} = {}", Printable(value))?;
        }
        for (what, why) in &self.stays {
            writeln!(f, "  stays   {what}: {why}")?;
        }
        f.write_str("\n")
    }
}

impl ExplainedCall {
    fn unsampled(&self) -> Option<String> {
        match self.kept_for {
            Some(reason) => Some(format!("kept beyond the sample: {}", reason.name())),
            None if !self.is_sampled => {
                Some("its trace is not of the sample: metrics alone leave".to_owned())
            }
            None => None,
        }
    }
}

impl fmt::Display for ExplainedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.leaves_as {
            Some(name) => writeln!(f, "around calls: {} leaves\n", Printable(name)),
            None => writeln!(
                f,
                "around calls: a span stays, as no call of its trace left\n"
            ),
        }
    }
}

fn json_of(explained: &Explained) -> Json {
    let map = |pairs: &[(String, String)]| -> Map<String, Json> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect()
    };
    match explained {
        Explained::Call(call) => json!({
            "call": call.number,
            "name": call.name,
            "process": call.process,
            "provider": call.provider,
            "rule": call.rule,
            "capture": call.capture.name(),
            "cautious": call.is_cautious,
            "sampled": call.is_sampled,
            "kept_for": call.kept_for.map(|reason| reason.name()),
            "leaves": map(&call.leaves),
            "stays": map(&call.stays),
        }),
        Explained::Step(step) => json!({ "step": step.leaves_as }),
    }
}
