//! What the operator can set.

use std::{num::NonZeroUsize, time::Duration};

use crate::{
    attribution::AttributionRules,
    correlate::{IdKey, Relations},
    evaluation::Checks,
    http::allow_list::AllowList,
    limits::Limits,
    llm::{builder::BuilderContext, content::ContentCapture, provider::HostRule},
};

/// Settings of a [`Pipeline`](super::Pipeline).
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// Bytes of a JSON body that are kept per direction of an exchange; what is longer is read as
    /// far as kept, and the call is reported as truncated.
    pub body_bytes: usize,
    /// Bytes that all connections together may hold: bodies, events and decoders under way. Beyond
    /// it the exchange that holds most goes on as metadata, reported as truncated.
    pub held_bytes: usize,
    /// Connections that are followed at once; beyond it the one that was silent longest is forgotten.
    pub max_connections: NonZeroUsize,
    /// Exchanges without an LLM call after which a connection is only watched.
    pub head_only_exchanges: u32,
    /// How long an exchange may be silent until it is reported as it is. Some answers take their
    /// time: what is said of them after this is not seen.
    pub silence: Duration,
    /// Bounds on the parsing of one connection.
    pub limits: Limits,
    /// Headers that may be kept. Values of the operator's [extra](AllowList::extra) request headers
    /// are reported with each call.
    pub headers: AllowList,
    /// What tells to whom a call belongs.
    pub attribution: AttributionRules,
    /// Hosts that the operator names, before the built-in ones.
    pub hosts: Vec<HostRule>,
    /// Whether calls come with what they say. Content is held like bodies are, and goes first where
    /// too much is held.
    pub content: ContentCapture,
    /// By what calls that belong together are found: attempts, conversations, tools.
    pub relations: Relations,
    /// Which evaluations are made of calls. Some need what is said to be read, which is then done also
    /// where nothing of it is kept.
    pub evaluations: Checks,
    /// The key of the ids of traces and spans.
    pub ids: IdKey,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            body_bytes: 4 << 20,
            held_bytes: 64 << 20,
            max_connections: NonZeroUsize::new(65_536).unwrap_or(NonZeroUsize::MIN),
            head_only_exchanges: 8,
            silence: Duration::from_hours(1),
            limits: Limits::default(),
            headers: AllowList::default(),
            attribution: AttributionRules::default(),
            hosts: Vec::new(),
            content: ContentCapture::Off,
            relations: Relations::All,
            evaluations: Checks::ALL,
            ids: IdKey::Random,
        }
    }
}

impl PipelineConfig {
    pub(super) const fn builder_context(&self) -> BuilderContext<'_> {
        BuilderContext {
            body_bytes: self.body_bytes,
            limits: self.limits,
            headers: &self.headers,
            attribution: &self.attribution,
            hosts: self.hosts.as_slice(),
            content: self.content,
            reads_content: !matches!(self.relations, Relations::Off)
                || !self.evaluations.is_empty(),
        }
    }
}
