//! A stream on which a server speaks on its own: `GET` of events.
//!
//! Over streamable HTTP it carries requests and notifications of the server. In the older HTTP+SSE
//! transport it is the only one: its first event names the address that requests are sent to, and all
//! answers come on it.
//!
//! Bias: any stream of events of a host that nobody knows is looked at until its first event. Wrong
//! costs the copied bytes up to there.

use super::{
    message::messages,
    session::{News, Over, SessionKey, asked},
};
use crate::{
    detect::Role,
    http::{
        exchange::{BodyEnd, ExchangeEventKind as Kind, ExchangeId},
        head::{RequestHead, ResponseHead},
    },
    limits::Limits,
    llm::{
        origin::Origin,
        provider::{HostRule, known_host},
    },
    stream::{event::Event, sse::Sse},
    time::Timestamp,
};

/// The event that names the address.
const ENDPOINT: &[u8] = b"endpoint";

/// One such stream.
#[derive(Debug)]
pub(crate) struct Listening {
    origin: Origin,
    head: Box<RequestHead>,
    state: State,
    events: Sse,
    /// It is one of MCP, by the head of its request.
    certain: bool,
    news: Vec<News>,
}

#[derive(Debug)]
enum State {
    /// Nothing but the request was seen.
    Asked,
    /// What it carries is to be seen.
    Doubtful,
    Open(SessionKey),
    /// It is none, or none was opened.
    Nothing,
}

impl Listening {
    /// The stream that a request may open.
    pub(in crate::llm) fn of_request(
        origin: Origin,
        head: Box<RequestHead>,
        limits: &Limits,
        hosts: &[HostRule],
    ) -> Result<Self, Box<RequestHead>> {
        let header = |name| head.headers.get(name);
        let events = header("accept").is_some_and(|accept| accept.contains("text/event-stream"));
        let known = head.host.as_ref().and_then(|host| known_host(host, hosts));
        if head.method != "GET" || !events || known.is_some() {
            return Err(head);
        }
        let named = ["mcp-session-id", "mcp-protocol-version"];
        let certain = named.iter().any(|name| header(name).is_some())
            || head.target.path.split('/').any(|segment| segment == "mcp");
        Ok(Self {
            origin,
            head,
            state: State::Asked,
            events: Sse::new(limits),
            certain,
            news: Vec::new(),
        })
    }

    /// To which exchange it belongs.
    pub(in crate::llm) const fn exchange(&self) -> ExchangeId {
        self.origin.exchange
    }

    /// Takes an event of the exchange, except its first and its last.
    pub(in crate::llm) fn event(&mut self, kind: Kind<'_>, time: Timestamp) {
        match kind {
            Kind::ResponseHead(head) => self.begin(&head),
            Kind::ResponseBody(bytes) => self.read(bytes, time),
            Kind::ResponseGap(_) => self.lose(),
            _ => {}
        }
    }

    /// What it told since the last time.
    pub(in crate::llm) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// It is one of MCP, whether or not the server opened it.
    pub(in crate::llm) const fn is_certain(&self) -> bool {
        self.certain
    }

    /// It turned out to be something else.
    pub(in crate::llm) const fn is_refuted(&self) -> bool {
        matches!(self.state, State::Nothing) && !self.certain
    }

    /// It is over.
    pub(in crate::llm) fn end(&mut self, end: BodyEnd, time: Timestamp) -> Option<News> {
        let State::Open(key) = std::mem::replace(&mut self.state, State::Nothing) else {
            return None;
        };
        let over = Over {
            stream: self.origin,
            listened: true,
            end,
            time,
        };
        Some(News::Over(key, over))
    }

    /// Bytes held of an event.
    pub(in crate::llm) fn held(&self) -> usize {
        self.events.held()
    }

    /// Gives them back: the event under way is left out.
    pub(in crate::llm) fn shed(&mut self) {
        self.events.shed();
        self.tell_loss();
    }

    fn begin(&mut self, head: &ResponseHead) {
        let is_stream = head.headers.get("content-type").is_some_and(|kind| {
            kind.trim_start()
                .to_ascii_lowercase()
                .starts_with("text/event-stream")
        });
        self.state = if !is_stream || head.status.is_some_and(|status| status != 200) {
            State::Nothing
        } else {
            State::Doubtful
        };
        if self.certain && matches!(self.state, State::Doubtful) {
            self.open(SessionKey::of(self.origin, &self.head));
        }
    }

    fn open(&mut self, key: SessionKey) {
        self.state = State::Open(key.clone());
        self.certain = true;
        self.news.push(News::Listens(key));
    }

    fn read(&mut self, bytes: &[u8], time: Timestamp) {
        if matches!(self.state, State::Asked | State::Nothing) {
            return;
        }
        let mut events = std::mem::replace(&mut self.events, Sse::new(&Limits::default()));
        events.feed(bytes, &mut |event| self.take(&event, time));
        self.events = events;
    }

    fn take(&mut self, event: &Event<'_>, time: Timestamp) {
        if event.event == ENDPOINT
            && let Ok(address) = std::str::from_utf8(event.data)
        {
            return self.name(address.trim(), time);
        }
        let messages = messages(event.data);
        if matches!(self.state, State::Doubtful) {
            if messages.iter().any(|message| message.is_json_rpc()) {
                self.open(SessionKey::of(self.origin, &self.head));
            } else if !event.data.trim_ascii().is_empty() {
                self.state = State::Nothing;
            }
        }
        let State::Open(key) = &self.state else {
            return;
        };
        for message in messages {
            if let Some(reply) = message.reply() {
                let news = News::Replied(key.clone(), Role::Client, reply, time);
                self.news.push(news);
            } else if message.wants_reply() {
                let bytes = event.data.len();
                let facts = asked(self.origin, &self.head, message.request(), bytes, time);
                self.news.push(News::Asked(key.clone(), facts));
            }
        }
    }

    /// Requests go to this address, and what is said here answers them.
    fn name(&mut self, address: &str, time: Timestamp) {
        let key = SessionKey::at(self.origin, &self.head, address);
        if let Some(left) = self.end(BodyEnd::Complete, time) {
            self.news.push(left);
        }
        self.open(key);
    }

    fn lose(&mut self) {
        self.events.gap();
        self.tell_loss();
    }

    fn tell_loss(&mut self) {
        if let State::Open(key) = &self.state {
            self.news.push(News::Lost(key.clone()));
        }
    }
}
