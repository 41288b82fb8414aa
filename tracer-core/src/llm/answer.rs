//! What a response says, gathered piece by piece by the adapters.

use std::time::Duration;

use super::{
    call::{ResponseFacts, ToolCall},
    clip::kept,
    error_body::{self, ErrorField, UNNAMED},
    mcp::{McpAnswer, McpRequest},
    usage::Usage,
};
use crate::evaluation::Findings;

/// Choices and tool calls of one answer that are kept.
const KEPT: usize = 128;

/// What a response said so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) service_tier: Option<String>,
    pub(super) system_fingerprint: Option<String>,
    /// The provider's id of the conversation.
    pub(super) conversation_id: Option<String>,
    /// Who a router says has served the call.
    pub(super) upstream_provider: Option<String>,
    /// How long the provider says in the body that it worked; a header comes first.
    pub(super) processing_time: Option<Duration>,
    /// How long the provider says in the body that the request waited; a header comes first.
    pub(super) queue_time: Option<Duration>,
    /// Last counts that were given.
    pub(super) usage: Usage,
    /// `error.type` of an error in the body.
    pub(super) error: Option<String>,
    /// The API's own end mark came: nothing can be missing, whatever the framing says.
    pub(super) ended: bool,
    /// The provider is still at work: the rest is told elsewhere.
    pub(super) is_pending: bool,
    /// It has what only answers of its API have: the request was one of it.
    pub(super) is_telling: bool,
    /// Documents that a retrieval found.
    pub(super) documents: Option<u64>,
    /// What an answer of the Model Context Protocol says.
    pub(super) mcp: McpAnswer,
    /// Requests that the server made meanwhile, and the bytes of their messages.
    pub(super) asked: Vec<(McpRequest, usize)>,
    /// What filters, guardrails and moderation found.
    pub(super) findings: Findings,
    finished: Vec<(u64, String)>,
    tools: Vec<ToolSlot>,
}

#[derive(Debug)]
struct ToolSlot {
    choice: u64,
    index: u64,
    id: Option<String>,
    name: Option<String>,
}

impl Answer {
    /// The first id and model count: a stream repeats them.
    pub(super) fn identify(&mut self, id: Option<&str>, model: Option<&str>) {
        keep_first(&mut self.id, id);
        keep_first(&mut self.model, model);
    }

    /// Choice `index` ended; its last reason counts.
    pub(super) fn finish(&mut self, index: u64, reason: &str) {
        if let Some((_, old)) = self.finished.iter_mut().find(|(at, _)| *at == index) {
            *old = kept(reason);
        } else if self.finished.len() < KEPT {
            self.finished.push((index, kept(reason)));
        }
    }

    /// Takes the error of a body, if there is one.
    pub(super) fn fail(&mut self, error: &ErrorField<'_>) {
        if error.is_present() {
            self.error = Some(error.kind_or_unnamed());
        }
    }

    /// An error that has no name takes the code that stands beside it in `document`.
    pub(super) fn name_error(&mut self, document: &[u8]) {
        if self.error.as_deref() == Some(UNNAMED)
            && let Some(code) = error_body::code_beside(document)
        {
            self.error = Some(code);
        }
    }

    /// Drops all but the error, and that if it has no name.
    pub(super) fn keep_error(&mut self) {
        *self = Self {
            error: self.error.take().filter(|name| name != UNNAMED),
            findings: std::mem::take(&mut self.findings),
            ..Self::default()
        };
    }

    /// Why a choice ended.
    pub(super) fn finish_reason(&self, index: u64) -> Option<&str> {
        let of_choice = self.finished.iter().find(|(at, _)| *at == index);
        of_choice.map(|(_, reason)| &**reason)
    }

    /// Some choice ended.
    pub(super) fn has_finished(&self) -> bool {
        !self.finished.is_empty()
    }

    /// A piece of tool call `index` of a choice: id and name may come apart. Some servers use an
    /// index again for another call, which has another id.
    pub(super) fn tool(&mut self, choice: u64, index: u64, id: Option<&str>, name: Option<&str>) {
        let place = self.tools.iter_mut().rev().find(|slot| {
            slot.choice == choice
                && slot.index == index
                && (id.is_none() || slot.id.is_none() || slot.id.as_deref() == id)
        });
        if let Some(slot) = place {
            keep_first(&mut slot.id, id);
            keep_first(&mut slot.name, name);
        } else if self.tools.len() < KEPT {
            self.tools.push(ToolSlot {
                choice,
                index,
                id: id.map(kept),
                name: name.map(kept),
            });
        }
    }

    /// The next tool call of an answer in one piece.
    pub(super) fn next_tool(&mut self, choice: u64, id: Option<&str>, name: Option<&str>) {
        let index = self
            .tools
            .iter()
            .filter(|slot| slot.choice == choice)
            .count();
        self.tool(choice, index as u64, id, name);
    }

    /// Forgets the tool calls: a full list follows.
    pub(super) fn clear_tools(&mut self) {
        self.tools.clear();
    }

    /// Moves what was gathered into `facts`.
    pub(super) fn fill(mut self, facts: &mut ResponseFacts) {
        facts.id = self.id;
        facts.model = self.model;
        facts.service_tier = self.service_tier;
        facts.system_fingerprint = self.system_fingerprint;
        facts.documents = self.documents;
        facts.findings = (!self.findings.is_empty()).then(|| Box::new(self.findings));
        facts.is_pending = self.is_pending;
        facts.mcp = self.mcp;
        facts.conversation_id = self.conversation_id;
        facts.upstream_provider = self.upstream_provider.or(facts.upstream_provider.take());
        facts.processing_time = facts.processing_time.or(self.processing_time);
        facts.queue_time = facts.queue_time.or(self.queue_time);
        self.finished.sort_by_key(|(index, _)| *index);
        facts.finish_reasons = self
            .finished
            .into_iter()
            .map(|(_, reason)| reason)
            .collect();
        self.tools.sort_by_key(|slot| (slot.choice, slot.index));
        facts.tool_calls = self
            .tools
            .into_iter()
            .filter_map(|slot| {
                Some(ToolCall {
                    id: slot.id,
                    name: slot.name?,
                })
            })
            .collect();
    }
}

fn keep_first(place: &mut Option<String>, value: Option<&str>) {
    if place.is_none() {
        *place = value.map(kept);
    }
}

/// Replaces `place` by a value that is there.
pub(super) fn keep_last(place: &mut Option<String>, value: Option<&str>) {
    if let Some(value) = value
        && place.as_deref() != Some(value)
    {
        *place = Some(kept(value));
    }
}
