//! One connection: from its segments to the events of its exchanges.

use super::{exchanges::Exchanges, http::Http, output::Report, websocket::RealtimeConnection};
use crate::{
    detect::{Detector, Protocol, Role},
    http::{exchange::BodyEnd, h1::Upgrade},
    reassembly::Reassembly,
    segment::{Arrival, Direction, FinalCounts, Segment},
    socket::KnownSocket,
    time::Timestamp,
    verdict::Verdict,
};

/// Bytes without a beginning of HTTP after which only the heads of turns are looked at: in the
/// middle of a long body the next message shows itself in one, and bulk traffic costs no copies.
const UNDETECTED_BYTES: u64 = 64 << 10;

/// All that is known of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    outbound: Reassembly,
    inbound: Reassembly,
    state: State,
    /// Its socket, where it is known.
    pub(super) socket: Option<KnownSocket>,
    /// When its last segment came.
    pub(super) seen: Timestamp,
    /// Bytes that it held when last asked.
    pub(super) noted: usize,
}

#[derive(Debug)]
enum State {
    /// Not known yet what it speaks. The turns are counted from the first segment on.
    Detecting(Box<Detecting>),
    Http(Box<Http>),
    /// A session with a model over a WebSocket.
    Realtime(Box<RealtimeConnection>),
    /// Judged `Ignore`: whatever still comes is dropped.
    Ignored,
}

#[derive(Debug, Default)]
struct Detecting {
    detector: Detector,
    exchanges: Exchanges,
    bytes: u64,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            outbound: Reassembly::default(),
            inbound: Reassembly::default(),
            state: State::Detecting(Box::default()),
            socket: None,
            seen: Timestamp::default(),
            noted: 0,
        }
    }

    /// Bytes that it holds for what is under way.
    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Http(http) => http.held(),
            State::Realtime(realtime) => realtime.held(),
            State::Detecting(_) | State::Ignored => 0,
        }
    }

    /// Gives back memory: the call that holds most goes on as metadata, else what the parser holds
    /// goes unread.
    pub(super) fn shed(&mut self) {
        match &mut self.state {
            State::Http(http) => http.shed(),
            State::Realtime(realtime) => realtime.shed(),
            State::Detecting(_) | State::Ignored => {}
        }
    }

    /// Takes the next segment.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, report: &mut Report<'_>) {
        self.seen = segment.time;
        let direction = match segment.direction {
            Direction::Outbound => &mut self.outbound,
            Direction::Inbound => &mut self.inbound,
        };
        let piece = direction.accept(segment.offset, segment.bytes);
        let arrival = segment.arrival();
        match &mut self.state {
            State::Ignored => return,
            State::Detecting(detecting) => {
                detecting.exchanges.turns.segment(segment, false);
                if piece.missing > 0 {
                    detecting.detector.gap(segment.direction);
                }
            }
            State::Http(http) => {
                http.turn(segment, piece.missing == 0);
                if piece.missing > 0 {
                    http.gap(arrival, piece.missing, report);
                }
            }
            State::Realtime(realtime) => {
                if piece.missing > 0 {
                    realtime.gap(arrival, piece.missing, report);
                }
            }
        }
        self.read(arrival, piece.bytes, report);
    }

    /// Reads bytes of one direction: as many protocols as they hold one after the other.
    fn read(&mut self, arrival: Arrival, mut bytes: &[u8], report: &mut Report<'_>) {
        loop {
            let used = match &mut self.state {
                State::Ignored => return,
                State::Realtime(_) => return self.talk(arrival, bytes, report),
                State::Detecting(detecting) => {
                    let Some(protocol) = detecting.detector.piece(arrival, bytes) else {
                        return detecting.wait(bytes.len() as u64, report);
                    };
                    let (held, used) = detecting.detector.take_held();
                    let exchanges = std::mem::take(&mut detecting.exchanges);
                    self.begin(protocol, exchanges, report);
                    for (arrival, bytes) in held {
                        if let State::Http(http) = &mut self.state {
                            http.piece(arrival, &bytes, report);
                        }
                    }
                    used
                }
                State::Http(http) => {
                    let used = http.piece(arrival, bytes, report);
                    if !self.settle(report) {
                        return;
                    }
                    used
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    /// Now it is known what the connection speaks.
    fn begin(&mut self, protocol: Protocol, exchanges: Exchanges, report: &mut Report<'_>) {
        let http = match protocol {
            Protocol::Http1(role) => Http::http1(role, exchanges, report),
            Protocol::Http2(role, start) => {
                report.stats.http2_connections += 1;
                Http::http2(role, start, exchanges, report)
            }
            Protocol::WebSocket(Role::Client) => {
                let realtime = RealtimeConnection::attached(report);
                self.state = State::Realtime(Box::new(realtime));
                return;
            }
            Protocol::WebSocket(Role::Server) => {
                report.stats.server_connections += 1;
                return self.ignore(report);
            }
            Protocol::Opaque => {
                report.stats.opaque_connections += 1;
                return self.ignore(report);
            }
        };
        self.state = State::Http(Box::new(http));
    }

    /// Reads bytes of a session, or of what may be one until its messages tell.
    fn talk(&mut self, arrival: Arrival, bytes: &[u8], report: &mut Report<'_>) {
        let State::Realtime(realtime) = &mut self.state else {
            return;
        };
        let was_session = realtime.is_session();
        realtime.piece(arrival, bytes, report);
        if realtime.is_refuted() {
            report.stats.upgraded_connections += 1;
            self.ignore(report);
        } else if realtime.is_session() && !was_session {
            report.verdict(Verdict::Full);
        }
    }

    /// Reports losses, and stops following a connection that was upgraded or judged not worth it.
    /// Whether another protocol follows in the same bytes.
    fn settle(&mut self, report: &mut Report<'_>) -> bool {
        let State::Http(http) = &mut self.state else {
            return false;
        };
        http.report_lost(report);
        let Some(upgrade) = http.upgraded() else {
            if http.exchanges.judge.is_ignored() {
                self.state = State::Ignored;
            }
            return false;
        };
        http.exchanges.give_up(BodyEnd::Complete, self.seen, report);
        match upgrade {
            Upgrade::Tunnel => {
                self.state = State::Detecting(Box::new(Detecting {
                    exchanges: std::mem::take(&mut http.exchanges),
                    ..Detecting::default()
                }));
                true
            }
            Upgrade::WebSocket | Upgrade::Other => {
                let Some(handshake) = http.exchanges.take_handshake() else {
                    report.stats.upgraded_connections += 1;
                    self.ignore(report);
                    return false;
                };
                let realtime = RealtimeConnection::new(handshake, report);
                self.state = State::Realtime(Box::new(realtime));
                true
            }
        }
    }

    fn ignore(&mut self, report: &mut Report<'_>) {
        self.state = State::Ignored;
        report.verdict(Verdict::Ignore);
    }

    /// The connection is over.
    pub(super) fn close(
        &mut self,
        time: Timestamp,
        counts: Option<FinalCounts>,
        report: &mut Report<'_>,
    ) {
        let goes_on = match &self.state {
            State::Http(http) => http.exchanges.may_go_on(),
            State::Realtime(_) => false,
            State::Detecting(_) | State::Ignored => return,
        };
        if let Some(counts) = counts {
            let turn = counts.turns;
            for (direction, place, total) in [
                (Direction::Outbound, &mut self.outbound, counts.outbound),
                (Direction::Inbound, &mut self.inbound, counts.inbound),
            ] {
                let missing = place.finish(total);
                let arrival = Arrival {
                    direction,
                    time,
                    turn,
                };
                match &mut self.state {
                    State::Http(http) if missing > 0 => http.gap(arrival, missing, report),
                    State::Realtime(realtime) if missing > 0 => {
                        realtime.gap(arrival, missing, report);
                    }
                    _ => {}
                }
            }
        }
        match &mut self.state {
            State::Http(http) => http.close(time, counts, goes_on, report),
            State::Realtime(realtime) => realtime.close(time, report),
            State::Detecting(_) | State::Ignored => {}
        }
        self.state = State::Ignored;
    }

    /// Nobody will look any more.
    pub(super) fn leave(&mut self, counts: Option<FinalCounts>, report: &mut Report<'_>) {
        self.give_up(BodyEnd::Open, report);
        if let State::Http(http) = &mut self.state {
            http.leave(counts, report);
        }
    }

    /// Reports the calls under way as they are: they end as `end`, unless some of them was lost.
    /// Returns how many there were.
    pub(super) fn give_up(&mut self, end: BodyEnd, report: &mut Report<'_>) -> u64 {
        let before = report.stats.calls;
        match &mut self.state {
            State::Http(http) if http.exchanges.has_calls() => {
                http.give_up(end, self.seen, report);
            }
            State::Realtime(realtime) => realtime.give_up(end, report),
            _ => {}
        }
        report.stats.calls - before
    }
}

impl Detecting {
    /// Nothing is known yet after `more` bytes.
    fn wait(&mut self, more: u64, report: &mut Report<'_>) {
        let before = self.bytes;
        self.bytes = before.saturating_add(more);
        if before <= UNDETECTED_BYTES && self.bytes > UNDETECTED_BYTES {
            report.verdict(Verdict::HeadOnly);
        }
    }
}
