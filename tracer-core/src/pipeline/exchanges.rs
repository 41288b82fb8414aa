//! The exchanges of one HTTP connection: calls under way, and what they say about it.

mod weighing;

use super::{
    both_ends::Place,
    handshake::Handshake,
    judge::{Evidence, Judge},
    output::Report,
    tunnel::Tunnel,
    turns::Turns,
};
use crate::{
    detect::Role,
    http::{
        exchange::{BodyEnd, ExchangeEvent, ExchangeEventKind, ExchangeId},
        head::RequestHead,
    },
    llm::{builder::Built, candidate::Candidate, mcp::News, origin::Origin},
    segment::{Direction, Segment},
    time::Timestamp,
};

/// The exchanges of one connection. Only LLM calls have any state here.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// On which side of them the process is.
    role: Role,
    /// In the order of their exchanges.
    calls: Vec<Candidate>,
    /// Bytes that they hold.
    held: usize,
    /// Requests that the process serves and for which it may make calls.
    served: Vec<ExchangeId>,
    /// Requests that have begun.
    begun: u32,
    /// The exchange whose request has begun and not ended.
    requesting: Option<ExchangeId>,
    /// It is held back until the server says that it may go on (RFC 9110 section 10.1.1).
    waits: bool,
    /// A handshake that may open a session with a model.
    handshake: Option<Box<Handshake>>,
    /// What streams carry behind a CONNECT.
    tunnels: Vec<Tunnel>,
    pub(super) judge: Judge,
    pub(super) turns: Turns,
}

/// Tunnels of one connection that are followed at once.
const MAX_TUNNELS: usize = 64;

impl Exchanges {
    /// It is known on which side the process is.
    pub(super) fn take_side(&mut self, role: Role) {
        self.role = role;
        self.turns.take_side(role);
    }

    /// A segment came, before its bytes are parsed; `contiguous` if nothing is missing before it in
    /// its direction. What was lost while nothing spoke for LLM calls on the connection counts as
    /// other traffic; before the first request anything may.
    pub(super) fn turn(&mut self, segment: &Segment<'_>, contiguous: bool) {
        let more = self.requesting.is_some() && contiguous;
        let goes_on = match self.role {
            Role::Client => self.may_go_on() || (more && segment.direction == Direction::Outbound),
            // What is written before a request is over answers it, be it only to go on.
            Role::Server => self.requesting.is_some(),
        };
        self.turns.segment(segment, goes_on);
        if self.judge.is_head_only() {
            self.turns.take_lost();
        }
    }

    /// Takes one event of the connection's parser.
    pub(super) fn event(&mut self, event: ExchangeEvent<'_>, report: &mut Report<'_>) {
        let ExchangeEvent {
            exchange,
            time,
            kind,
        } = event;
        match kind {
            ExchangeEventKind::RequestHead(head) => self.begin(exchange, head, time, report),
            ExchangeEventKind::ResponseEnd(end) => self.end(exchange, end, time, report),
            kind => {
                if matches!(kind, ExchangeEventKind::RequestEnd(_))
                    && self.requesting == Some(exchange)
                {
                    self.requesting = None;
                }
                if let ExchangeEventKind::ResponseHead(head) = &kind
                    && self.role == Role::Server
                {
                    let place = (report.connection, exchange);
                    report.correlator.request_answered(place, head, time);
                }
                if let (ExchangeEventKind::ResponseHead(head), Some(handshake)) =
                    (&kind, &mut self.handshake)
                    && handshake.exchange == exchange
                {
                    handshake.answered(head, time);
                }
                if !self.in_tunnel(exchange, &kind, time, report) {
                    self.tell(exchange, kind, time, report);
                }
            }
        }
    }

    /// Hands an event to the tunnel that it belongs to; whether there is one.
    fn in_tunnel(
        &mut self,
        exchange: ExchangeId,
        kind: &ExchangeEventKind<'_>,
        time: Timestamp,
        report: &mut Report<'_>,
    ) -> bool {
        let mut tunnels = self.tunnels.iter_mut();
        let Some(tunnel) = tunnels.find(|tunnel| tunnel.exchange == exchange) else {
            return false;
        };
        let evidence = tunnel.event(kind, time, report);
        if tunnel.is_left() {
            self.tunnels.retain(|tunnel| !tunnel.is_left());
        }
        if let Some(evidence) = evidence {
            self.weigh(evidence, report);
        }
        true
    }

    /// Hands an event to the call that it belongs to, if any, and hears what that has to say.
    fn tell(
        &mut self,
        exchange: ExchangeId,
        kind: ExchangeEventKind<'_>,
        time: Timestamp,
        report: &mut Report<'_>,
    ) {
        let place = self.place(exchange);
        let Some(call) = place.and_then(|place| self.calls.get_mut(place)) else {
            return;
        };
        let before = call.held();
        let is_asked = matches!(kind, ExchangeEventKind::RequestEnd(_));
        call.event(kind, time, report.config.builder_context());
        if is_asked {
            requested(call, (report.connection, exchange), self.role, time, report);
        }
        self.held = self.held.saturating_sub(before) + call.held();
        let (news, refuted) = (call.take_news(), call.is_refuted());
        for news in news {
            self.hear(news, report);
        }
        if refuted {
            self.end_call(exchange, BodyEnd::Complete, time, report);
        }
    }

    /// Exchanges that have begun so far.
    pub(super) const fn begun(&self) -> u32 {
        self.begun
    }

    /// The connection cannot be followed by heads alone.
    pub(super) fn follow_whole(&mut self, report: &mut Report<'_>) {
        if let Some(verdict) = self.judge.follow_whole() {
            report.verdict(verdict);
        }
    }

    /// The handshake that was under way.
    pub(super) fn take_handshake(&mut self) -> Option<Handshake> {
        self.handshake.take().map(|handshake| *handshake)
    }

    /// The request under way may go on in a later turn, even if that turn is not seen.
    pub(super) fn may_go_on(&self) -> bool {
        self.requesting.is_some() && self.waits
    }

    /// Calls are under way.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty() || !self.tunnels.is_empty()
    }

    /// Bytes that the calls under way hold.
    pub(super) fn held(&self) -> usize {
        self.held + self.tunnels.iter().map(Tunnel::held).sum::<usize>()
    }

    /// Lets the call that holds most go on as metadata; false if none holds anything.
    pub(super) fn shed(&mut self) -> bool {
        let largest = self.calls.iter_mut().max_by_key(|call| call.held());
        let Some(call) = largest.filter(|call| call.held() > 0) else {
            let largest = self.tunnels.iter_mut().max_by_key(|tunnel| tunnel.held());
            return largest
                .filter(|tunnel| tunnel.held() > 0)
                .is_some_and(|tunnel| {
                    tunnel.shed();
                    true
                });
        };
        self.held = self.held.saturating_sub(call.held());
        call.shed();
        self.held += call.held();
        true
    }

    /// Reports all calls under way as they are.
    pub(super) fn give_up(&mut self, end: BodyEnd, time: Timestamp, report: &mut Report<'_>) {
        self.held = 0;
        for tunnel in std::mem::take(&mut self.tunnels) {
            tunnel.end(end, time, report);
        }
        for call in std::mem::take(&mut self.calls) {
            self.finish(call, end, time, report);
        }
        for exchange in std::mem::take(&mut self.served) {
            let place = (report.connection, exchange);
            report.correlator.request_over(place, time);
        }
        report.steps();
    }

    fn begin(
        &mut self,
        exchange: ExchangeId,
        head: Box<RequestHead>,
        time: Timestamp,
        report: &mut Report<'_>,
    ) {
        report.stats.exchanges += 1;
        self.begun = self.begun.wrapping_add(1);
        self.requesting = Some(exchange);
        self.waits = head.headers.get("expect").is_some();
        self.turns.request();
        if self.role == Role::Server {
            let place = (report.connection, exchange);
            if report.correlator.requested(place, &head, time) {
                self.served.push(exchange);
            }
        }
        let context = report.config.builder_context();
        let origin = Origin {
            connection: report.connection,
            exchange,
            role: self.role,
        };
        match Candidate::new(origin, head, time, context) {
            Ok(candidate) => {
                self.weigh(Evidence::Candidate, report);
                self.calls.push(candidate);
                report.stats.open_exchanges += 1;
            }
            Err(head) => self.begin_other(exchange, &head, time, report),
        }
    }

    /// A request that is no call by itself.
    fn begin_other(
        &mut self,
        exchange: ExchangeId,
        head: &RequestHead,
        time: Timestamp,
        report: &mut Report<'_>,
    ) {
        if self.role == Role::Server {
            if !weighing::may_come_first(head) {
                self.weigh(Evidence::Other, report);
            }
            return;
        }
        let room = self.tunnels.len() < MAX_TUNNELS;
        if let Some(tunnel) = Tunnel::of_request(exchange, head, time, report).filter(|_| room) {
            if tunnel.is_handshake() {
                self.weigh(Evidence::Candidate, report);
            }
            return self.tunnels.push(tunnel);
        }
        self.handshake = Handshake::of_request(exchange, head, time, report.config);
        let evidence = if self.handshake.is_some() {
            Evidence::Candidate
        } else {
            weighing::of_host(head, report)
        };
        self.weigh(evidence, report);
    }

    fn end(
        &mut self,
        exchange: ExchangeId,
        end: BodyEnd,
        time: Timestamp,
        report: &mut Report<'_>,
    ) {
        if self.requesting == Some(exchange) {
            self.requesting = None;
        }
        self.end_handshake(exchange, report);
        let of_exchange = |tunnel: &mut Tunnel| tunnel.exchange == exchange;
        let over = self.tunnels.extract_if(.., of_exchange).next();
        if let Some(tunnel) = over {
            tunnel.end(end, time, report);
        }
        self.end_call(exchange, end, time, report);
        self.request_over(exchange, time, report);
    }

    /// What the process served is over, be it a call or not.
    fn request_over(&mut self, exchange: ExchangeId, time: Timestamp, report: &mut Report<'_>) {
        if let Some(at) = self.served.iter().position(|served| *served == exchange) {
            self.served.swap_remove(at);
            let place = (report.connection, exchange);
            report.correlator.request_over(place, time);
            report.steps();
        }
    }

    fn end_call(
        &mut self,
        exchange: ExchangeId,
        end: BodyEnd,
        time: Timestamp,
        report: &mut Report<'_>,
    ) {
        if let Some(place) = self.place(exchange) {
            let call = self.calls.remove(place);
            self.held = self.held.saturating_sub(call.held());
            if self.calls.is_empty() {
                self.calls = Vec::new();
            }
            self.finish(call, end, time, report);
        }
    }

    fn finish(&mut self, call: Candidate, end: BodyEnd, time: Timestamp, report: &mut Report<'_>) {
        let last = call.last_news(end, time);
        let (place, digest) = ((report.connection, call.exchange()), call.digest());
        meet(self.role, place, digest, report);
        let built = call.finish(end, time);
        if !built.is_call() {
            report.correlator.forget(place);
        }
        let built = self.with_other_end(built, place, digest, report);
        self.built(built, report);
        if let Some(news) = last {
            self.hear(news, report);
        }
    }

    /// Notes on a call what was seen of its other end. One that the process served waits a little if
    /// its client may still show.
    fn with_other_end(
        &self,
        mut built: Built,
        place: Place,
        digest: Option<u64>,
        report: &mut Report<'_>,
    ) -> Built {
        if self.role == Role::Server {
            if let Some(call) = built.call_mut()
                && report.processes.passes_on(call.facts())
            {
                call.pass_on();
            }
            if let Built::Call(mut call) = built {
                report.stamp(&mut call);
                let Some(call) = report.both_ends.hold(call, digest) else {
                    return Built::Silent;
                };
                built = Built::Call(call);
            }
        }
        let other_end = report.both_ends.over(self.role, place, digest);
        if let Some(call) = built.call_mut() {
            call.set_other_end(other_end);
        }
        built
    }

    /// An exchange told something of its session: the connection carries MCP.
    fn hear(&mut self, news: News, report: &mut Report<'_>) {
        self.weigh(Evidence::Llm, report);
        report.sessions.hear(news);
        report.joined();
    }

    /// The handshake is over, unless it led to another protocol: what did not open a session was
    /// refused.
    fn end_handshake(&mut self, exchange: ExchangeId, report: &mut Report<'_>) {
        let ended = |handshake: &mut Box<Handshake>| {
            handshake.exchange == exchange && !handshake.is_accepted()
        };
        let Some(handshake) = self.handshake.take_if(ended) else {
            return;
        };
        let context = report.config.builder_context();
        match handshake.refused(report.connection, context) {
            Some(call) => {
                self.weigh(Evidence::Llm, report);
                report.call(call);
            }
            None => self.weigh(Evidence::Other, report),
        }
    }

    fn built(&mut self, built: Built, report: &mut Report<'_>) {
        report.stats.open_exchanges = report.stats.open_exchanges.saturating_sub(1);
        match built {
            Built::Call(call) => {
                self.weigh(Evidence::Llm, report);
                report.call(call);
            }
            Built::Accepted(session, mut call) => {
                self.weigh(Evidence::Llm, report);
                report.stamp(&mut call);
                report.sessions.accepted(session, call);
                report.joined();
            }
            Built::Begun(mut call) => {
                self.weigh(Evidence::Llm, report);
                report.stamp(&mut call);
                report.unfinished.begun(call);
                report.joined();
            }
            Built::Asked(call) => {
                self.weigh(Evidence::Llm, report);
                report.unfinished.asked(call);
                report.joined();
            }
            Built::News(news) => self.hear(news, report),
            Built::Silent => self.weigh(Evidence::Llm, report),
            Built::Unconfirmed => {
                report.stats.unconfirmed_exchanges += 1;
                self.weigh(Evidence::Other, report);
            }
        }
    }

    fn place(&self, exchange: ExchangeId) -> Option<usize> {
        self.calls
            .binary_search_by_key(&exchange, |call| call.exchange())
            .ok()
    }
}

/// The request of a call was seen to its end: what is known of it by now may be looked for.
fn requested(call: &Candidate, place: Place, role: Role, time: Timestamp, report: &mut Report<'_>) {
    let digest = call.digest();
    if let Some(digest) = digest {
        for server in report.both_ends.requested(role, place, digest, time) {
            report.correlator.doubt(server);
        }
    }
    let Some(asking) = call.asking() else {
        return;
    };
    let other = digest.and_then(|digest| report.both_ends.other_of(role, place, digest));
    let client = other.filter(|_| role == Role::Server);
    report
        .correlator
        .asked(asking, client.map(|(client, _)| client));
    match (role, other) {
        (_, None) | (Role::Server, Some((_, true))) => {}
        (Role::Server, Some((_, false))) => report.correlator.doubt(place),
        // A write may be reported after the read of what it wrote.
        (Role::Client, Some(server)) => met(server, place, report),
    }
}

fn met((server, is_sure): (Place, bool), client: Place, report: &mut Report<'_>) {
    report.correlator.met(server, client);
    if !is_sure {
        report.correlator.doubt(server);
    }
}

/// Tells what is clear of both ends of a call by now.
fn meet(role: Role, place: Place, digest: Option<u64>, report: &mut Report<'_>) {
    let other = digest.and_then(|digest| report.both_ends.other_of(role, place, digest));
    match (role, other) {
        (_, None) => {}
        (Role::Client, Some(server)) => met(server, place, report),
        (Role::Server, Some((client, is_sure))) => met((place, is_sure), client, report),
    }
}
