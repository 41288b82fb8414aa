//! The outputs that the configuration names.

use std::io::{self, IsTerminal as _};

use anyhow::Result;
use tracer_core::{attribution::AttributionRules, policy::NeverList};

use crate::{
    config::{choices::OutputFormat, effective::Config},
    export::{
        attributor::Attributor,
        fanout::{Outputs, Running},
        finish::Finisher,
        jsonl::JsonLines,
        spending::Spending,
        terminal::Terminal,
    },
    telemetry::Telemetry,
};

/// Starts them. Must be called inside a tokio runtime.
///
/// # Errors
/// If one cannot be started, with what to do about it.
pub(super) fn start(
    config: &Config,
    attribution: &AttributionRules,
    never: NeverList,
    running: &mut Running,
    telemetry: &Telemetry,
) -> Result<Outputs> {
    let spending = Spending::new(config.budgets.all.clone(), telemetry);
    let mut outputs = Outputs::new(finisher(config, attribution, never, spending));
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

/// What finishes all that leaves, as the configuration and the policy want it.
pub(super) fn finisher(
    config: &Config,
    attribution: &AttributionRules,
    never: NeverList,
    spending: Spending,
) -> Finisher {
    let mut finisher = Finisher::default();
    finisher.attribute_by(Attributor::new(
        attribution.clone(),
        config.attribution.metrics.clone(),
        config.attribution.metric_values,
        spending,
    ));
    finisher.withhold(never);
    finisher
}
