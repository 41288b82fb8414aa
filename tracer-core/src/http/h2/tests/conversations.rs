//! Conversations with losses anywhere: what is reported is true, whatever is missing.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{
    frames::{Compression, DATA, END_STREAM, PING, PREFACE, WINDOW_UPDATE, frame},
    *,
};
use crate::{
    http::exchange::{ExchangeEvent, ExchangeEventKind as Kind, ExchangeId},
    segment::Direction::{Inbound, Outbound},
};

/// Something that a peer does in one write.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// A request of a new stream, with so many pieces of a body and perhaps an end.
    Request(u8, bool),
    /// More of the request of an open stream, the so-and-so-many-th.
    More(usize, bool),
    /// The head of the response of an open stream.
    Head(usize),
    /// More of the response, and perhaps its end.
    Answer(usize, bool),
    Window(bool),
    Ping(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0u8..3, any::<bool>()).prop_map(|(pieces, ends)| Act::Request(pieces, ends)),
        1 => (0usize..4, any::<bool>()).prop_map(|(which, ends)| Act::More(which, ends)),
        2 => (0usize..4).prop_map(Act::Head),
        4 => (0usize..4, prop::bool::weighted(0.3)).prop_map(|(which, ends)| Act::Answer(which, ends)),
        1 => any::<bool>().prop_map(Act::Window),
        1 => any::<bool>().prop_map(Act::Ping),
    ]
}

/// What a peer wrote.
type Written = (Direction, Vec<u8>);

/// An open stream.
#[derive(Debug, Clone, Copy)]
struct Open {
    number: u32,
    requested: bool,
    answering: bool,
}

/// The bytes of a conversation. All that belongs to a stream has its number in it.
fn conversation(acts: &[Act]) -> Vec<Written> {
    let (mut client, mut server) = (Compression::default(), Compression::default());
    let mut open: Vec<Open> = Vec::new();
    let mut next = 1;
    let mut written = Vec::new();
    let piece = |number: u32, ends: bool| {
        let flags = if ends { END_STREAM } else { 0 };
        frame(
            DATA,
            flags,
            number,
            format!("<{number}>").repeat(3).as_bytes(),
        )
    };
    for act in acts {
        match *act {
            Act::Request(pieces, ends) => {
                let path = format!("/{next}");
                let fields = [
                    (":method", "POST"),
                    (":path", path.as_str()),
                    (":authority", "host"),
                    ("user-agent", "same"),
                ];
                let mut bytes = client.headers(next, &fields, 0);
                (0..pieces).for_each(|_| bytes.extend(piece(next, false)));
                if ends {
                    bytes.extend(piece(next, true));
                }
                open.push(Open {
                    number: next,
                    requested: ends,
                    answering: false,
                });
                next += 2;
                written.push((Outbound, bytes));
            }
            Act::More(which, ends) => {
                if let Some(stream) = open.get_mut(which).filter(|stream| !stream.requested) {
                    stream.requested = ends;
                    written.push((Outbound, piece(stream.number, ends)));
                }
            }
            Act::Head(which) => {
                if let Some(stream) = open.get_mut(which).filter(|stream| !stream.answering) {
                    stream.answering = true;
                    let id = stream.number.to_string();
                    let fields = [
                        (":status", "429"),
                        ("request-id", id.as_str()),
                        ("server", "s"),
                    ];
                    written.push((Inbound, server.headers(stream.number, &fields, 0)));
                }
            }
            Act::Answer(which, ends) => {
                if let Some(stream) = open.get(which).copied().filter(|stream| stream.answering) {
                    written.push((Inbound, piece(stream.number, ends)));
                    if ends && stream.requested {
                        open.remove(which);
                    }
                }
            }
            Act::Window(out) => {
                let direction = if out { Outbound } else { Inbound };
                written.push((direction, frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")));
            }
            Act::Ping(out) => {
                let direction = if out { Outbound } else { Inbound };
                written.push((direction, frame(PING, 0, 0, b"pingpong")));
            }
        }
    }
    written
}

/// What was reported of an exchange that names its stream.
#[derive(Debug, Default)]
struct Told {
    streams: Vec<String>,
    /// Data since the last gap.
    data: [String; 2],
}

impl Told {
    fn event(&mut self, kind: &Kind<'_>) {
        match kind {
            Kind::RequestHead(head) => {
                assert_eq!(head.method, "POST");
                let path = head.target.path.strip_prefix('/');
                self.streams.extend(path.map(str::to_owned));
                assert!(head.host.as_ref().is_none_or(|host| host.name == "host"));
                assert_eq!(head.headers.get("request-id"), None);
            }
            Kind::ResponseHead(head) => {
                assert!(head.status.is_none_or(|status| status == 429));
                let id = head.headers.get("request-id");
                self.streams.extend(id.map(str::to_owned));
                assert!(
                    head.headers
                        .get("server")
                        .is_none_or(|server| server == "s")
                );
                assert_eq!(head.headers.get("user-agent"), None);
            }
            Kind::RequestBody(bytes) => self.add(0, bytes),
            Kind::ResponseBody(bytes) => self.add(1, bytes),
            Kind::RequestGap(_) | Kind::RequestEnd(_) => self.cut(0),
            Kind::ResponseGap(_) | Kind::ResponseEnd(_) => self.cut(1),
            Kind::ResponseTrailers(_) => panic!("nobody sent any"),
        }
    }

    fn add(&mut self, side: usize, bytes: &[u8]) {
        self.data[side].push_str(std::str::from_utf8(bytes).expect("text"));
    }

    /// Data between two gaps is whole but at its ends.
    fn cut(&mut self, side: usize) {
        let data = std::mem::take(&mut self.data[side]);
        let parts: Vec<&str> = data.split_inclusive('>').collect();
        for part in parts.iter().skip(1).filter(|part| part.ends_with('>')) {
            let number = part
                .strip_prefix('<')
                .and_then(|part| part.strip_suffix('>'));
            self.streams
                .push(number.expect("a number in brackets").to_owned());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_is_made_up(
        acts in proptest::collection::vec(act(), 1..40),
        losses in proptest::collection::vec((0usize..2000, 1usize..80), 0..4),
        attached in prop::option::weighted(0.3, 0usize..10),
        of_known_length in prop::bool::weighted(0.7),
    ) {
        let written = conversation(&acts);
        let attached = attached.filter(|at| {
            let is_request = |(direction, bytes): &Written| *direction == Outbound && bytes.get(3) == Some(&1);
            written.get(*at).is_some_and(is_request)
        });
        let start = attached.map_or(Start::Preface, |_| Start::Frame(Outbound));
        let list = Arc::new(AllowList::default());
        let mut connection = H2Connection::new(Role::Client, start, Limits::default(), list);
        let mut told: BTreeMap<ExchangeId, Told> = BTreeMap::new();
        let mut sink = |event: ExchangeEvent<'_>| told.entry(event.exchange).or_default().event(&event.kind);
        let arrival = |direction| Arrival { direction, time: Timestamp::default(), turn: 0 };
        if start == Start::Preface {
            connection.piece(arrival(Outbound), PREFACE, &mut sink);
        }
        // Places are counted over both directions; a loss within one write stays in its direction.
        let mut place = 0;
        for (direction, bytes) in written.iter().skip(attached.unwrap_or(0)) {
            let mut missing = 0;
            let mut from = 0;
            for at in 0..=bytes.len() {
                let lost = |at: usize| losses.iter().any(|(start, length)| (*start..start + length).contains(&at));
                let is_lost = at < bytes.len() && lost(place + at);
                if is_lost || at == bytes.len() {
                    if from < at {
                        if missing > 0 {
                            let told = of_known_length.then_some(missing);
                            connection.gap(arrival(*direction), told, &mut sink);
                            missing = 0;
                        }
                        connection.piece(arrival(*direction), &bytes[from..at], &mut sink);
                    }
                    missing += u64::from(is_lost);
                    from = at + 1;
                }
            }
            if missing > 0 {
                let told = of_known_length.then_some(missing);
                connection.gap(arrival(*direction), told, &mut sink);
            }
            place += bytes.len();
        }
        connection.close(Timestamp::default(), &mut sink);
        for (exchange, told) in &told {
            let first = told.streams.first();
            prop_assert!(told.streams.iter().all(|stream| Some(stream) == first), "{exchange:?} {told:?}");
        }
    }
}
