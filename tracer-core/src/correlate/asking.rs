//! A call whose request was seen, as far as its relations depend on it.

use super::{
    ids::{SpanId, TraceId},
    memory::Seeker,
    tenants::Tenant,
};
use crate::{
    detect::Role,
    http::exchange::ExchangeId,
    llm::{
        call::{CallFacts, Operation, TraceParent},
        content::trail::AskedTrail,
        uuid::is_uuid,
    },
    policy::looks_like_credential,
    segment::{ConnectionId, ProcessKey},
    time::Timestamp,
};

/// Which exchange of which connection.
pub(crate) type Place = (ConnectionId, ExchangeId);

/// A call that begins.
#[derive(Debug, Clone)]
pub(crate) struct Asking<'a> {
    pub(crate) place: Place,
    /// Tells calls of one exchange apart, which may hold many; given when its place is looked for.
    pub(crate) serial: u64,
    pub(crate) role: Role,
    /// First byte of the request.
    pub(crate) start: Timestamp,
    pub(crate) operation: Operation,
    pub(crate) model: Option<&'a str>,
    /// Digest of host and path: where it goes.
    pub(crate) target: u64,
    /// With which key, if that is known.
    pub(crate) tenant: Option<Tenant>,
    /// Digest of the whole request, if it was seen: the same at both ends.
    pub(crate) request: Option<u64>,
    /// Digest of the whole body, if it was seen.
    pub(crate) body: Option<u64>,
    /// Digest of what the client calls all attempts at the same by.
    pub(crate) key: Option<u64>,
    /// The number of the attempt less one, as the client says.
    pub(crate) retry_count: Option<u64>,
    /// The caller's span, as the request names it.
    pub(crate) parent: Option<(TraceId, SpanId)>,
    pub(crate) session: Option<NamedSession>,
    /// All calls of its connection are of one session.
    pub(crate) is_of_connection: bool,
    pub(crate) previous_response_id: Option<&'a str>,
    /// What it repeats and what it brings.
    pub(crate) trail: Option<&'a AskedTrail>,
}

/// The longest id of a session, in bytes.
const LONGEST: usize = 256;

/// The end of an id that is drawn has no fewer characters.
const DRAWN: usize = 8;

/// A session as the wire names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSession {
    /// The header or the field that names it.
    pub source: &'static str,
    /// Its id.
    pub id: String,
    /// Nobody else is likely to have the same.
    pub is_drawn: bool,
    /// The agent in it, where there are several.
    pub agent: Option<String>,
}

/// A session as the wire names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionName<'a> {
    /// The header or the field that names it.
    pub(super) source: &'static str,
    /// Its id.
    pub(super) id: &'a str,
}

impl NamedSession {
    /// Without what else is known of it.
    pub(super) fn name(&self) -> SessionName<'_> {
        SessionName {
            source: self.source,
            id: &self.id,
        }
    }

    /// Whether something may be an id that is told.
    pub(crate) fn may_be(id: &str) -> bool {
        !id.is_empty() && id.len() <= LONGEST && !looks_like_credential(id)
    }

    /// Whether nobody else is likely to have the same id: it is not counted, and no name.
    pub(crate) fn is_drawn(id: &str) -> bool {
        let end = id.rsplit(['_', '-', '.', ':', '/']).next().unwrap_or(id);
        let has = |is: fn(&u8) -> bool| end.as_bytes().iter().any(is);
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        is_uuid(id) || (end.len() >= DRAWN && is_mixed)
    }

    /// The conversation that a provider keeps.
    pub(crate) fn of_conversation(id: Option<&str>) -> Option<Self> {
        let id = id.filter(|id| Self::may_be(id))?;
        Some(Self {
            source: "conversation",
            id: id.to_owned(),
            is_drawn: Self::is_drawn(id),
            agent: None,
        })
    }
}

impl Asking<'_> {
    /// What its ids are made of.
    pub(super) const fn origin(&self) -> (Place, u64) {
        (self.place, self.serial)
    }

    pub(super) const fn process(&self) -> ProcessKey {
        self.place.0.process
    }

    /// As one who looks for an earlier call.
    pub(super) fn seeker(&self) -> Seeker<'_> {
        Seeker {
            place: self.place,
            session: self.session_name(),
        }
    }

    /// The session that the wire names.
    pub(super) fn session_name(&self) -> Option<SessionName<'_>> {
        self.session.as_ref().map(NamedSession::name)
    }

    /// It is a step of a conversation.
    pub(super) const fn is_chat(&self) -> bool {
        is_chat(self.operation)
    }
}

impl<'a> Asking<'a> {
    /// Of a call whose request was not told when it was seen: those of sessions.
    pub(crate) fn late(facts: &'a CallFacts, trail: Option<&'a AskedTrail>, serial: u64) -> Self {
        Self {
            place: (facts.connection, facts.exchange),
            serial,
            role: facts.role,
            start: facts.timing.start,
            operation: facts.operation,
            model: facts.request.model.as_deref(),
            target: 0,
            tenant: None,
            request: None,
            body: None,
            key: None,
            retry_count: facts.request.retry_count,
            parent: facts.parent.as_ref().map(caller),
            session: facts.request.session.clone().or_else(|| {
                NamedSession::of_conversation(facts.request.conversation_id.as_deref())
            }),
            is_of_connection: facts.api.0.ends_with(".realtime") || facts.api.0.ends_with(".live"),
            previous_response_id: facts.request.previous_response_id.as_deref(),
            trail,
        }
    }
}

/// The span that a trace context names.
pub(crate) const fn caller(parent: &TraceParent) -> (TraceId, SpanId) {
    let trace = u128::from_be_bytes(parent.trace_id);
    (TraceId(trace), SpanId(u64::from_be_bytes(parent.parent_id)))
}

/// Whether an operation is a step of a conversation.
pub(super) const fn is_chat(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Chat
            | Operation::GenerateContent
            | Operation::TextCompletion
            | Operation::InvokeAgent
    )
}
