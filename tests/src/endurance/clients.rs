//! The drivers (`tests/clients/drivers`): one for each runtime and library, as far as they are here.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    harness::{
        client,
        requirements::{
            Need, driver_of_rustls, golang_client, native_program, native_python_path,
            system_library, workspace_root,
        },
        rust::{self, DENO},
    },
    provider::running::Provider,
};

const BUN: &str = "@oven/bun-linux-x64/bin/bun";
const GO: &str = "go1_27_driver";
const GNUTLS: &str = "libgnutls.so.30";

/// A driver, by what it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Runtime and library, for people.
    pub name: &'static str,
    runtime: Runtime,
    /// Calls without TLS.
    plain: bool,
}

/// What runs it; the word is the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runtime {
    Python(&'static str),
    /// The newest Python of the matrix that has it.
    MatrixPython(&'static str),
    NativePython(&'static str),
    PythonGnuTls,
    Confined,
    Node(&'static str),
    Bun(&'static str),
    Deno(&'static str),
    /// By the version of HTTP.
    Go(&'static str),
    Rustls(&'static str),
    Ruby,
    Php,
    /// A process for each call.
    Each(&'static str),
}

use Runtime::{
    Bun, Confined, Deno, Each, Go, MatrixPython, NativePython, Node, Php, Python, PythonGnuTls,
    Ruby, Rustls,
};

impl Client {
    /// By Python's own TLS and HTTP.
    pub const PYTHON: Self = Self::new("Python, http.client", Python("http.client"));
    /// The same under a seccomp filter that kills it for what an established connection does not take.
    pub const CONFINED: Self = Self::new("Python, confined", Confined);
    /// By Node's fetch.
    pub const NODE: Self = Self::new("Node, fetch", Node("fetch"));
    /// By Bun's fetch.
    pub const BUN: Self = Self::new("Bun, fetch", Bun("fetch"));
    /// By net/http.
    pub const GO: Self = Self::new("Go, HTTP/1.1", Go("1"));
    /// By reqwest with rustls on aws-lc.
    pub const RUSTLS: Self = Self::new("Rust, rustls on aws-lc", Rustls("aws-lc"));
    /// By GnuTLS itself.
    pub const GNUTLS: Self = Self::new("Python, GnuTLS", PythonGnuTls);

    /// A process for each call.
    pub const CURL: Self = Self::new("curl", Each("curl"));

    /// Python without TLS.
    pub const PLAIN: Self =
        Self::new("Python, http.client, no TLS", Python("http.client")).without_tls();

    /// All, each once.
    pub const ALL: [Self; 27] = [
        Self::PYTHON,
        Self::new("Python, requests", Python("requests")),
        Self::new("Python, httpx", Python("httpx")),
        Self::new("Python, httpx, HTTP/2", Python("httpx-http2")),
        Self::new("Python, openai", Python("openai")),
        Self::new("Python, openai, asyncio", Python("openai-async")),
        Self::new("Python, anthropic", Python("anthropic")),
        Self::new("Python, aiohttp", MatrixPython("aiohttp")),
        Self::new("Python, curl_cffi", NativePython("curl_cffi")),
        Self::GNUTLS,
        Self::NODE,
        Self::new("Node, openai", Node("openai")),
        Self::new("Node, @anthropic-ai/sdk", Node("anthropic")),
        Self::BUN,
        Self::new("Bun, openai", Bun("openai")),
        Self::new("Deno, fetch", Deno("fetch")),
        Self::GO,
        Self::new("Go, HTTP/2", Go("2")),
        Self::RUSTLS,
        Self::new("Rust, rustls on ring", Rustls("ring")),
        Self::new("Ruby, net/http", Ruby),
        Self::new("PHP, curl", Php),
        Self::CURL,
        Self::new("wget", Each("wget")),
        Self::new("Python, openai, no TLS", Python("openai")).without_tls(),
        Self::new("Node, fetch, no TLS", Node("fetch")).without_tls(),
        Self::new("curl, no TLS", Each("curl")).without_tls(),
    ];

    const fn new(name: &'static str, runtime: Runtime) -> Self {
        Self {
            name,
            runtime,
            plain: false,
        }
    }

    const fn without_tls(self) -> Self {
        Self {
            plain: true,
            ..self
        }
    }

    /// Whether its calls are made by children of its own.
    pub const fn has_children(&self) -> bool {
        matches!(self.runtime, Each(_))
    }

    /// Whether it takes words for the model's name that ask for a stream.
    pub const fn streams(&self) -> bool {
        !matches!(self.runtime, PythonGnuTls)
    }

    /// Why it cannot be run here, and what to do.
    pub fn missing(&self) -> Option<String> {
        let of = |needs: &[Need]| needs.iter().find_map(|need| need.missing());
        match self.runtime {
            Python(_) => of(&[Need::Python]),
            MatrixPython(library) => matrix_python(library)
                .is_none()
                .then(|| format!("no Python with {library}: run cargo xtask e2e --matrix")),
            NativePython(_) => of(&[Need::NativePython]),
            PythonGnuTls => of(&[Need::Python, Need::SystemLibrary(GNUTLS)]),
            Confined if std::env::consts::ARCH != "x86_64" => {
                Some("its filter is for x86-64".to_owned())
            }
            Confined => of(&[Need::Python]),
            Node(_) => of(&[Need::Node, Need::Program("node")]),
            Bun(_) => of(&[Need::Node, Need::Native(BUN)]),
            Deno(_) => of(&[Need::Node, Need::Native(DENO)]),
            Go(_) => of(&[Need::Golang(GO)]),
            Rustls(cryptography) => (!driver_of_rustls(cryptography).exists())
                .then(|| format!("no driver with rustls on {cryptography}: run cargo xtask setup")),
            Ruby => of(&[Need::Program("ruby")]),
            Php => of(&[Need::Program("php")]),
            Each(program) => of(&[Need::Program(program)]),
        }
    }

    /// Its command line.
    ///
    /// # Errors
    /// If a script cannot be copied to where its packages are.
    pub fn command(&self, provider: &Provider) -> Result<Command> {
        let mut command = match self.runtime {
            Python(library) => with(client::python("driver_by.py", provider), library),
            MatrixPython(library) => {
                let python = matrix_python(library).context("no such Python")?;
                with(
                    client::python_by(&python, "driver_by.py", provider),
                    library,
                )
            }
            NativePython(library) => with(
                client::python_by(&native_python_path(), "driver_by.py", provider),
                library,
            ),
            PythonGnuTls => {
                let library = system_library(GNUTLS).context("no GnuTLS")?;
                let mut command = client::python("gnutls_driver.py", provider);
                command.arg(library);
                command
            }
            Confined => client::python("confined.py", provider),
            Node(library) => with(client::node("driver.mjs", provider)?, library),
            Bun(library) => with(
                client::node_by(&native_program(BUN), "driver.mjs", provider)?,
                library,
            ),
            Deno(library) => with(rust::deno("driver.mjs", provider)?, library),
            Go(version) => with(client::program(&golang_client(GO), provider), version),
            Rustls(cryptography) => client::program(&driver_of_rustls(cryptography), provider),
            Ruby => script("ruby", "ruby/driver.rb", provider),
            Php => script("php", "php/driver.php", provider),
            Each(program) => with(client::shell("drivers/each.sh", provider), program),
        };
        if self.plain {
            command = client::plain(command, provider);
        }
        Ok(command)
    }
}

fn with(mut command: Command, word: &str) -> Command {
    command.arg(word);
    command
}

fn script(interpreter: &str, file: &str, provider: &Provider) -> Command {
    let mut command = client::program(Path::new(interpreter), provider);
    command.arg(workspace_root().join("tests/clients").join(file));
    command
}

fn matrix_python(library: &str) -> Option<PathBuf> {
    let matrix = workspace_root().join("target/e2e/matrix");
    let newest_first = (8..=13)
        .rev()
        .map(|minor| matrix.join(format!("python3.{minor}")));
    newest_first
        .filter(|environment| environment.join(format!("{library}.installed")).exists())
        .map(|environment| environment.join("bin/python"))
        .next()
}
