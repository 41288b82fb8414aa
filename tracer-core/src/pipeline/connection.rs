//! One connection: from its segments to the events of its exchanges.

use std::sync::Arc;

use super::{exchanges::Exchanges, output::Report};
use crate::{
    detect::{Detector, Protocol, Role},
    http::{allow_list::AllowList, exchange::BodyEnd, h1::H1Connection},
    reassembly::Reassembly,
    segment::{Arrival, Direction, FinalCounts, Segment},
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
    /// When its last segment came.
    pub(super) seen: Timestamp,
    /// Bytes that it held when last asked.
    pub(super) noted: usize,
}

#[derive(Debug)]
enum State {
    /// Not known yet what it speaks. The turns are counted from the first segment on.
    Detecting(Box<Detecting>),
    Http1(Box<Http1>),
    /// Judged `Ignore`: whatever still comes is dropped.
    Ignored,
}

#[derive(Debug, Default)]
struct Detecting {
    detector: Detector,
    exchanges: Exchanges,
    bytes: u64,
}

#[derive(Debug)]
struct Http1 {
    parser: H1Connection,
    exchanges: Exchanges,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            outbound: Reassembly::default(),
            inbound: Reassembly::default(),
            state: State::Detecting(Box::default()),
            seen: Timestamp::default(),
            noted: 0,
        }
    }

    /// Bytes that it holds for what is under way.
    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Http1(http) => http.exchanges.held() + http.parser.held(),
            State::Detecting(_) | State::Ignored => 0,
        }
    }

    /// Gives back memory: the call that holds most goes on as metadata, else what the parser holds
    /// goes unread.
    pub(super) fn shed(&mut self) {
        if let State::Http1(http) = &mut self.state
            && !http.exchanges.shed()
        {
            http.parser.shed();
        }
    }

    /// Takes the next segment.
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        headers: &Arc<AllowList>,
        report: &mut Report<'_>,
    ) {
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
                let Some(protocol) = detecting.detector.piece(arrival, piece.bytes) else {
                    return detecting.wait(piece.bytes.len() as u64, report);
                };
                let held = detecting.detector.take_held();
                let exchanges = std::mem::take(&mut detecting.exchanges);
                self.detected(protocol, exchanges, &held, headers, report);
                if let State::Http1(http) = &mut self.state {
                    http.piece(arrival, piece.bytes, report);
                }
            }
            State::Http1(http) => {
                http.exchanges.turn(segment, piece.missing == 0);
                if piece.missing > 0 {
                    http.gap(arrival, piece.missing, report);
                }
                http.piece(arrival, piece.bytes, report);
            }
        }
        self.settle(report);
    }

    /// Now it is known what the connection speaks.
    fn detected(
        &mut self,
        protocol: Protocol,
        exchanges: Exchanges,
        held: &[(Arrival, Box<[u8]>)],
        headers: &Arc<AllowList>,
        report: &mut Report<'_>,
    ) {
        match protocol {
            Protocol::Http1(Role::Client) => {
                let parser =
                    H1Connection::new(Role::Client, report.config.limits, Arc::clone(headers));
                let mut http = Box::new(Http1 { parser, exchanges });
                for (arrival, bytes) in held {
                    http.piece(*arrival, bytes, report);
                }
                self.state = State::Http1(http);
                return;
            }
            Protocol::Http1(Role::Server) => report.stats.server_connections += 1,
            Protocol::Http2(_) => report.stats.http2_connections += 1,
            Protocol::WebSocket(_) => report.stats.upgraded_connections += 1,
            Protocol::Opaque => report.stats.opaque_connections += 1,
        }
        self.state = State::Ignored;
        report.verdict(Verdict::Ignore);
    }

    /// Reports losses, and stops following a connection that was upgraded or judged not worth it.
    fn settle(&mut self, report: &mut Report<'_>) {
        let State::Http1(http) = &mut self.state else {
            return;
        };
        http.report_lost(report);
        if http.parser.upgraded().is_some() {
            http.exchanges.give_up(BodyEnd::Complete, self.seen, report);
            report.stats.upgraded_connections += 1;
            report.verdict(Verdict::Ignore);
            self.state = State::Ignored;
        } else if http.exchanges.judge.is_ignored() {
            self.state = State::Ignored;
        }
    }

    /// The connection is over.
    pub(super) fn close(
        &mut self,
        time: Timestamp,
        counts: Option<FinalCounts>,
        report: &mut Report<'_>,
    ) {
        let State::Http1(http) = &mut self.state else {
            return;
        };
        let goes_on = http.exchanges.may_go_on();
        if let Some(counts) = counts {
            let turn = counts.turns;
            for (direction, place, total) in [
                (Direction::Outbound, &mut self.outbound, counts.outbound),
                (Direction::Inbound, &mut self.inbound, counts.inbound),
            ] {
                let missing = place.finish(total);
                if missing > 0 {
                    http.gap(
                        Arrival {
                            direction,
                            time,
                            turn,
                        },
                        missing,
                        report,
                    );
                }
            }
        }
        let Http1 { parser, exchanges } = &mut **http;
        parser.close(time, &mut |event| exchanges.event(event, report));
        exchanges.give_up(BodyEnd::Cut, time, report);
        exchanges.turns.close(counts, goes_on);
        http.report_lost(report);
        self.state = State::Ignored;
    }

    /// Nobody will look any more.
    pub(super) fn leave(&mut self, counts: Option<FinalCounts>, report: &mut Report<'_>) {
        self.give_up(BodyEnd::Open, report);
        let State::Http1(http) = &mut self.state else {
            return;
        };
        let goes_on = http.exchanges.may_go_on();
        http.exchanges.turns.close(counts, goes_on);
        http.report_lost(report);
    }

    /// Reports the calls under way as they are: they end as `end`, unless some of them was lost.
    /// Returns how many there were.
    pub(super) fn give_up(&mut self, end: BodyEnd, report: &mut Report<'_>) -> u64 {
        let State::Http1(http) = &mut self.state else {
            return 0;
        };
        if !http.exchanges.has_calls() {
            return 0;
        }
        let before = report.stats.calls;
        let Http1 { parser, exchanges } = &mut **http;
        parser.give_up(end, &mut |event| exchanges.event(event, report));
        exchanges.give_up(end, self.seen, report);
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

impl Http1 {
    fn report_lost(&mut self, report: &mut Report<'_>) {
        if self.exchanges.judge.is_full() {
            report.lost(self.exchanges.turns.take_lost());
        }
    }

    fn piece(&mut self, arrival: Arrival, bytes: &[u8], report: &mut Report<'_>) {
        let exchanges = &mut self.exchanges;
        self.parser
            .piece(arrival, bytes, &mut |event| exchanges.event(event, report));
    }

    fn gap(&mut self, arrival: Arrival, missing: u64, report: &mut Report<'_>) {
        let exchanges = &mut self.exchanges;
        self.parser.gap(arrival, missing, &mut |event| {
            exchanges.event(event, report)
        });
    }
}
