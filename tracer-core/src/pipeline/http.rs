//! The HTTP of one connection: its parser, and what becomes of the exchanges.

use std::{sync::Arc, time::Duration};

use super::{exchanges::Exchanges, output::Report};
use crate::{
    detect::Role,
    http::{
        exchange::{BodyEnd, ExchangeEvent, ExchangeId, Sink},
        h1::{H1Connection, Upgrade},
        h2::{H2Connection, Start},
    },
    segment::{Arrival, Direction, FinalCounts, Segment},
    time::Timestamp,
};

/// One connection that speaks HTTP.
#[derive(Debug)]
pub(super) struct Http {
    parser: Parser,
    pub(super) exchanges: Exchanges,
    /// Number of the parser's first exchange: there were others before a tunnel.
    first: u32,
    clock: Clock,
}

/// When the kernel knew that it should follow the connection in full.
///
/// Until then it counts a call that it does not follow as one byte (ADR 006), so that losses have no
/// known length. Each loss is told by the piece behind it; what matters is when the one before came.
#[derive(Debug, Default)]
struct Clock {
    full_since: Option<Timestamp>,
    outbound: Timestamp,
    inbound: Timestamp,
}

/// How long a verdict takes to reach the kernel, at most.
const VERDICT_DELAY: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Parser {
    Http1(Box<H1Connection>),
    Http2(Box<H2Connection>),
}

impl Http {
    pub(super) fn http1(role: Role, mut exchanges: Exchanges, report: &Report<'_>) -> Self {
        exchanges.take_side(role);
        let parser = H1Connection::new(role, report.config.limits, Arc::clone(report.headers));
        Self::with(Parser::Http1(Box::new(parser)), exchanges)
    }

    pub(super) fn http2(
        role: Role,
        start: Start,
        mut exchanges: Exchanges,
        report: &mut Report<'_>,
    ) -> Self {
        exchanges.take_side(role);
        exchanges.follow_whole(report);
        let limits = report.config.limits;
        let parser = H2Connection::new(role, start, limits, Arc::clone(report.headers));
        Self::with(Parser::Http2(Box::new(parser)), exchanges)
    }

    fn with(parser: Parser, exchanges: Exchanges) -> Self {
        Self {
            parser,
            first: exchanges.begun(),
            exchanges,
            clock: Clock::default(),
        }
    }

    /// A segment came, before its bytes are parsed; `contiguous` if nothing is missing before it.
    pub(super) fn turn(&mut self, segment: &Segment<'_>, contiguous: bool) {
        // The turns of HTTP/2 say nothing: it tells what was lost by the numbers of its streams.
        if matches!(self.parser, Parser::Http1(_)) {
            self.exchanges.turn(segment, contiguous);
        }
    }

    /// Takes the next bytes of a direction. Returns how many of them were HTTP: all, unless the
    /// connection has left it.
    pub(super) fn piece(
        &mut self,
        arrival: Arrival,
        bytes: &[u8],
        report: &mut Report<'_>,
    ) -> usize {
        let used = self.parse(report, |parser, sink| match parser {
            Parser::Http1(http) => http.piece(arrival, bytes, sink),
            Parser::Http2(http) => {
                http.piece(arrival, bytes, sink);
                bytes.len()
            }
        });
        self.clock.piece(arrival, self.exchanges.judge.is_full());
        used
    }

    /// Bytes of a direction were lost.
    pub(super) fn gap(&mut self, arrival: Arrival, missing: u64, report: &mut Report<'_>) {
        let known = Some(missing).filter(|_| self.clock.counts_bytes(arrival.direction));
        self.parse(report, |parser, sink| match parser {
            Parser::Http1(http) => http.gap(arrival, missing, sink),
            Parser::Http2(http) => http.gap(arrival, known, sink),
        });
    }

    /// What follows on the connection, if it has left HTTP.
    pub(super) fn upgraded(&self) -> Option<Upgrade> {
        match &self.parser {
            Parser::Http1(http) => http.upgraded(),
            Parser::Http2(_) => None,
        }
    }

    /// The connection is over. `goes_on`: before what was lost at its end some request might.
    pub(super) fn close(
        &mut self,
        time: Timestamp,
        counts: Option<FinalCounts>,
        goes_on: bool,
        report: &mut Report<'_>,
    ) {
        self.parse(report, |parser, sink| match parser {
            Parser::Http1(http) => http.close(time, sink),
            Parser::Http2(http) => http.close(time, sink),
        });
        self.exchanges.give_up(BodyEnd::Cut, time, report);
        self.end_turns(counts, goes_on);
        self.report_lost(report);
    }

    /// Nobody will look any more.
    pub(super) fn leave(&mut self, counts: Option<FinalCounts>, report: &mut Report<'_>) {
        self.end_turns(counts, self.exchanges.may_go_on());
        self.report_lost(report);
    }

    /// Reports the calls under way as they are: they end as `end`, unless some of them was lost.
    pub(super) fn give_up(&mut self, end: BodyEnd, seen: Timestamp, report: &mut Report<'_>) {
        self.parse(report, |parser, sink| match parser {
            Parser::Http1(http) => http.give_up(end, sink),
            Parser::Http2(http) => http.give_up(end, sink),
        });
        self.exchanges.give_up(end, seen, report);
    }

    /// Bytes held for what is under way.
    pub(super) fn held(&self) -> usize {
        let parser = match &self.parser {
            Parser::Http1(http) => http.held(),
            Parser::Http2(http) => http.held(),
        };
        self.exchanges.held() + parser
    }

    /// Gives back memory: the call that holds most goes on as metadata, else what the parser holds
    /// goes unread.
    pub(super) fn shed(&mut self) {
        if self.exchanges.shed() {
            return;
        }
        match &mut self.parser {
            Parser::Http1(http) => http.shed(),
            Parser::Http2(http) => http.shed(),
        }
    }

    /// Reports what was lost whole, unless nothing speaks for LLM calls on the connection.
    pub(super) fn report_lost(&mut self, report: &mut Report<'_>) {
        let lost = match &mut self.parser {
            Parser::Http1(_) if !self.exchanges.judge.is_full() => return,
            Parser::Http1(_) => self.exchanges.turns.take_lost(),
            Parser::Http2(http) => {
                let counts = http.take_counts();
                report.stats.http2_adrift += u64::from(counts.adrift);
                report.stats.http2_incomplete_heads += u64::from(counts.incomplete_heads);
                if !self.exchanges.judge.is_full() {
                    return;
                }
                counts.lost_exchanges
            }
        };
        report.lost(lost);
    }

    fn end_turns(&mut self, counts: Option<FinalCounts>, goes_on: bool) {
        if matches!(self.parser, Parser::Http1(_)) {
            self.exchanges.turns.close(counts, goes_on);
        }
    }

    /// Hands the events of the parser to the exchanges.
    fn parse<R>(
        &mut self,
        report: &mut Report<'_>,
        parse: impl FnOnce(&mut Parser, &mut Sink<'_>) -> R,
    ) -> R {
        let Self {
            parser,
            exchanges,
            first,
            ..
        } = self;
        parse(parser, &mut |event: ExchangeEvent<'_>| {
            let exchange = ExchangeId(first.wrapping_add(event.exchange.0));
            exchanges.event(ExchangeEvent { exchange, ..event }, report);
        })
    }
}

impl Clock {
    fn piece(&mut self, arrival: Arrival, is_full: bool) {
        if !is_full {
            self.full_since = None;
        } else if self.full_since.is_none() {
            self.full_since = Some(arrival.time);
        }
        match arrival.direction {
            Direction::Outbound => self.outbound = arrival.time,
            Direction::Inbound => self.inbound = arrival.time,
        }
    }

    /// Whether all bytes that a direction moved since its last piece were counted.
    fn counts_bytes(&self, direction: Direction) -> bool {
        let last = match direction {
            Direction::Outbound => self.outbound,
            Direction::Inbound => self.inbound,
        };
        self.full_since
            .is_some_and(|since| last >= since.after(VERDICT_DELAY))
    }
}
