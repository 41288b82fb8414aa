//! Python, each version with each library, in environments of their own. `cargo xtask e2e --matrix`
//! makes them, and writes beside them why one could not be had.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    harness::{client, requirements::workspace_root},
    matrix::program::{Listed, Program, Tls},
};

const MINORS: std::ops::RangeInclusive<u8> = 8..=13;
const LIBRARIES: [&str; 8] = [
    "requests",
    "httpx",
    "aiohttp",
    "openai",
    "anthropic",
    "google-genai",
    "boto3",
    "litellm",
];

/// Stands for the interpreter among what is installed.
const PYTHON: &str = "python";

pub fn programs() -> Vec<Listed> {
    MINORS.flat_map(version).collect()
}

fn version(minor: u8) -> Vec<Listed> {
    let environment = workspace_root().join(format!("target/e2e/matrix/python3.{minor}"));
    let name = |library: &str| format!("Python 3.{minor}, {library}");
    if let Some(reason) = missing(&environment, PYTHON) {
        return vec![Listed::Absent {
            name: format!("Python 3.{minor}"),
            reason,
        }];
    }
    let listed = LIBRARIES.map(|library| {
        let name = name(library);
        Listed::unless(missing(&environment, library), &name.clone(), || {
            program(name, environment.join("bin/python"), library)
        })
    });
    listed.into()
}

/// Why something is not in an environment.
fn missing(environment: &Path, what: &str) -> Option<String> {
    if environment.join(format!("{what}.installed")).exists() {
        return None;
    }
    let reason = fs::read_to_string(environment.join(format!("{what}.missing")));
    Some(reason.unwrap_or_else(|_| "not installed: run cargo xtask e2e --matrix".to_owned()))
}

fn program(name: String, python: PathBuf, library: &'static str) -> Program {
    let mut version = Command::new(&python);
    version.args(["-c", VERSION, library]);
    Program {
        name,
        version,
        tls: Tls::In("/libssl.so"),
        calls: Box::new(move |provider| {
            let script = format!("matrix/with_{}.py", library.replace('-', "_"));
            let mut command = client::python_by(&python, &script, provider);
            command
                .env("PYTHONPATH", workspace_root().join("tests/clients/python"))
                .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
                .env("AWS_EC2_METADATA_DISABLED", "true");
            Ok(vec![command])
        }),
    }
}

const VERSION: &str = "
import importlib.metadata, platform, ssl, sys
print(platform.python_version(), sys.argv[1], importlib.metadata.version(sys.argv[1]))
print(ssl.OPENSSL_VERSION)
";
