//! What whole exchanges cost in the core, and that it grows with their bytes alone.
//!
//! `cargo bench -p tracer-core --bench exchanges`. `document/*` is a JSON answer of that size,
//! `coded/*` one of 100 KB in each content coding (throughput of the decoded bytes), `chunks/*` a
//! stream of so many events, `split/*` one of 4,000 in reads of that size. The throughput of a
//! group's rows should be the same. `http2/*` is the stream in DATA frames. See `streams` for the
//! wire formats of streams.

#[path = "../tests/http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;
#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::{hint::black_box, io::Write as _};

use criterion::{BenchmarkId, Criterion, Throughput};
use frames::{Compression, PREFACE, SETTINGS, data, frame};
use tracer_core::{llm::call::CaptureState, segment::Direction};
use wire::{
    CHAT_ANSWER, CHAT_BODY, Player, Wire, answer, chat_request, chat_stream, chunked, json,
};

/// The largest TLS record.
const RECORD_BYTES: usize = 16 << 10;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    documents(&mut criterion);
    codings(&mut criterion);
    chunks(&mut criterion);
    splits(&mut criterion);
    http2(&mut criterion);
    criterion.final_summary();
}

/// An answer whose text has so many bytes.
fn document(bytes: usize) -> String {
    let words = "some words of an answer, \\n and ";
    CHAT_ANSWER.replace("hello", &words.repeat(bytes / words.len() + 1))
}

fn documents(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("document");
    let request = chat_request(CHAT_BODY);
    for (name, bytes) in [("2KB", 2_000), ("100KB", 100_000), ("1MB", 1_000_000)] {
        let response = json(&document(bytes));
        group.throughput(Throughput::Bytes(response.len() as u64));
        group.bench_function(name, |bencher| {
            let mut player = Player::new();
            let mut wire = Wire::new(1);
            bencher.iter(|| once(&mut player, &mut wire, &request, &response, RECORD_BYTES));
        });
    }
    // Over the bound on what is kept: the rest is counted.
    let response = json(&document(10_000_000));
    group.throughput(Throughput::Bytes(response.len() as u64));
    group.bench_function("10MB", |bencher| {
        let mut player = Player::new();
        let mut wire = Wire::new(1);
        bencher.iter(|| {
            player.exchange(&mut wire, &request, &response);
            let call = player.calls().pop().expect("a call");
            assert_eq!(call.facts().capture, CaptureState::Truncated);
        });
    });
    group.finish();
}

fn codings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("coded");
    let plain = document(100_000);
    let request = chat_request(CHAT_BODY);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(plain.as_bytes()).expect("memory");
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    brotli.write_all(plain.as_bytes()).expect("memory");
    let zstd = zstd::bulk::compress(plain.as_bytes(), 3).expect("memory");
    for (name, body) in [
        ("gzip", gzip.finish().expect("memory")),
        ("br", brotli.into_inner()),
        ("zstd", zstd),
    ] {
        let response = answer(&format!("content-encoding: {name}\r\n"), &body);
        group.throughput(Throughput::Bytes(plain.len() as u64));
        group.bench_function(name, |bencher| {
            let mut player = Player::new();
            let mut wire = Wire::new(1);
            bencher.iter(|| once(&mut player, &mut wire, &request, &response, RECORD_BYTES));
        });
    }
    group.finish();
}

fn chunks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("chunks");
    group.sample_size(20);
    let request = chat_request(CHAT_BODY);
    for count in [1_000, 10_000, 100_000] {
        let response = chunked("text/event-stream", &chat_stream(count));
        group.throughput(Throughput::Bytes(response.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            let mut player = Player::new();
            let mut wire = Wire::new(1);
            bencher.iter(|| once(&mut player, &mut wire, &request, &response, RECORD_BYTES));
        });
    }
    group.finish();
}

fn splits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("split");
    let request = chat_request(CHAT_BODY);
    let response = chunked("text/event-stream", &chat_stream(4_000));
    for size in [200, 1_400, RECORD_BYTES] {
        group.throughput(Throughput::Bytes(response.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let mut player = Player::new();
            let mut wire = Wire::new(1);
            bencher.iter(|| once(&mut player, &mut wire, &request, &response, size));
        });
    }
    group.finish();
}

fn http2(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("http2");
    let mut out = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "api.openai.com"),
        (":path", "/v1/chat/completions"),
    ];
    out.extend(Compression::default().headers(1, &fields, 0));
    out.extend(data(1, CHAT_BODY.as_bytes(), RECORD_BYTES));
    let mut inbound = frame(SETTINGS, 0, 0, b"");
    inbound.extend(Compression::default().headers(1, &[(":status", "200")], 0));
    for event in chat_stream(4_000) {
        inbound.extend(frame(0, 0, 1, &event));
    }
    inbound.extend(frame(0, 1, 1, b""));
    group.throughput(Throughput::Bytes(inbound.len() as u64));
    group.bench_function("stream", |bencher| {
        let mut handle = 0;
        bencher.iter(|| {
            handle += 1;
            let mut player = Player::new();
            let mut wire = Wire::new(handle);
            once(&mut player, &mut wire, &out, &inbound, RECORD_BYTES);
        });
    });
    group.finish();
}

/// One exchange, whose call must come out with its usage.
fn once(player: &mut Player, wire: &mut Wire, request: &[u8], response: &[u8], size: usize) {
    player.send(wire, Direction::Outbound, request);
    player.send_in(wire, Direction::Inbound, response, size);
    let call = player.calls().pop().expect("a call");
    assert_eq!(call.facts().usage.output, Some(12));
    black_box(call);
}
