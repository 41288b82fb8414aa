//! How fast streamed answers pass through the core when only metadata is wanted, and when content is
//! kept.
//!
//! `cargo bench -p tracer-core --bench streams`. `pipeline/*` is all of the core: HTTP/1.1 with a
//! chunk an event, in segments of the size of a TLS record, one answer a connection. `content/*` is
//! the same with content. `http2/*` is a DATA frame an event. `coded/*` is an answer with a content
//! coding, and `decoder/*` what the decoder alone takes for it: both count decoded bytes.
//! `framing/*` is only the cutting into events.

#[path = "../tests/formats/mod.rs"]
mod formats;
#[path = "../tests/http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;

use std::{hint::black_box, io::Read as _, io::Write as _};

use criterion::{Criterion, Throughput};
use formats::{Format, INPUT};
use frames::{Compression, PREFACE, SETTINGS, frame};
use tracer_core::{
    limits::Limits,
    llm::content::{ContentCapture, Part},
    pipeline::{Output, Pipeline, PipelineConfig},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    stream::{
        event_stream::EventStream, framing::Framing, json_array::JsonArray, ndjson::Ndjson,
        sse::Sse,
    },
    time::Timestamp,
};

/// Pieces of each answer.
const PIECES: usize = 4_000;
/// The largest TLS record.
const RECORD_BYTES: usize = 16 << 10;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let formats = formats::all(PIECES);
    pipeline(&mut criterion, "pipeline", ContentCapture::Off, &formats);
    pipeline(&mut criterion, "content", KEEP, &formats);
    http2(&mut criterion, &formats);
    coded(&mut criterion, &formats);
    framing(&mut criterion, &formats);
    criterion.final_summary();
}

/// Room for all of an answer.
const KEEP: ContentCapture = ContentCapture::Keep { per_call: 1 << 20 };

fn pipeline(criterion: &mut Criterion, group: &str, content: ContentCapture, formats: &[Format]) {
    let mut group = criterion.benchmark_group(group);
    for format in formats {
        let (request, response) = (format.request(), format.chunked());
        group.throughput(Throughput::Bytes(response.len() as u64));
        group.bench_function(format.name, |bencher| {
            bencher.iter(|| play_with(&request, &response, content));
        });
    }
    group.finish();
}

fn http2(criterion: &mut Criterion, formats: &[Format]) {
    let mut group = criterion.benchmark_group("http2");
    for format in formats.iter().filter(|format| is_shown(format)) {
        let mut request = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
        let fields = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", format.host),
            (":path", format.path),
        ];
        request.extend(Compression::default().headers(1, &fields, 0));
        request.extend(frame(0, 1, 1, format.body.as_bytes()));
        let mut response = frame(SETTINGS, 0, 0, b"");
        let fields = [(":status", "200"), ("content-type", format.content_type)];
        response.extend(Compression::default().headers(1, &fields, 0));
        for event in &format.events {
            response.extend(frame(0, 0, 1, event));
        }
        response.extend(frame(0, 1, 1, b""));
        group.throughput(Throughput::Bytes(response.len() as u64));
        group.bench_function(format.name, |bencher| {
            bencher.iter(|| play(&request, &response));
        });
    }
    group.finish();
}

/// One of OpenAI's and one of Google's stand for all where only the transport differs.
fn is_shown(format: &Format) -> bool {
    ["openai.chat", "google, sse"].contains(&format.name)
}

fn coded(criterion: &mut Criterion, formats: &[Format]) {
    for format in formats.iter().filter(|format| is_shown(format)) {
        let plain = format.events.concat();
        let bytes = Throughput::Bytes(plain.len() as u64);
        for (coding, encode) in CODINGS {
            let name = format!("{}, {coding}", format.name);
            let body = encode(&format.events);
            let (request, response) = (format.request(), format.whole(Some(coding), &body));
            let mut group = criterion.benchmark_group("coded");
            group.throughput(bytes.clone());
            group.bench_function(&name, |bencher| bencher.iter(|| play(&request, &response)));
            group.finish();
            let mut group = criterion.benchmark_group("decoder");
            group.throughput(bytes.clone());
            group.bench_function(&name, |bencher| {
                let mut plain = vec![0; RECORD_BYTES];
                bencher.iter(|| decode(coding, &body, &mut plain));
            });
            group.finish();
        }
    }
}

/// Writes a stream as a server does that flushes each event.
type Encode = fn(&[Vec<u8>]) -> Vec<u8>;

const CODINGS: [(&str, Encode); 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];

fn gzip(events: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for event in events {
        encoder.write_all(event).expect("memory");
        encoder.flush().expect("memory");
    }
    encoder.finish().expect("memory")
}

fn brotli(events: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    for event in events {
        encoder.write_all(event).expect("memory");
        encoder.flush().expect("memory");
    }
    encoder.into_inner()
}

fn zstd(events: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("memory");
    for event in events {
        encoder.write_all(event).expect("memory");
        encoder.flush().expect("memory");
    }
    encoder.finish().expect("memory")
}

/// The same decoders, and nothing behind them.
#[expect(clippy::disallowed_types, reason = "what they decode was written here")]
fn decode(coding: &str, body: &[u8], plain: &mut [u8]) {
    let mut reader: Box<dyn std::io::Read + '_> = match coding {
        "gzip" => Box::new(flate2::read::MultiGzDecoder::new(body)),
        "br" => Box::new(brotli::Decompressor::new(body, 4096)),
        _ => Box::new(zstd::Decoder::new(body).expect("memory")),
    };
    while reader.read(plain).expect("a whole body") > 0 {
        black_box(&plain);
    }
}

/// Makes a parser.
type New = fn(&Limits) -> Framing;

fn framing(criterion: &mut Criterion, formats: &[Format]) {
    let rows: [(&str, &str, New); 4] = [
        ("sse", "openai.chat", |limits| {
            Framing::Sse(Sse::new(limits))
        }),
        ("ndjson", "ollama.chat", |limits| {
            Framing::Ndjson(Ndjson::new(limits))
        }),
        ("json_array", "google, array", |limits| {
            Framing::JsonArray(JsonArray::new(limits))
        }),
        ("event_stream", "bedrock.converse", |limits| {
            Framing::EventStream(EventStream::new(limits))
        }),
    ];
    let mut group = criterion.benchmark_group("framing");
    for (name, format, new) in rows {
        let format = formats.iter().find(|one| one.name == format);
        let body = format.expect("a format").events.concat();
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut parser = new(&Limits::default());
                let mut events = 0;
                for piece in body.chunks(RECORD_BYTES) {
                    parser.feed(piece, &mut |event| {
                        events += 1;
                        black_box(event.data);
                    });
                }
                events += usize::from(parser.finish().is_some());
                assert!(events >= PIECES);
            });
        });
    }
    group.finish();
}

/// One connection with one exchange; its call must come out with its usage.
fn play(request: &[u8], response: &[u8]) {
    play_with(request, response, ContentCapture::Off);
}

/// The same, with all of the answer where content is kept.
fn play_with(request: &[u8], response: &[u8], content: ContentCapture) {
    let mut pipeline = Pipeline::new(PipelineConfig {
        content,
        ..PipelineConfig::default()
    });
    let mut offset = 0;
    let records = response
        .chunks(RECORD_BYTES)
        .map(|piece| (Direction::Inbound, piece));
    for (direction, bytes) in [(Direction::Outbound, request)].into_iter().chain(records) {
        let inbound = direction == Direction::Inbound;
        pipeline.segment(&Segment {
            connection: ConnectionId {
                process: ProcessKey(1),
                handle: 1,
                generation: 1,
            },
            direction,
            offset: if inbound { offset } else { 0 },
            time: Timestamp::from_unix_nanos(1_700_000_000_000_000_000 + offset),
            turn: 0,
            bytes,
        });
        offset += if inbound { bytes.len() as u64 } else { 0 };
    }
    let call = std::iter::from_fn(|| pipeline.poll()).find_map(|output| match output {
        Output::Call(call) => Some(call),
        Output::Verdict(..)
        | Output::LostExchanges(..)
        | Output::Step(_)
        | Output::Evaluation(_) => None,
    });
    let call = call.expect("a call");
    let usage = call.facts().usage;
    assert_eq!(
        (usage.input, usage.output),
        (Some(INPUT), Some(PIECES as u64))
    );
    if let Some(content) = call.content() {
        assert!(content.answer.is_whole());
        let [choice] = &content.output[..] else {
            panic!("one answer");
        };
        assert!(
            matches!(&choice.parts[..], [Part::Text(text)] if text.text().len() >= 2 * PIECES),
            "all pieces are one text"
        );
    }
    black_box(call);
}
