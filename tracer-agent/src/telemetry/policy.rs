//! What the policy let out.

use prometheus_client::{metrics::counter::Counter, registry::Registry};
use tracer_core::policy::{Capture, ContentMode, Release};

use super::{
    label::{ByLabel, labels},
    registry,
};

labels! {
    /// How much of a call left.
    CaptureLabel {
        /// Nothing.
        None = "none",
        /// Names, counts, times and ids.
        Metadata = "metadata",
        /// What it says as well, masked.
        Masked = "masked",
        /// What it says as well, as it is.
        Full = "full",
    }
}

/// Counters of decisions.
#[derive(Debug)]
pub struct PolicyMetrics {
    calls: ByLabel<CaptureLabel>,
    unsampled: Counter,
    dropped_content: Counter,
}

impl PolicyMetrics {
    pub(super) fn register(to: &mut Registry) -> Self {
        let metrics = Self {
            calls: ByLabel::register(&registry::POLICY_CALLS, to),
            unsampled: Counter::default(),
            dropped_content: Counter::default(),
        };
        registry::POLICY_UNSAMPLED.register(to, &metrics.unsampled);
        registry::POLICY_DROPPED_CONTENT.register(to, &metrics.dropped_content);
        metrics
    }

    /// Counts what became of a call.
    pub fn count(&self, release: &Release) {
        let call = match release {
            Release::Nothing => {
                self.calls.of(CaptureLabel::None).inc();
                return;
            }
            Release::Call(call) => call,
            Release::Measured(call) => {
                self.unsampled.inc();
                call
            }
        };
        let capture = call.permit().map_or(Capture::Metadata, |it| it.capture);
        self.calls.of(capture.into()).inc();
        let mode = call.content().map(|content| content.mode());
        if matches!(mode, Some(ContentMode::Dropped(_))) {
            self.dropped_content.inc();
        }
    }
}

impl From<Capture> for CaptureLabel {
    fn from(capture: Capture) -> Self {
        match capture {
            Capture::None => Self::None,
            Capture::Metadata => Self::Metadata,
            Capture::Masked => Self::Masked,
            Capture::Full => Self::Full,
        }
    }
}
