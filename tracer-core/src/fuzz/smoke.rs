//! The fuzz entries on any toolchain: seeds and seeded mutations of them for a bounded time.
//!
//! `TRACER_FUZZ_SECONDS` sets the time per target, 2 by default. A failure prints the input, which
//! belongs into `fuzz/seeds/<target>/` with the fix.

#![expect(
    clippy::disallowed_methods,
    reason = "a fuzzer has a deadline, seeds on disk and a variable for its length"
)]

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

macro_rules! smoke {
    ($($target:ident),+ $(,)?) => {
        const TARGETS: &[&str] = &[$(stringify!($target)),+];
        $(
            #[test]
            fn $target() {
                run(stringify!($target), super::$target);
            }
        )+
    };
}

smoke!(
    attribution,
    connections,
    content_encoding,
    detect,
    documents,
    event_stream,
    h1,
    h2,
    hpack,
    json,
    json_array,
    mask,
    maskers,
    mcp,
    multipart,
    ndjson,
    pipeline,
    policy,
    prices,
    realtime,
    reassembly,
    response,
    schema,
    sse,
    websocket,
);

/// cargo-fuzz and the smoke tests have the same targets, and each has seeds.
#[test]
fn targets_are_those_of_cargo_fuzz() {
    let mut files: Vec<String> = fs::read_dir(fuzz_folder().join("fuzz_targets"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    files.sort();
    assert_eq!(files, TARGETS);
    for target in TARGETS {
        assert!(!seeds(target).is_empty(), "{target}");
    }
}

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = fuzz_folder().join("seeds").join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn run(target: &str, entry: fn(&[u8])) {
    let seconds = env::var("TRACER_FUZZ_SECONDS")
        .map_or(2.0, |value| value.parse().expect("a number of seconds"));
    let deadline = Instant::now() + Duration::from_secs_f64(seconds);
    let seeds = seeds(target);
    for seed in &seeds {
        execute(target, entry, seed);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut executions = seeds.len();
    while Instant::now() < deadline {
        for _ in 0..16 {
            execute(target, entry, &mutated(&seeds, &mut random));
            executions += 1;
        }
    }
    eprintln!("{target}: {executions} executions in {seconds} s");
}

fn execute(target: &str, entry: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| entry(input))) {
        eprintln!("{target} fails on b\"{}\"", input.escape_ascii());
        resume_unwind(panic);
    }
}

/// A seed with some of its bytes changed, or parts of two put together.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(seeds).clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(17)).min(input.len());
        match random.below(7) {
            0 => input.insert(at, random.byte()),
            1 => drop(input.drain(at..end)),
            2 => input.extend_from_within(at..end),
            3 => {
                let other = random.pick(seeds);
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            4 => drop(input.splice(at..at, *random.pick(TOKENS))),
            _ if at < input.len() => input[at] = random.byte(),
            _ => input.push(random.byte()),
        }
    }
    input
}

/// What parsers take note of.
const TOKENS: &[[u8; 4]] = &[
    *b"\r\n\r\n",
    *b"POST",
    *b"HTTP",
    *b"\n\n\n\n",
    *b"0\r\n\r",
    *b"data",
    *b": \r\n",
    *b"gzip",
    *b"{}\n\n",
    *b"\0\0\0\0",
    *b"\xff\xff\xff\xff",
];

/// xorshift64: the same run every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
