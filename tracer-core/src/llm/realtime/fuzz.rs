//! Any messages in any order: every API makes calls of them, or nothing.

use super::{handshake::recognise, session::Session};
use crate::{
    http::{
        allow_list::AllowList,
        exchange::ExchangeId,
        head::{Headers, HttpVersion, RequestHead, Target},
    },
    limits::Limits,
    llm::builder::BuilderContext,
    segment::{ConnectionId, ProcessKey},
    stream::websocket::{Defect, Part, Sender},
    time::Timestamp,
};

/// The paths of all APIs.
const PATHS: [&str; 3] = [
    "/v1/realtime",
    "/v1/responses",
    "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
];

/// The first byte of `data` picks the API; then come programs: a byte that says who sends and what
/// happens, one that says how many bytes, and the bytes.
pub fn fuzz_realtime(data: &[u8]) {
    let Some((&api, mut rest)) = data.split_first() else {
        return;
    };
    let mut session = session(PATHS.get(usize::from(api) % PATHS.len()).unwrap_or(&""));
    let mut now = 1_u64 << 60;
    let mut calls = 0;
    while let [what, length, after @ ..] = rest {
        now += 1_000_000;
        let time = Timestamp::from_unix_nanos(now);
        let sender = if what & 1 == 0 {
            Sender::Client
        } else {
            Sender::Server
        };
        let (message, after) = after.split_at(usize::from(*length).min(after.len()));
        session.part(sender, Part::Begin, time);
        for piece in message.chunks(usize::from(what >> 4) + 1) {
            session.part(sender, Part::Data(piece), time);
        }
        session.part(
            sender,
            match what & 0b1110 {
                0b1110 => Part::Broken(Defect::Lost),
                _ => Part::End,
            },
            time,
        );
        if what & 0b1110 == 0b1100 {
            session.gap();
        }
        calls += session.take_calls().count();
        rest = after;
    }
    session.close(Timestamp::from_unix_nanos(now));
    calls += session.take_calls().count();
    // A message of each side and the end make a turn at most, and what a turn displaces.
    assert!(calls <= data.len());
    session.close(Timestamp::from_unix_nanos(now));
    assert_eq!(session.take_calls().count(), 0, "a session ends once");
}

fn session(path: &str) -> Session {
    let allow_list = AllowList::default();
    let head = RequestHead {
        method: "GET".into(),
        target: Target {
            path: path.into(),
            query: Vec::new(),
        },
        host: None,
        headers: Headers::admit(&allow_list, [("upgrade", &b"websocket"[..])].into_iter()),
        target_digest: 0,
        unknown_fields: 0,
        version: HttpVersion::H11,
        wire_bytes: 0,
    };
    let recognised = recognise(&head, &[]).expect("a path of an API");
    Session::new(
        ConnectionId {
            process: ProcessKey(1),
            handle: 1,
            generation: 1,
        },
        ExchangeId(0),
        head,
        recognised,
        101,
        BuilderContext {
            body_bytes: 1 << 10,
            limits: Limits::default(),
            headers: &allow_list,
            hosts: &[],
        },
    )
}
