//! Reads a conversation from the side.

use std::{collections::BTreeMap, sync::Arc};

use tracer_core::{
    detect::{Detector, Protocol, Role},
    http::{
        allow_list::AllowList,
        exchange::{BodyEnd, ExchangeEvent, ExchangeEventKind as Kind, ExchangeId},
        h2::{H2Connection, Start},
        head::Headers,
    },
    limits::Limits,
    segment::{Arrival, Direction},
    time::Timestamp,
};

use crate::talk::Said;

/// What was reported of an exchange.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub host: Option<String>,
    pub headers: Vec<(String, String)>,
    pub unknown: u32,
    pub body: Vec<u8>,
    pub request_end: Option<BodyEnd>,
    pub status: Option<u16>,
    pub answer_headers: Vec<(String, String)>,
    pub answer: Vec<u8>,
    pub trailers: Option<Vec<(String, String)>>,
    pub end: Option<BodyEnd>,
}

/// One that listens to a connection.
pub struct Observer {
    role: Role,
    connection: Option<H2Connection>,
}

impl Observer {
    /// One that looks at the client from the beginning on.
    pub fn of_client() -> Self {
        Self::of(Role::Client)
    }

    /// The same of the server.
    pub fn of_server() -> Self {
        Self::of(Role::Server)
    }

    /// One that looks at the client and does not know what it speaks.
    pub fn late() -> Self {
        Self {
            role: Role::Client,
            connection: None,
        }
    }

    fn of(role: Role) -> Self {
        Self {
            role,
            connection: Some(connection(role, Start::Preface)),
        }
    }

    /// What was reported of each exchange, by the number in its path.
    pub fn watch(self, said: &Said) -> BTreeMap<usize, Seen> {
        let number = |seen: &Seen| {
            let number = seen.path.strip_prefix("/v1/").expect("a path");
            number.parse().expect("a number")
        };
        let seen = self.watch_from(said).into_values();
        seen.map(|seen| (number(&seen), seen)).collect()
    }

    /// What was reported of each exchange, in the order of their requests.
    pub fn watch_from(mut self, said: &[(Direction, Vec<u8>)]) -> BTreeMap<ExchangeId, Seen> {
        let mut seen: BTreeMap<ExchangeId, Seen> = BTreeMap::new();
        let mut sink = |event: ExchangeEvent<'_>| {
            seen.entry(event.exchange).or_default().add(event.kind);
        };
        let mut detector = Detector::default();
        let mut turn = Turn::default();
        for (direction, bytes) in said {
            let direction = match self.role {
                Role::Client => *direction,
                Role::Server => direction.opposite(),
            };
            let arrival = Arrival {
                direction,
                time: Timestamp::default(),
                turn: turn.at(direction),
            };
            if let Some(connection) = &mut self.connection {
                connection.piece(arrival, bytes, &mut sink);
                continue;
            }
            let Some(protocol) = detector.piece(arrival, bytes) else {
                continue;
            };
            let Protocol::Http2(role, start) = protocol else {
                assert_eq!(protocol, Protocol::Opaque, "given up, but not mistaken");
                return seen;
            };
            assert_eq!(role, self.role);
            let mut connection = connection(role, start);
            let (held, used) = detector.take_held();
            for (arrival, bytes) in held {
                connection.piece(arrival, &bytes, &mut sink);
            }
            connection.piece(arrival, &bytes[used..], &mut sink);
            self.connection = Some(connection);
        }
        if let Some(connection) = &mut self.connection {
            connection.close(Timestamp::default(), &mut sink);
            assert!(!format!("{connection:?}").contains("secret"));
        }
        assert!(!format!("{seen:?}").contains("secret"));
        seen
    }
}

fn connection(role: Role, start: Start) -> H2Connection {
    let list = Arc::new(AllowList::default());
    H2Connection::new(role, start, Limits::default(), list)
}

/// Turns from reading to writing.
#[derive(Default)]
struct Turn {
    number: u32,
    read: bool,
}

impl Turn {
    fn at(&mut self, direction: Direction) -> u32 {
        match direction {
            Direction::Outbound => self.number += u32::from(std::mem::take(&mut self.read)),
            Direction::Inbound => self.read = true,
        }
        self.number
    }
}

impl Seen {
    fn add(&mut self, kind: Kind<'_>) {
        match kind {
            Kind::RequestHead(head) => {
                self.method = head.method;
                self.path = head.target.path;
                self.host = head.host.map(|host| host.name);
                self.headers = fields(&head.headers);
                self.unknown = head.unknown_fields;
            }
            Kind::RequestBody(bytes) => self.body.extend_from_slice(bytes),
            Kind::RequestEnd(end) => self.request_end = Some(end),
            Kind::ResponseHead(head) => {
                self.status = head.status;
                self.answer_headers = fields(&head.headers);
            }
            Kind::ResponseBody(bytes) => self.answer.extend_from_slice(bytes),
            Kind::ResponseTrailers(headers) => self.trailers = Some(fields(&headers)),
            Kind::ResponseEnd(end) => self.end = Some(end),
            Kind::RequestGap(_) | Kind::ResponseGap(_) => {}
        }
    }
}

fn fields(headers: &Headers) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    headers.iter().map(owned).collect()
}
