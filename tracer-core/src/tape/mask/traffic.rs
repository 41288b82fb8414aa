//! Masks the traffic of all connections.

use lru::LruCache;

use super::{connection::ConnectionMask, head::HeadRules};
use crate::{
    pipeline::PipelineConfig,
    segment::{ConnectionId, FinalCounts, Segment},
};

/// Takes content and credentials out of segments.
#[derive(Debug)]
pub struct Mask {
    rules: HeadRules,
    max_connections: usize,
    connections: LruCache<ConnectionId, ConnectionMask>,
}

impl Mask {
    /// Masks for a pipeline with this configuration: its allow list and hosts decide what is shown.
    pub fn new(config: &PipelineConfig) -> Self {
        Self {
            rules: HeadRules {
                headers: config.headers.clone(),
                hosts: config.hosts.clone(),
                limits: config.limits,
            },
            max_connections: config.max_connections.get(),
            connections: LruCache::unbounded(),
        }
    }

    /// Takes a segment and reports what may be written of it and of those before it, in order of
    /// their offsets. Heads are held until they are complete.
    pub fn segment(&mut self, segment: &Segment<'_>, sink: &mut impl FnMut(&Segment<'_>)) {
        let connection = segment.connection;
        let mask = self
            .connections
            .get_or_insert_mut(connection, ConnectionMask::default);
        mask.segment(segment, &self.rules, &mut |piece| {
            sink(&Segment {
                connection,
                direction: piece.arrival.direction,
                offset: piece.offset,
                time: piece.arrival.time,
                turn: piece.arrival.turn,
                bytes: &piece.bytes,
            });
        });
        if self.connections.len() > self.max_connections {
            self.connections.pop_lru();
        }
    }

    /// The connection is over: what the kernel counted, as it fits what was written.
    pub fn close(
        &mut self,
        connection: ConnectionId,
        counts: Option<FinalCounts>,
    ) -> Option<FinalCounts> {
        let mask = self.connections.pop(&connection);
        counts.map(|counts| mask.map_or(counts, |mask| mask.counts(counts)))
    }
}
