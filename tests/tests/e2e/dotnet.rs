//! .NET, which gives libssl memory to read and write and moves the records itself: each call reported
//! once, every field exact, with the socket that it went through.

use anyhow::Result;
use tests::harness::{
    client,
    dotnet::Dotnet,
    requirements::{Need, met},
};

use super::{
    peers::known,
    stripped::{Known, exact},
};

/// HTTP/1.1 and HTTP/2, twenty calls at once by each.
fn calls(release: Dotnet, file: &str) -> Result<()> {
    let needs = [Need::Dotnet(release)];
    if !met(&needs) {
        return Ok(());
    }
    exact(
        &needs,
        file,
        Known::ByUse(&mut release.command(&["--version"])?),
        |provider| client::dotnet(release, provider),
    )
}

#[test]
fn core_3_1_with_openssl_1_1() -> Result<()> {
    calls(Dotnet::Core, "libssl-")
}

#[test]
fn net_9_with_openssl_3() -> Result<()> {
    calls(Dotnet::Newer, "/libssl.so")
}

#[test]
fn sockets_of_many_calls_at_once() -> Result<()> {
    known(&[Need::Agent, Need::Dotnet(Dotnet::Newer)], |scene| {
        client::dotnet(Dotnet::Newer, &scene.provider)
    })
}
