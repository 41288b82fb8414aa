//! Node with its libraries, from the lock file of `tests/clients/node-matrix`.

use std::{fs, process::Command};

use anyhow::Context as _;

use crate::{
    harness::{
        client,
        requirements::{find_program, workspace_root},
    },
    matrix::program::{Listed, Program, Tls},
};

/// A script, the library that it calls by, and its package.
const LIBRARIES: [(&str, &str, &str); 5] = [
    ("fetch", "fetch", ""),
    ("undici", "undici", "undici"),
    ("openai", "openai", "openai"),
    ("anthropic", "@anthropic-ai/sdk", "@anthropic-ai/sdk"),
    ("ai", "ai SDK", "ai"),
];

pub fn programs() -> Vec<Listed> {
    let folder = workspace_root().join("target/e2e/node-matrix");
    let reason = match find_program("node") {
        None => Some("node is not installed".to_owned()),
        Some(_) if folder.join("lock.installed").exists() => None,
        Some(_) => Some("its packages are missing: run cargo xtask e2e --matrix".to_owned()),
    };
    let listed = LIBRARIES.map(|(script, library, package)| {
        let name = format!("Node, {library}");
        let folder = folder.clone();
        Listed::unless(reason.clone(), &name.clone(), || {
            let mut version = Command::new("node");
            version.args(["-e", VERSION, package]).current_dir(&folder);
            Program {
                name,
                version,
                tls: Tls::In("/node "),
                calls: Box::new(move |provider| {
                    // Beside the packages, where a script finds them.
                    let from = workspace_root().join("tests/clients/node-matrix");
                    for file in ["calls.mjs", &format!("{script}.mjs")] {
                        fs::copy(from.join(file), folder.join(file))
                            .with_context(|| format!("cannot copy {file}"))?;
                    }
                    let mut command = client::program("node".as_ref(), provider);
                    command.arg(folder.join(format!("{script}.mjs")));
                    Ok(vec![command])
                }),
            }
        })
    });
    listed.into()
}

const VERSION: &str = r#"
const name = process.argv[1];
const read = (name) => JSON.parse(require("fs").readFileSync(`node_modules/${name}/package.json`)).version;
console.log(process.versions.node, name, name && read(name));
console.log("OpenSSL", process.versions.openssl);
"#;
