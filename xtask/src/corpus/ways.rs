//! In which ways the recordings are played past the agent, as arguments of the harness.

/// Each client, version of HTTP and of TLS, encoding and cut of the bytes, and most pairs of them,
/// with as many connections at once as a busy host has. Recorded sessions over WebSockets last.
pub const USUAL: [&str; 7] = [
    "--http1 --client python-ssl --encoding recorded --chunk sse-event --concurrency 50",
    "--http2 --client httpx --encoding zstd --chunk random --concurrency 50 --seed 7",
    "--http1 --client httpx --encoding br --chunk random --concurrency 50",
    "--http2 --client python-ssl --encoding gzip --chunk one --concurrency 50 --tls 1.2",
    "--http2 --client curl --encoding identity --chunk sse-event --concurrency 8 --limit 200",
    "--websocket --concurrency 50",
    "--websocket --ws-deflate --concurrency 50",
];

/// The product of what [`USUAL`] takes samples of; clients and versions of TLS take turns.
pub fn all() -> Vec<String> {
    const CLIENTS: [&str; 5] = [
        "python-ssl",
        "httpx",
        "httpx-sync",
        "python-ssl --tls 1.2",
        "httpx --tls 1.2",
    ];
    let mut clients = CLIENTS.iter().cycle();
    let mut ways = Vec::new();
    for http in ["--http1", "--http2"] {
        for encoding in ["recorded", "identity", "gzip", "br", "zstd"] {
            for (cut, client) in ["sse-event", "random", "one"].iter().zip(&mut clients) {
                ways.push(format!(
                    "{http} --encoding {encoding} --chunk {cut} --concurrency 50 --client {client}"
                ));
            }
        }
        ways.push(format!(
            "{http} --client curl --encoding gzip --chunk random --concurrency 8"
        ));
    }
    ways.extend(["", " --ws-deflate"].map(|more| format!("--websocket --concurrency 50{more}")));
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ways_cover_every_value() {
        for value in [
            "--http1",
            "--http2",
            "recorded",
            "identity",
            "gzip",
            "br",
            "zstd",
            "sse-event",
            "random",
            "one",
            "python-ssl",
            "httpx",
            "curl",
            "--tls 1.2",
            "--ws-deflate",
        ] {
            assert!(USUAL.iter().any(|way| way.contains(value)), "{value}");
        }
    }

    #[test]
    fn all_are_different() {
        let mut ways = all();
        assert_eq!(ways.len(), 34);
        ways.sort();
        ways.dedup();
        assert_eq!(ways.len(), 34);
    }
}
