//! The direction of the responses.

use crate::{
    detect::Look,
    http::{
        body::LastChunkSearch,
        exchange::{BodyEnd, ExchangeEventKind as Kind, Sink},
        h1::{
            H1Connection, Upgrade,
            head::{HeadStep, Method, Response, parse_response},
            message::{Loss, MessageBody, Progress},
            side::State,
        },
    },
    segment::Arrival,
    time::Timestamp,
};

impl H1Connection {
    /// Whether a status line at the beginning of a turn is to be believed rather than the state.
    pub(super) fn responses_out_of_step(&mut self, arrival: Arrival) -> bool {
        match self.responses.state {
            State::Adrift(_) => true,
            State::Head => self.responses.heads.is_partial(),
            // A response without a request was framed by guess: it may have been that of a HEAD.
            State::Body(_) if self.open.responding().is_none() => true,
            State::Body(_) => self
                .open
                .iter()
                .skip(1)
                .any(|exchange| exchange.due(self.role) == arrival.turn),
        }
    }

    /// A response begins that need not be the next one: finds out whose it is.
    pub(super) fn restart_responses(&mut self, arrival: Arrival, sink: &mut Sink<'_>) {
        self.end_overdue(arrival, sink);
        let due = self
            .open
            .iter()
            .filter(|exchange| exchange.due(self.role) == arrival.turn)
            .count();
        while due > 1 && self.open.front().is_some() {
            self.end_front_unseen(sink);
        }
        self.responses.restart();
    }

    /// Ends exchanges that can no longer be answered: the process has turned since.
    pub(super) fn end_overdue(&mut self, arrival: Arrival, sink: &mut Sink<'_>) {
        let role = self.role;
        while self
            .open
            .front()
            .is_some_and(|exchange| exchange.due(role) < arrival.turn)
        {
            self.end_front_unseen(sink);
            self.responses.drift(None);
        }
    }

    pub(super) fn read_responses(
        &mut self,
        arrival: Arrival,
        mut bytes: &[u8],
        sink: &mut Sink<'_>,
    ) -> usize {
        if let Some(exchange) = self.open.front() {
            exchange.seen = arrival.time;
        }
        while !bytes.is_empty() && self.upgraded.is_none() {
            match &mut self.responses.state {
                State::Adrift(None) => return 0,
                State::Adrift(Some(search)) => {
                    if search.passes(&mut bytes) {
                        self.responses.restart();
                        self.end_front_unseen(sink);
                    }
                }
                State::Head => {
                    let max = self.limits.head_bytes;
                    match self
                        .responses
                        .heads
                        .read(arrival.time, &mut bytes, Look::Response, max)
                    {
                        HeadStep::More => {}
                        HeadStep::Strange => self.strange_response(arrival, sink),
                        HeadStep::Head(head, started) => {
                            let response = self.parse_response(&head);
                            self.response_head(response, started, arrival, sink);
                        }
                        HeadStep::Cut(head, started) => {
                            let mut response = self.parse_response(&head);
                            if let Some(response) = &mut response {
                                response.cut();
                            }
                            self.response_head(response, started, arrival, sink);
                        }
                    }
                }
                State::Body(body) => {
                    let exchange = self.open.responding();
                    let progress = body.read(&mut bytes, &mut |data| {
                        if let Some(exchange) = &exchange {
                            exchange.tell(arrival.time, Kind::ResponseBody(data), sink);
                        }
                    });
                    self.response_progress(progress, arrival, sink);
                }
            }
        }
        bytes.len()
    }

    fn parse_response(&mut self, head: &[u8]) -> Option<Response> {
        let method = self.open.front().map(|exchange| exchange.method);
        parse_response(head, method.unwrap_or(Method::Other), &self.allow_list)
    }

    fn response_head(
        &mut self,
        response: Option<Response>,
        started: Timestamp,
        arrival: Arrival,
        sink: &mut Sink<'_>,
    ) {
        let method = self.open.front().map(|exchange| exchange.method);
        let Some(response) = response else {
            return self.strange_response(arrival, sink);
        };
        let status = response.head.status.unwrap_or_default();
        if matches!(status, 100 | 102..=199) {
            return; // interim: the final response follows
        }
        let upgrade = Self::upgrade(&response, method);
        if let Some(exchange) = self.open.front() {
            exchange.responding = true;
            exchange.tell(started, Kind::ResponseHead(Box::new(response.head)), sink);
        }
        if upgrade.is_some() {
            self.response_progress(Progress::End(BodyEnd::Complete), arrival, sink);
            self.close(arrival.time, sink);
            self.upgraded = upgrade;
            return;
        }
        let progress = match response.framing {
            Err(_) => Progress::Nonsense,
            Ok(framing) => {
                let body = match method {
                    Some(_) => MessageBody::new(&framing, &self.limits),
                    None => MessageBody::unread(framing, &self.limits),
                };
                match body {
                    Some(body) => {
                        self.responses.state = State::Body(body);
                        Progress::More
                    }
                    None => Progress::End(BodyEnd::Complete),
                }
            }
        };
        self.response_progress(progress, arrival, sink);
    }

    /// What follows this response on the connection, if not HTTP/1.
    fn upgrade(response: &Response, method: Option<Method>) -> Option<Upgrade> {
        let status = response.head.status.unwrap_or_default();
        if method == Some(Method::Connect) && (200..300).contains(&status) {
            return Some(Upgrade::Tunnel);
        }
        let name = response.head.headers.get("upgrade").unwrap_or_default();
        (status == 101).then(|| {
            if name.eq_ignore_ascii_case("websocket") {
                Upgrade::WebSocket
            } else if name.eq_ignore_ascii_case("h2c") {
                Upgrade::Tunnel
            } else {
                Upgrade::Other
            }
        })
    }

    /// What should have been the head of a response was none.
    fn strange_response(&mut self, arrival: Arrival, sink: &mut Sink<'_>) {
        self.responses.drift(None);
        self.end_front(BodyEnd::Undecodable, arrival.time, sink);
    }

    fn response_progress(&mut self, progress: Progress, arrival: Arrival, sink: &mut Sink<'_>) {
        let end = match progress {
            Progress::More => return,
            Progress::End(end) => {
                self.responses.state = State::Head;
                end
            }
            Progress::Nonsense => {
                self.responses.drift(None);
                BodyEnd::Undecodable
            }
        };
        if self.open.responding().is_some() {
            self.end_front(end, arrival.time, sink);
        }
    }

    /// The front is over as of `time`, and with it what was not seen of its request.
    pub(super) fn end_front(&mut self, end: BodyEnd, time: Timestamp, sink: &mut Sink<'_>) {
        self.open.end_front(end, self.requests.unseen(), time, sink);
    }

    /// The front was over unseen, at the earliest when its last byte was seen.
    fn end_front_unseen(&mut self, sink: &mut Sink<'_>) {
        if let Some(exchange) = self.open.front() {
            let end = exchange
                .lost
                .map_or(BodyEnd::Cut, |missing| BodyEnd::Gap { missing });
            let seen = exchange.seen;
            self.end_front(end, seen, sink);
        }
    }

    pub(super) fn lose_response(&mut self, missing: u64, sink: &mut Sink<'_>) {
        let State::Body(body) = &mut self.responses.state else {
            let in_chunks = matches!(self.responses.state, State::Adrift(Some(_)));
            self.responses
                .drift(in_chunks.then(LastChunkSearch::default));
            return self.open.lose(missing);
        };
        let exchange = self.open.responding();
        let seen = exchange.as_ref().map(|exchange| exchange.seen);
        match body.lose(missing) {
            Loss::Within => {
                let progress = body.read(&mut &[][..], &mut |_| {});
                if let Some(exchange) = exchange {
                    exchange.tell(exchange.seen, Kind::ResponseGap(missing), sink);
                }
                if let Progress::End(end) = progress {
                    self.responses.state = State::Head;
                    if let Some(seen) = seen {
                        self.end_front(end, seen, sink);
                    }
                }
            }
            Loss::Over { of_body, beyond } => {
                self.responses.drift(None);
                if let Some(seen) = seen {
                    self.end_front(BodyEnd::Gap { missing: of_body }, seen, sink);
                }
                self.open.lose(beyond);
            }
            Loss::Adrift(missing) => {
                self.responses
                    .drift(seen.map(|_| LastChunkSearch::default()));
                self.open.lose(missing);
            }
        }
    }
}
