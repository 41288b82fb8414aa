//! Any news of any sessions: whoever asked is reported once, and what waits stays bounded.

use super::{
    Sessions,
    message::messages,
    session::{News, Over, SessionKey, asked},
};
use crate::{
    detect::Role,
    http::{
        allow_list::AllowList,
        exchange::{BodyEnd, ExchangeId},
        head::{Headers, HttpVersion, RequestHead, Target},
    },
    llm::{call::Call, origin::Origin},
    segment::{ConnectionId, ProcessKey},
    time::Timestamp,
};

/// Plays `data` as a program: a byte that says what happens and in which session, one that says to
/// which request or stream, and of replies the length of a message and the message.
pub fn fuzz_mcp(data: &[u8]) {
    let mut sessions = Sessions::default();
    let mut rest = data;
    let (mut now, mut asked_for, mut reported) = (0, 0, 0);
    while let [what, which, after @ ..] = rest {
        rest = after;
        now += 1_000_000_000;
        let time = Timestamp::from_unix_nanos(now);
        let origin = origin(*which);
        let head = head(what >> 5);
        let key = || SessionKey::of(origin, &head);
        let message = format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, which % 8);
        let request = || {
            messages(message.as_bytes())
                .first()
                .map(|first| first.request())
        };
        match what & 7 {
            0 => sessions.hear(News::Listens(key())),
            1 => {
                asked_for += 1;
                let facts = asked(origin, &head, request().unwrap_or_default(), 1, time);
                sessions.hear(News::Asked(key(), facts));
            }
            2 => {
                asked_for += 1;
                let facts = asked(origin, &head, request().unwrap_or_default(), 1, time);
                sessions.accepted(key(), Box::new(Call::captured(*facts)));
            }
            3 => sessions.hear(News::Lost(key())),
            4 => {
                let end = if what & 8 == 0 {
                    BodyEnd::Cut
                } else {
                    BodyEnd::Open
                };
                let mut over = Over::of_response(origin, end, time);
                over.listened = what & 16 == 0;
                sessions.hear(News::Over(key(), over));
            }
            5 => sessions.expire(time, std::time::Duration::from_secs((*which).into())),
            _ => {
                let length = usize::from(*which).min(rest.len());
                let (body, after) = rest.split_at(length);
                rest = after;
                for reply in messages(body).iter().filter_map(|message| message.reply()) {
                    let asker = if what & 8 == 0 {
                        Role::Client
                    } else {
                        Role::Server
                    };
                    sessions.hear(News::Replied(key(), asker, reply, time));
                }
            }
        }
        for call in sessions.take_over() {
            reported += 1;
            let timing = &call.facts().timing;
            assert!(timing.start <= timing.end);
        }
        assert_eq!(asked_for, reported + sessions.waiting());
    }
    sessions.expire(Timestamp::from_unix_nanos(now), std::time::Duration::ZERO);
    assert_eq!(
        (asked_for, sessions.waiting()),
        (reported + sessions.take_over().len(), 0)
    );
}

fn origin(which: u8) -> Origin {
    Origin {
        connection: ConnectionId {
            process: ProcessKey(1),
            handle: u64::from(which % 4),
            generation: 1,
        },
        exchange: ExchangeId(0),
        role: Role::Client,
    }
}

/// A head that belongs to one of eight sessions.
fn head(session: u8) -> RequestHead {
    let name = [b'a' + session % 8];
    RequestHead {
        method: "POST".into(),
        target: Target::default(),
        target_digest: 0,
        host: None,
        headers: Headers::admit(
            &AllowList::default(),
            [("mcp-session-id", &name[..])].into_iter(),
        ),
        unknown_fields: 0,
        version: HttpVersion::H11,
        wire_bytes: 0,
    }
}
