//! Programs in Go, whose TLS is that of its standard library: each call reported once, every field
//! exact.

use anyhow::Result;
use tests::{
    harness::{
        client,
        requirements::{Need::Golang, golang_client},
    },
    provider::running::Provider,
};

use crate::stripped::{Known, exact};

/// Runs what a client is told to do, by HTTP of this version over at most so many connections, once
/// it is probed.
fn calls(program: &'static str, version: u8, connections: u8, what: &[&str]) -> Result<()> {
    let path = golang_client(program);
    let numbers = [version.to_string(), connections.to_string()];
    exact(
        &[Golang(program)],
        program,
        Known::ByName(&path),
        |provider| {
            let mut command = client::program(&path, provider);
            command.args(&numbers).args(what);
            Ok(command)
        },
    )
}

/// One of each kind.
const EACH: [&str; 4] = ["plain:1101", "stream:1102", "gzip:1103", "large:1104"];
/// A hundred at once.
const MANY: [&str; 2] = ["many:1200:100", "plain:1105"];

#[test]
fn http1() -> Result<()> {
    calls("go1_27_stripped", 1, 1, &EACH)
}

#[test]
fn http2() -> Result<()> {
    calls("go1_27_stripped", 2, 1, &EACH)
}

/// Goroutines that share connections, change threads, and have stacks that grow.
#[test]
fn many_at_once() -> Result<()> {
    calls("go1_27_stripped", 1, 4, &MANY)
}

#[test]
fn many_at_once_over_http2() -> Result<()> {
    calls("go1_27_stripped", 2, 4, &MANY)
}

/// The program serves TLS itself, and passes on what it is asked: the call of the gateway is one,
/// what it served is none of its own.
#[test]
fn a_gateway_in_the_same_program() -> Result<()> {
    calls("go1_27_stripped", 2, 4, &["gateway:1301", "plain:1302"])
}

#[test]
fn with_symbols() -> Result<()> {
    calls("go1_27_symbols", 2, 4, &EACH)
}

#[test]
fn position_independent() -> Result<()> {
    calls("go1_27_pie", 1, 4, &EACH)
}

/// Linked by the linker of C, beside code of C, so that the code of Go begins anywhere.
#[test]
fn with_code_of_c() -> Result<()> {
    calls("go1_27_cgo", 2, 4, &EACH)
}

/// Reads are seen where they return.
#[test]
fn unoptimised() -> Result<()> {
    calls("go1_27_unoptimised", 1, 4, &EACH)
}

/// The same by many goroutines.
#[test]
fn unoptimised_many_at_once() -> Result<()> {
    calls("go1_27_unoptimised", 2, 4, &MANY)
}

#[test]
fn the_oldest_release() -> Result<()> {
    calls("go1_21_stripped", 2, 4, &EACH)?;
    calls("go1_21_stripped", 1, 4, &MANY)
}

#[test]
fn the_release_of_debian() -> Result<()> {
    calls("debian_stripped", 1, 4, &EACH)?;
    calls("debian_stripped", 2, 4, &MANY)
}

/// Nobody names the program: it is found when it is run first.
#[test]
fn found_by_its_use() -> Result<()> {
    let path = golang_client("go1_27_stripped");
    let nothing = Provider::start("")?;
    let mut first = client::program(&path, &nothing);
    exact(
        &[Golang("go1_27_stripped")],
        "go1_27_stripped",
        Known::ByUse(first.args(["2", "1"])),
        |provider| {
            let mut command = client::program(&path, provider);
            command.args(["2", "1"]).args(EACH);
            Ok(command)
        },
    )
}
