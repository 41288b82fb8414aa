//! Any messages in any order: every API makes calls of them, or nothing.

use std::sync::LazyLock;

use super::{handshake::recognise, overheard::Overheard, session::Session};
use crate::{
    attribution::AttributionRules,
    http::{
        allow_list::AllowList,
        exchange::ExchangeId,
        head::{Headers, HttpVersion, RequestHead, Target},
    },
    limits::Limits,
    llm::{builder::BuilderContext, content::ContentCapture},
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

/// The first byte of `data` picks the API, or that the messages must tell it; then come programs: a byte that says who sends and what
/// happens, one that says how many bytes, and the bytes.
pub fn fuzz_realtime(data: &[u8]) {
    let Some((&api, mut rest)) = data.split_first() else {
        return;
    };
    let allow_list = AllowList::default();
    let context = context(&allow_list);
    let path = PATHS.get(usize::from(api) % (PATHS.len() + 1));
    let mut session = session(path.unwrap_or(&"/v1/realtime"), context);
    let mut overheard = path.is_none().then(|| Overheard::new(CONNECTION, context));
    let mut say = |session: &mut Session, sender, part: Part<'_>, time| {
        let Some(heard) = &mut overheard else {
            return session.part(sender, part, time);
        };
        if let Some(found) = heard.part(sender, part, time, context) {
            *session = found;
            overheard = None;
        }
    };
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
        say(&mut session, sender, Part::Begin, time);
        for piece in message.chunks(usize::from(what >> 4) + 1) {
            say(&mut session, sender, Part::Data(piece), time);
        }
        let end = match what & 0b1110 {
            0b1110 => Part::Broken(Defect::Lost),
            _ => Part::End,
        };
        say(&mut session, sender, end, time);
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

const CONNECTION: ConnectionId = ConnectionId {
    process: ProcessKey(1),
    handle: 1,
    generation: 1,
};

fn context(headers: &AllowList) -> BuilderContext<'_> {
    static NOTHING: LazyLock<AttributionRules> = LazyLock::new(AttributionRules::default);
    BuilderContext {
        body_bytes: 1 << 10,
        limits: Limits::default(),
        headers,
        attribution: &NOTHING,
        hosts: &[],
        content: ContentCapture::Off,
        reads_content: false,
    }
}

fn session(path: &str, context: BuilderContext<'_>) -> Session {
    let head = RequestHead {
        method: "GET".into(),
        target: Target {
            path: path.into(),
            query: Vec::new(),
        },
        host: None,
        headers: Headers::admit(
            context.headers,
            [("upgrade", &b"websocket"[..])].into_iter(),
        ),
        target_digest: 0,
        unknown_fields: 0,
        version: HttpVersion::H11,
        wire_bytes: 0,
    };
    let recognised = recognise(&head, &[]).expect("a path of an API");
    Session::new(CONNECTION, ExchangeId(0), head, recognised, 101, context)
}
