//! Whatever is lost on the way from the kernel, each exchange is reported or counted as lost.

use proptest::prelude::*;
use tracer_core::{
    pipeline::{Output, Pipeline},
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    time::Timestamp,
};

const CONNECTION: ConnectionId = ConnectionId {
    process: ProcessKey(1),
    handle: 1,
    generation: 1,
};

/// One read or write of the process.
struct Move {
    direction: Direction,
    turn: u32,
    bytes: String,
}

/// What one exchange is like.
#[derive(Debug, Clone, Copy)]
struct Exchange {
    /// A stream with a read an event, else a JSON answer.
    streamed: bool,
    /// The request takes so many writes of about the same length.
    writes: usize,
    /// The answer takes so many reads of about the same length; 0: as many as it has parts.
    reads: usize,
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let parts = (any::<bool>(), 1..5usize, 0..5usize);
    parts.prop_map(|(streamed, writes, reads)| Exchange {
        streamed,
        writes,
        reads,
    })
}

/// Losses as a full ring makes them: runs of events, of any length.
fn runs() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec((1..20usize, 0..20usize), 1..12).prop_map(|runs| {
        let run = |(kept, lost)| {
            let kept = std::iter::repeat_n(false, kept);
            kept.chain(std::iter::repeat_n(true, lost))
        };
        runs.into_iter().flat_map(run).collect()
    })
}

/// Exchanges on a keep-alive connection.
fn moves(exchanges: &[Exchange]) -> Vec<Move> {
    let mut moves = Vec::new();
    for (turn, exchange) in (0..).zip(exchanges) {
        let request = request(exchange.streamed);
        let length = request.len().div_ceil(exchange.writes);
        let writes = request.as_bytes().chunks(length);
        moves.extend(writes.map(|bytes| Move {
            direction: Direction::Outbound,
            turn,
            bytes: String::from_utf8_lossy(bytes).into_owned(),
        }));
        let mut reads = if exchange.streamed {
            stream()
        } else {
            vec![answer()]
        };
        if exchange.reads > 0 {
            let all = reads.concat();
            let length = all.len().div_ceil(exchange.reads);
            let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            reads = all.as_bytes().chunks(length).map(read).collect();
        }
        moves.extend(reads.into_iter().map(|bytes| Move {
            direction: Direction::Inbound,
            turn,
            bytes,
        }));
    }
    moves
}

fn request(streamed: bool) -> String {
    let body = format!(r#"{{"model":"gpt-4o","stream":{streamed},"messages":[]}}"#);
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn answer() -> String {
    let body = r#"{"id":"c","object":"chat.completion","model":"gpt-4o","choices":[]}"#;
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn stream() -> Vec<String> {
    let event =
        r#"data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o","choices":[]}"#;
    let mut reads = vec![
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_owned(),
    ];
    reads.resize(4, format!("{:x}\r\n{event}\n\n\r\n", event.len() + 2));
    reads.push("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n".to_owned());
    reads
}

/// Plays what is not lost; returns how many exchanges were reported and how many counted as lost.
fn play(moves: &[Move], lost: impl Fn(usize) -> bool) -> (u64, u64) {
    let mut pipeline = Pipeline::default();
    let mut counts = FinalCounts::default();
    for (number, one) in moves.iter().enumerate() {
        counts.turns = one.turn;
        let place = match one.direction {
            Direction::Outbound => &mut counts.outbound,
            Direction::Inbound => &mut counts.inbound,
        };
        let offset = *place;
        *place += one.bytes.len() as u64;
        if !lost(number) {
            pipeline.segment(&Segment {
                connection: CONNECTION,
                direction: one.direction,
                offset,
                time: Timestamp::from_unix_nanos(number as u64 * 1000),
                turn: one.turn,
                bytes: one.bytes.as_bytes(),
            });
        }
    }
    pipeline.close(
        CONNECTION,
        Timestamp::from_unix_nanos(1 << 40),
        Some(counts),
    );
    let (mut reported, mut counted) = (0, 0);
    while let Some(output) = pipeline.poll() {
        match output {
            Output::Call(_) => reported += 1,
            Output::LostExchanges(_, count) => counted += u64::from(count),
            Output::Verdict(..) | Output::Step(_) | Output::Evaluation(_) => {}
        }
    }
    (reported, counted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reported_and_counted_lost_are_all_that_were_made(
        exchanges in prop::collection::vec(exchange(), 1..8),
        losses in prop::collection::vec(prop::bool::weighted(0.4), 72),
    ) {
        let moves = moves(&exchanges);
        // Without one whole request nothing shows that these were LLM calls.
        let first = exchanges[0].writes;
        let lost = |number: usize| number >= first && losses[number % losses.len()];
        let (reported, counted) = play(&moves, lost);
        prop_assert_eq!(reported + counted, exchanges.len() as u64, "{} reported, {} counted", reported, counted);
    }

    #[test]
    fn whatever_runs_of_events_a_full_ring_loses(
        exchanges in prop::collection::vec(exchange(), 1..12),
        losses in runs(),
    ) {
        let moves = moves(&exchanges);
        let first = exchanges[0].writes;
        let lost = |number: usize| number >= first && losses[number % losses.len()];
        let (reported, counted) = play(&moves, lost);
        prop_assert_eq!(reported + counted, exchanges.len() as u64, "{} reported, {} counted", reported, counted);
    }
}
