//! What the agent says about itself.

use tracing_subscriber::EnvFilter;

use super::setting::{Refusal, Scalar};

/// Their information is of no use to operators.
const QUIET: &str = "opentelemetry_sdk=warn,opentelemetry-otlp=warn,aya=warn,aya_obj=warn";

/// A level, or directives as `tracing_subscriber` understands them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter for a subscriber: libraries that talk much are quiet unless they are named.
    pub fn to_env_filter(&self) -> EnvFilter {
        EnvFilter::new(format!("{QUIET},{}", self.0))
    }
}

impl Scalar for LogFilter {
    const VALUE_NAME: &'static str = "FILTER";
    const EXPECTS: &'static str =
        "off, error, warn, info, debug or trace, or directives such as info,tracer_agent=debug";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let level = |word: &str| {
            word.parse::<tracing_subscriber::filter::LevelFilter>()
                .is_ok()
        };
        // A lone word that is no level would silently be taken for a module name.
        let lone_words_are_levels = text
            .split(',')
            .all(|directive| directive.contains('=') || level(directive.trim()));
        match EnvFilter::try_new(text) {
            Ok(_) if lone_words_are_levels => Ok(Self(text.to_owned())),
            _ => Err(Refusal("not a filter".into())),
        }
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }
}
