//! The direction of the requests.

use crate::{
    detect::{Look, Role},
    http::{
        exchange::{BodyEnd, ExchangeEventKind as Kind, Sink},
        h1::{
            H1Connection,
            head::{HeadStep, Request, parse_request},
            message::{Loss, MessageBody, Progress},
            side::State,
        },
    },
    segment::Arrival,
    time::Timestamp,
};

impl H1Connection {
    /// Whether a request line at the beginning of a turn is to be believed rather than the state.
    pub(super) fn requests_out_of_step(&mut self) -> bool {
        match self.requests.state {
            State::Adrift(_) => true,
            State::Head => self.requests.heads.is_partial(),
            // A request that was answered before its end need not come to it.
            State::Body(_) => self.open.requesting().is_none(),
        }
    }

    pub(super) fn read_requests(
        &mut self,
        arrival: Arrival,
        mut bytes: &[u8],
        sink: &mut Sink<'_>,
    ) -> usize {
        if let Some(exchange) = self.open.requesting() {
            exchange.request_seen = arrival.time;
            exchange.seen = arrival.time;
            // A client that was told to continue has turned since it wrote the head.
            if self.role == Role::Client {
                exchange.turn = arrival.turn;
            }
        }
        while !bytes.is_empty() {
            match &mut self.requests.state {
                State::Adrift(_) => return 0,
                State::Head => {
                    let max = self.limits.head_bytes;
                    match self
                        .requests
                        .heads
                        .read(arrival.time, &mut bytes, Look::Request, max)
                    {
                        HeadStep::More => {}
                        HeadStep::Strange => self.requests.drift(None),
                        HeadStep::Head(head, started) => {
                            let request = parse_request(&head, &self.allow_list);
                            self.request_head(request, started, arrival, sink);
                        }
                        HeadStep::Cut(head, started) => {
                            let mut request = parse_request(&head, &self.allow_list);
                            if let Some(request) = &mut request {
                                request.cut();
                            }
                            self.request_head(request, started, arrival, sink);
                        }
                    }
                }
                State::Body(body) => {
                    let exchange = self.open.requesting();
                    let progress = body.read(&mut bytes, &mut |data| {
                        if let Some(exchange) = &exchange {
                            exchange.tell(arrival.time, Kind::RequestBody(data), sink);
                        }
                    });
                    self.request_progress(progress, sink);
                }
            }
        }
        0
    }

    fn request_head(
        &mut self,
        request: Option<Request>,
        started: Timestamp,
        arrival: Arrival,
        sink: &mut Sink<'_>,
    ) {
        let Some(request) = request else {
            return self.requests.drift(None);
        };
        if self.open.len() >= self.limits.open_exchanges {
            self.end_front(BodyEnd::Truncated, arrival.time, sink);
            // Whose the next response is can no longer be counted off.
            self.responses.drift(None);
        }
        let exchange = self.open.begin(request.method, arrival.turn, arrival.time);
        exchange.tell(started, Kind::RequestHead(Box::new(request.head)), sink);
        self.open.push(exchange);
        let progress = match request.framing {
            Err(_) => Progress::Nonsense,
            Ok(framing) => match MessageBody::new(&framing, &self.limits) {
                Some(body) => {
                    self.requests.state = State::Body(body);
                    Progress::More
                }
                None => Progress::End(BodyEnd::Complete),
            },
        };
        self.request_progress(progress, sink);
    }

    fn request_progress(&mut self, progress: Progress, sink: &mut Sink<'_>) {
        match progress {
            Progress::More => {}
            Progress::End(end) => {
                self.requests.state = State::Head;
                self.open.end_request(end, sink);
            }
            Progress::Nonsense => {
                self.requests.drift(None);
                self.open.end_request(BodyEnd::Undecodable, sink);
            }
        }
    }

    pub(super) fn lose_request(&mut self, missing: u64, sink: &mut Sink<'_>) {
        let State::Body(body) = &mut self.requests.state else {
            return self.requests.drift(None);
        };
        match body.lose(missing) {
            Loss::Within => {
                let progress = body.read(&mut &[][..], &mut |_| {});
                if let Some(exchange) = self.open.requesting() {
                    exchange.tell(exchange.request_seen, Kind::RequestGap(missing), sink);
                }
                self.request_progress(progress, sink);
            }
            Loss::Over {
                of_body: missing, ..
            }
            | Loss::Adrift(missing) => {
                self.requests.drift(None);
                self.open.end_request(BodyEnd::Gap { missing }, sink);
            }
        }
    }
}
