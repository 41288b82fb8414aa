//! The outputs that the configuration names.

use std::io::{self, IsTerminal as _};

use anyhow::Result;
use tracer_core::{attribution::AttributionRules, policy::NeverList};

use crate::{
    config::{choices::OutputFormat, effective::Config},
    export::{
        attributor::Attributor,
        fanout::{Outputs, Running},
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
    let mut outputs = Outputs::default();
    outputs.attribute_by(Attributor::new(
        attribution.clone(),
        config.attribution.metrics.clone(),
        config.attribution.metric_values,
        Spending::new(config.budgets.all.clone(), telemetry),
    ));
    outputs.withhold(never);
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
