//! Entries for fuzzing: whatever bytes come, in whatever pieces and with whatever losses.

use super::{Output, Pipeline};
use crate::{
    llm::call::CaptureState,
    policy::release,
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    semconv,
    time::Timestamp,
};

/// Plays `data` as a program: each step is one byte that says what happens, one that says to how
/// many bytes, and the bytes. Whatever is begun must be over at the end. Returns the number of calls.
pub fn fuzz_pipeline(data: &[u8]) -> u64 {
    let mut pipeline = Pipeline::default();
    let connection = ConnectionId {
        process: ProcessKey(1),
        handle: 1,
        generation: 1,
    };
    let (mut counts, mut now) = (FinalCounts::default(), 0);
    let mut rest = data;
    while let [what, length, tail @ ..] = rest {
        let (bytes, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        now += 1_000_000;
        let time = Timestamp::from_unix_nanos(now);
        counts.turns += u32::from(what & 1 != 0);
        let (direction, place) = if what & 2 == 0 {
            (Direction::Outbound, &mut counts.outbound)
        } else {
            (Direction::Inbound, &mut counts.inbound)
        };
        let offset = *place;
        *place += bytes.len() as u64;
        let lost = what & 12 == 12;
        if !lost {
            pipeline.segment(&Segment {
                connection,
                direction,
                offset,
                time,
                turn: counts.turns,
                bytes,
            });
        }
    }
    pipeline.close(connection, Timestamp::from_unix_nanos(now), Some(counts));
    pipeline.settle();
    let stats = *pipeline.stats();
    assert_eq!((stats.open_exchanges, stats.connections), (0, 0));
    let mut calls = 0;
    while let Some(output) = pipeline.poll() {
        if let Output::Call(call) = output {
            calls += 1;
            let call = release(*call);
            assert!(call.facts().timing.start <= call.facts().timing.end);
            assert!(!semconv::span(&call).name.is_empty());
            let ended = call.facts().capture != CaptureState::Open;
            assert!(!ended || !semconv::measurements(&call).is_empty());
        }
    }
    assert_eq!(calls, stats.calls);
    calls
}

/// Mutates whole exchanges: the deterministic little brother of fuzzing.
#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: 43\r\n\r\n{\"model\":\"m\",\"messages\":[1],\"stream\":true}\n";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
        44\r\ndata: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n\r\n\
        40\r\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n\r\n0\r\n\r\n";

    /// The program that plays an exchange in pieces of up to 64 bytes.
    fn program() -> Vec<u8> {
        let mut program = Vec::new();
        for (what, message) in [(0, REQUEST), (2, ANSWER), (1, REQUEST), (2, ANSWER)] {
            for (number, piece) in message.chunks(64).enumerate() {
                let what = if number == 0 { what } else { what & 2 };
                program.extend([what, u8::try_from(piece.len()).expect("small")]);
                program.extend_from_slice(piece);
            }
        }
        program
    }

    #[test]
    fn smoke_mutated_exchanges() {
        let program = program();
        assert_eq!(fuzz_pipeline(&program), 2);
        let mut seed = 1_u64;
        let mut random = |bound: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).expect("31 bits") % bound
        };
        for _ in 0..20_000 {
            let mut mutant = program.clone();
            for _ in 0..=random(4) {
                let at = random(mutant.len());
                let end = (at + random(40)).min(mutant.len());
                match random(4) {
                    0 => mutant[at] ^= 1 << random(8),
                    1 => mutant[at] = [0, 0xff, b'"', b'\\', b'{', b'\n', b'9'][random(7)],
                    2 => drop(mutant.drain(at..end)),
                    _ => {
                        let piece = mutant[at..end].to_vec();
                        let to = random(mutant.len());
                        mutant.splice(to..to, piece);
                    }
                }
                if mutant.is_empty() {
                    break;
                }
            }
            fuzz_pipeline(&mutant);
        }
    }
}
