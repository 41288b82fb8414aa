//! Bounds; what is joined is tested on whole connections, see `pipeline::sessions_tests`.

use super::*;
use crate::{
    http::{
        exchange::ExchangeId,
        head::{Headers, HttpVersion, RequestHead, Target},
    },
    llm::{mcp::McpRequest, mcp::session::asked, origin::Origin},
    segment::{ConnectionId, ProcessKey},
};

fn origin(process: u64) -> Origin {
    Origin {
        connection: ConnectionId {
            process: ProcessKey(process),
            handle: 1,
            generation: 1,
        },
        exchange: ExchangeId(0),
        role: Role::Client,
    }
}

fn head() -> RequestHead {
    RequestHead {
        method: "GET".into(),
        target: Target::default(),
        target_digest: 1,
        host: None,
        headers: Headers::default(),
        unknown_fields: 0,
        version: HttpVersion::H11,
        wire_bytes: 0,
    }
}

fn ask(sessions: &mut Sessions, process: u64, id: usize) {
    let (origin, head) = (origin(process), head());
    let request = McpRequest {
        id: Some(id.to_string()),
        ..McpRequest::default()
    };
    let time = Timestamp::from_unix_nanos(1_000_000_000);
    let facts = asked(origin, &head, request, 1, time);
    sessions.hear(News::Asked(SessionKey::of(origin, &head), facts));
}

fn truncated(sessions: &mut Sessions) -> usize {
    let over = sessions.take_over();
    assert!(
        over.iter()
            .all(|call| call.facts().capture == CaptureState::Truncated)
    );
    over.len()
}

#[test]
fn a_session_holds_a_bounded_number_of_requests_and_reports_the_others() {
    let mut sessions = Sessions::default();
    for id in 0..MAX_WAITING + 10 {
        ask(&mut sessions, 1, id);
    }
    assert_eq!(sessions.waiting(), MAX_WAITING);
    assert_eq!(truncated(&mut sessions), 10);
}

#[test]
fn all_sessions_together_do_and_so_is_their_number() {
    let mut sessions = Sessions::default();
    for process in 0..MAX_SESSIONS as u64 + 5 {
        ask(&mut sessions, process, 0);
    }
    assert_eq!(sessions.waiting(), MAX_SESSIONS);
    assert_eq!(truncated(&mut sessions), 5);
    for process in 100..300 {
        for id in 1..=20 {
            ask(&mut sessions, process, id);
        }
    }
    assert_eq!(sessions.waiting(), MAX_WAITING_IN_ALL);
    assert_eq!(
        truncated(&mut sessions),
        MAX_SESSIONS + 200 * 20 - MAX_WAITING_IN_ALL
    );
}

#[test]
fn nobody_waits_for_ever() {
    let mut sessions = Sessions::default();
    ask(&mut sessions, 1, 0);
    let patience = Duration::from_secs(60);
    sessions.expire(Timestamp::from_unix_nanos(60_000_000_000), patience);
    assert_eq!(sessions.waiting(), 1);
    sessions.expire(Timestamp::from_unix_nanos(61_000_000_000), patience);
    assert_eq!(sessions.waiting(), 0);
    assert_eq!(sessions.take_over()[0].facts().capture, CaptureState::Open);
    assert_eq!(sessions.known.len(), 0, "an empty session is forgotten");
}
