//! Programs in Rust: with rustls built in, and on libssl.

use std::process::Command;

use crate::{
    harness::{
        assistants::CODEX,
        client,
        requirements::{Need, native_program, rustls_client, workspace_root},
        rust,
    },
    matrix::program::{Listed, Program, Tls},
};

pub fn programs() -> Vec<Listed> {
    vec![
        deno("Deno, openai", "openai.mjs"),
        deno("Deno, @anthropic-ai/sdk", "anthropic.mjs"),
        codex(),
        reqwest(
            "Rust, reqwest, rustls on aws-lc",
            "aws-lc",
            "aws-lc/release/rustls-client",
        ),
        reqwest(
            "Rust, reqwest, rustls on ring",
            "ring",
            "ring/release/rustls-client",
        ),
        native_tls(),
    ]
}

fn native_tls() -> Listed {
    let path = workspace_root().join("target/e2e/native-tls/release/native-tls-client");
    let missing = (!path.exists())
        .then(|| "no client with native-tls: run cargo xtask e2e --matrix".to_owned());
    let name = "Rust, reqwest, native-tls";
    Listed::unless(missing, name, || {
        let mut version = Command::new("sh");
        // On the library that the system's own program is of.
        version.args(["-c", "\"$0\" --version; openssl version | cut -d' ' -f1,2"]);
        version.arg(&path);
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In("/libssl.so"),
            calls: Box::new(move |provider| Ok(vec![client::program(&path, provider)])),
        }
    })
}

fn deno(name: &'static str, script: &'static str) -> Listed {
    let missing = Need::Native(rust::DENO).missing();
    Listed::unless(missing.or_else(|| Need::Node.missing()), name, || {
        let mut version = Command::new("sh");
        version.args(["-c", "\"$0\" --version | head -1; echo rustls on aws-lc"]);
        version.arg(native_program(rust::DENO));
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In("/deno"),
            calls: Box::new(|provider| Ok(vec![rust::deno(script, provider)?])),
        }
    })
}

fn codex() -> Listed {
    let name = "Codex CLI";
    Listed::unless(Need::Native(CODEX).missing(), name, || {
        let mut version = Command::new("sh");
        let says = "CODEX_HOME=$(mktemp -d) \"$0\" --version; echo rustls on aws-lc";
        version.args(["-c", says]).arg(native_program(CODEX));
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In("/codex"),
            calls: Box::new(|provider| Ok(vec![rust::codex(provider)])),
        }
    })
}

fn reqwest(name: &'static str, cryptography: &'static str, file: &'static str) -> Listed {
    Listed::unless(Need::Rustls(cryptography).missing(), name, || {
        let mut version = Command::new(rustls_client(cryptography));
        version.arg("--version");
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In(file),
            calls: Box::new(|provider| Ok(vec![rust::reqwest(cryptography, provider)])),
        }
    })
}
