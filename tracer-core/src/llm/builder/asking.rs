//! What the relations of a call to others depend on, as far as its request tells.

use super::{CallBuilder, Request, Standing, parent};
use crate::{
    correlate::{Asking, NamedSession, Tenant, caller},
    http::{
        allow_list::AllowList,
        head::{Headers, RequestHead},
    },
    llm::{
        content::{digest, join},
        request_digest::RequestDigest,
        uuid::is_uuid,
    },
};

/// Headers that name a session: those of agents, and what gateways and tracers agreed on.
const SESSIONS: [&str; 12] = [
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "thread-id",
    "conversation_id",
    "x-opencode-session",
    "x-grok-conv-id",
    "x-session-id",
    "x-bf-session-id",
    "helicone-session-id",
    "agent-session-id",
    "langfuse_session_id",
];
/// Names among these that anybody may use, for sessions of other kinds, too: what they hold may open
/// one.
const COMMON: [&str; 5] = [
    "session-id",
    "session_id",
    "thread-id",
    "conversation_id",
    "x-session-id",
];
/// Headers that name one of several agents of a session.
const AGENTS: [&str; 2] = ["x-claude-code-agent-id", "x-openai-subagent"];
/// The source of a session that a header of the operator's names.
const CONFIGURED: &str = "session_headers";
/// Headers by which a client calls all attempts at the same.
const KEYS: [&str; 2] = ["idempotency-key", "amz-sdk-invocation-id"];

impl CallBuilder {
    /// What its relations depend on, once its request was seen; `None` if it is no call.
    pub(crate) fn asking(&self) -> Option<Asking<'_>> {
        let Request::Over {
            facts,
            standing: Standing::Confirmed | Standing::Open,
            ..
        } = &self.request
        else {
            return None;
        };
        let headers = &self.head.headers;
        let endpoint = &self.recognised.endpoint;
        Some(Asking {
            place: (self.origin.connection, self.origin.exchange),
            serial: 0,
            role: self.origin.role,
            start: self.start,
            operation: endpoint.operation,
            model: endpoint.model.as_deref().or(facts.model.as_deref()),
            target: target(&self.head),
            tenant: tenant(&self.head),
            request: self.digest.as_ref().map(RequestDigest::value),
            body: self.digest.as_ref().map(RequestDigest::of_body),
            key: key(headers),
            retry_count: retry_count(headers),
            parent: parent(headers, facts).as_ref().map(caller),
            session: self
                .session
                .clone()
                .or_else(|| facts.session.clone())
                .or_else(|| NamedSession::of_conversation(facts.conversation_id.as_deref())),
            is_of_connection: false,
            previous_response_id: facts.previous_response_id.as_deref(),
            trail: self.keeper.as_ref().and_then(|keeper| keeper.trail()),
        })
    }
}

/// Which attempt a client says that this is, from 0.
pub(super) fn retry_count(headers: &Headers) -> Option<u64> {
    let of_stainless = || headers.get("x-stainless-retry-count")?.trim().parse().ok();
    // `attempt=2; max=3`, from 1.
    let of_aws = || {
        let fields = headers.get("amz-sdk-request")?.split(';');
        let attempt = fields
            .filter_map(|field| field.trim().strip_prefix("attempt="))
            .next()?;
        attempt.parse::<u64>().ok()?.checked_sub(1)
    };
    of_stainless().or_else(of_aws)
}

/// The session that a header names: one that the operator told, else one of those that are known.
pub(super) fn session(headers: &Headers, admitted: &AllowList) -> Option<NamedSession> {
    let told = |name: &str| id(headers, name);
    let configured = || {
        let id = admitted.sessions().find_map(told)?;
        let is_drawn = NamedSession::is_drawn(&id);
        Some((CONFIGURED, id, is_drawn))
    };
    let known = |name: &&'static str| {
        let id = id(headers, name)?;
        let is_drawn = NamedSession::is_drawn(&id);
        // A name of ours stands in for what may be a secret.
        let is_plain = !COMMON.contains(name) || is_uuid(&id);
        let id = if is_plain {
            id
        } else {
            format!("{:016x}", digest(&id))
        };
        Some((*name, id, is_drawn))
    };
    let (source, id_of_session, is_drawn) =
        configured().or_else(|| SESSIONS.iter().find_map(known))?;
    Some(NamedSession {
        source,
        id: id_of_session,
        is_drawn,
        agent: AGENTS.iter().find_map(|name| id(headers, name)),
    })
}

/// The id that a header holds, if it may be told.
fn id(headers: &Headers, name: &str) -> Option<String> {
    let id = headers.get(name)?.trim();
    NamedSession::may_be(id).then(|| id.to_owned())
}

fn key(headers: &Headers) -> Option<u64> {
    KEYS.iter().find_map(|name| headers.get(name)).map(digest)
}

fn target(head: &RequestHead) -> u64 {
    join(host(head), digest(&head.target.path))
}

fn host(head: &RequestHead) -> u64 {
    head.host.as_ref().map_or(0, |host| {
        join(digest(&host.name), host.port.unwrap_or_default().into())
    })
}

fn tenant(head: &RequestHead) -> Option<Tenant> {
    Some(Tenant {
        host: host(head),
        key: head.headers.key()?.number(),
    })
}
