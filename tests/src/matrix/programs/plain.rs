//! Calls without TLS, as to a model on the same host.

use std::process::Command;

use super::shell::{missing, versions};
use crate::{
    harness::{
        client,
        requirements::{find_program, python_path},
    },
    matrix::program::{Listed, Program, Tls},
    provider::running::Provider,
};

/// A script, and the package that tells its version.
const PYTHON: [(&str, &str, &str); 3] = [
    ("ollama_sync.py", "ollama", "ollama"),
    ("openai_sync.py", "openai", "openai"),
    ("sockets.py", "requests, httpx, urllib, sockets", "httpx"),
];

pub fn programs() -> Vec<Listed> {
    let python = python_path();
    let reason = (!python.exists()).then(|| "no Python clients: run cargo xtask setup".to_owned());
    let mut listed: Vec<Listed> = PYTHON
        .into_iter()
        .map(|(script, library, package)| {
            let name = format!("Python, {library}, no TLS");
            Listed::unless(reason.clone(), &name.clone(), || {
                let mut version = Command::new(python_path());
                version.args(["-c", VERSION, package]);
                program(name, version, move |provider| {
                    client::python(script, provider)
                })
            })
        })
        .collect();
    let node = find_program("node")
        .is_none()
        .then(|| "node is not installed".to_owned());
    listed.push(Listed::unless(node, "Node, fetch, no TLS", || {
        let version = versions("node -p process.versions.node; echo none");
        program("Node, fetch, no TLS".to_owned(), version, |provider| {
            let mut command = client::program("node".as_ref(), provider);
            command.arg(
                crate::harness::requirements::workspace_root()
                    .join("tests/clients/node-matrix/fetch.mjs"),
            );
            command
        })
    }));
    listed.push(Listed::unless(missing("curl"), "curl, no TLS", || {
        let version = versions("curl --version | cut -d' ' -f2 | head -1; echo none");
        program("curl, no TLS".to_owned(), version, |provider| {
            client::shell("curl.sh", provider)
        })
    }));
    listed
}

fn program(
    name: String,
    version: Command,
    command: impl FnOnce(&Provider) -> Command + 'static,
) -> Program {
    Program {
        name,
        version,
        tls: Tls::Without,
        calls: Box::new(|provider| Ok(vec![client::plain(command(provider), provider)])),
    }
}

const VERSION: &str = r#"
import importlib.metadata, platform, sys
print(platform.python_version(), sys.argv[1], importlib.metadata.version(sys.argv[1]))
print("none")
"#;
