//! The tape that is recorded while the agent runs, and when it ends by itself.

use std::{
    future::{Future, pending},
    pin::Pin,
};

use anyhow::{Context as _, Result};
use tracer_core::pipeline::PipelineConfig;

use super::recorder::{self, Recorder, Recording, TapeFile};
use crate::capture::clock::Clock;

/// A tape, or none.
pub(super) struct Tape {
    /// Where it is written.
    pub(super) file: Option<TapeFile>,
    /// Resolves when nothing more is written, or its time is over; of no tape never.
    pub(super) ended: Pin<Box<dyn Future<Output = ()>>>,
}

impl Tape {
    /// Begins what was asked for.
    pub(super) fn start(
        recording: Option<Recording>,
        pipeline: &PipelineConfig,
    ) -> Result<(Option<Recorder>, Self)> {
        let Some(recording) = recording else {
            let none = Self {
                file: None,
                ended: Box::pin(pending()),
            };
            return Ok((None, none));
        };
        let duration = recording.duration;
        let (recorder, file, full) = recorder::start(recording, pipeline, Clock::read().now())
            .context("cannot start a thread")?;
        let ended = async move {
            let full = async { drop(full.await) };
            match duration {
                Some(duration) => drop(tokio::time::timeout(duration, full).await),
                None => full.await,
            }
        };
        let tape = Self {
            file: Some(file),
            ended: Box::pin(ended),
        };
        Ok((Some(recorder), tape))
    }
}
