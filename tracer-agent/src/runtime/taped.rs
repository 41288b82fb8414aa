//! The core, and the tape that is recorded of what it is given.

use tracer_core::{
    pipeline::{Output, Pipeline, Stats},
    segment::{ConnectionId, FinalCounts, ProcessKey, Segment},
    socket::KnownSocket,
    time::Timestamp,
};

use super::recorder::Recorder;
use crate::host::process::ProcessInfo;

/// A pipeline whose input may be recorded.
#[derive(Debug)]
pub struct Taped {
    pipeline: Pipeline,
    recorder: Option<Recorder>,
}

impl Taped {
    /// A pipeline that is recorded by `recorder`, if there is one.
    pub const fn new(pipeline: Pipeline, recorder: Option<Recorder>) -> Self {
        Self { pipeline, recorder }
    }

    /// Whether there is a recorder that wants to know whose connections these are.
    pub const fn is_recorded(&self) -> bool {
        self.recorder.is_some()
    }

    /// Tells whose segments will come.
    pub fn introduce(&mut self, process: &ProcessInfo) {
        if let Some(recorder) = &mut self.recorder {
            recorder.introduce(process);
        }
    }

    /// See [`Pipeline::segment`].
    pub fn segment(&mut self, segment: &Segment<'_>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.segment(segment);
        }
        self.pipeline.segment(segment);
    }

    /// See [`Pipeline::socket`]. Tapes hold no addresses.
    pub fn socket(&mut self, connection: ConnectionId, socket: KnownSocket) {
        self.pipeline.socket(connection, socket);
    }

    /// See [`Pipeline::close`].
    pub fn close(
        &mut self,
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    ) {
        if let Some(recorder) = &mut self.recorder {
            recorder.close(connection, time, counts);
        }
        self.pipeline.close(connection, time, counts);
    }

    /// See [`Pipeline::give_up`].
    pub fn give_up(&mut self, connection: ConnectionId, counts: Option<FinalCounts>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.leave(connection, counts);
        }
        self.pipeline.give_up(connection, counts);
    }

    /// See [`Pipeline::advance`].
    pub fn advance(&mut self, now: Timestamp) {
        self.pipeline.advance(now);
    }

    /// See [`Pipeline::process_ended`].
    pub fn process_ended(&mut self, process: ProcessKey) {
        self.pipeline.process_ended(process);
    }

    /// See [`Pipeline::settle`].
    pub fn settle(&mut self) {
        self.pipeline.settle();
    }

    /// See [`Pipeline::poll`].
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.pipeline.poll();
        if let (Some(recorder), Some(Output::Call(call))) = (&mut self.recorder, &output) {
            recorder.reported(call.facts());
        }
        output
    }

    /// See [`Pipeline::stats`].
    pub const fn stats(&self) -> &Stats {
        self.pipeline.stats()
    }
}
