//! What a test needs of the machine; without it the test is skipped, aloud.

use std::path::{Path, PathBuf};

use super::{cgroup, dotnet::Dotnet};

/// The folder of the workspace's `Cargo.toml`.
pub fn workspace_root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or(manifest.clone(), PathBuf::from)
}

/// A thing that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Root, and the release agent.
    Agent,
    /// The Python environment of the clients.
    Python,
    /// The Node packages of the clients.
    Node,
    /// A program on the path.
    Program(&'static str),
    /// Control groups of version 2.
    ControlGroups,
    /// A file of the system.
    File(&'static str),
    /// A shared library of the system, by its name with the version.
    SystemLibrary(&'static str),
    /// A release of OpenSSL beside the system's.
    OpenSsl(&'static str),
    /// A program of an npm package that is no script: its path below `node_modules`.
    Native(&'static str),
    /// The Python environment of packages with a TLS library of their own.
    NativePython,
    /// The Python environment of agents.
    Agents,
    /// A backend of traces.
    Backend(Backend),
    /// The client with OpenSSL linked in.
    StaticOpenSsl,
    /// A client in Go, by the release and the way it is built.
    Golang(&'static str),
    /// The programs for lives of milliseconds.
    ShortLived,
    /// The client with rustls built in, by its cryptography.
    Rustls(&'static str),
    /// A release of .NET, and the client for it.
    Dotnet(Dotnet),
}

/// Backends of traces, each in a Python environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Arize Phoenix.
    Phoenix,
    /// MLflow.
    Mlflow,
}

impl Backend {
    /// The folder of its Python environment.
    fn folder(self) -> PathBuf {
        workspace_root().join(match self {
            Self::Phoenix => "target/e2e/venv-phoenix",
            Self::Mlflow => "target/e2e/venv-mlflow",
        })
    }
}

impl Need {
    /// Why it is not there, and what to do.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Agent => {
                // SAFETY: takes nothing and cannot fail.
                if unsafe { libc::geteuid() } != 0 {
                    return Some("needs root to attach probes".to_owned());
                }
                (!agent_path().exists())
                    .then(|| "no release agent: run cargo xtask build".to_owned())
            }
            Self::Python => {
                // Written once all are installed.
                let stamp = workspace_root().join("target/e2e/venv/requirements.installed");
                (!stamp.exists()).then(|| "no Python clients: run cargo xtask setup".to_owned())
            }
            Self::Node => {
                // Written once all are installed.
                let stamp = node_folder().join("lock.installed");
                (!stamp.exists()).then(|| "no Node clients: run cargo xtask setup".to_owned())
            }
            Self::Program(name) => find_program(name)
                .is_none()
                .then(|| format!("{name} is not installed")),
            Self::SystemLibrary(name) => system_library(name)
                .is_none()
                .then(|| format!("{name} is not installed")),
            Self::OpenSsl(release) => bundled_libssl(release).is_none().then(|| {
                format!("no OpenSSL {release}: cargo xtask e2e unpacks it from a Python package")
            }),
            Self::Native(path) => (!native_program(path).exists())
                .then(|| format!("no {path}: run cargo xtask setup")),
            Self::Agents => {
                let stamp = agents_folder().join("requirements.installed");
                (!stamp.exists()).then(|| "no agents: run cargo xtask setup".to_owned())
            }
            Self::Backend(backend) => {
                let stamp = backend.folder().join("requirements.installed");
                (!stamp.exists()).then(|| format!("no {backend:?}: run cargo xtask setup"))
            }
            Self::NativePython => {
                // Written once all are installed.
                let stamp = native_python_folder().join("requirements.installed");
                (!stamp.exists()).then(|| {
                    "no Python packages with TLS of their own: run cargo xtask setup".to_owned()
                })
            }
            Self::StaticOpenSsl => (!static_openssl_client().exists())
                .then(|| "no client with OpenSSL linked in: run cargo xtask setup".to_owned()),
            Self::Golang(name) => (!golang_client(name).exists())
                .then(|| format!("no Go client {name}: run cargo xtask setup")),
            // Both are built at once.
            Self::Rustls(cryptography) => (!rustls_server(cryptography).exists())
                .then(|| format!("no client with rustls on {cryptography}: run cargo xtask setup")),
            Self::ShortLived => (!short_lived("done").exists())
                .then(|| "no short-lived programs: run cargo xtask setup".to_owned()),
            Self::Dotnet(release) => release.missing(),
            Self::ControlGroups => (!cgroup::can_make())
                .then(|| "no control groups of version 2 can be made".to_owned()),
            Self::File(path) => (!Path::new(path).exists()).then(|| format!("there is no {path}")),
        }
    }
}

/// Are all there? If not, says which is missing, as every test that cannot run must.
#[expect(clippy::print_stdout, reason = "a skipped test says so in its output")]
pub fn met(needs: &[Need]) -> bool {
    let missing: Vec<_> = needs.iter().filter_map(|need| need.missing()).collect();
    if let Some(reason) = missing.first() {
        println!("skipped: {reason}");
    }
    missing.is_empty()
}

/// Variable with the path of another build of the agent to test; empty: there is none.
const OTHER_AGENT: &str = "TRACER_TEST_AGENT";

/// The agent under test: the release build unless [`OTHER_AGENT`] names another.
pub fn agent_path() -> PathBuf {
    let other = std::env::var_os(OTHER_AGENT).map(PathBuf::from);
    other.unwrap_or_else(|| workspace_root().join("target/release/tracer-agent"))
}

/// The interpreter of the clients' environment.
pub fn python_path() -> PathBuf {
    workspace_root().join("target/e2e/venv/bin/python")
}

/// The folder that holds the clients' Node packages.
pub fn node_folder() -> PathBuf {
    workspace_root().join("target/e2e/node")
}

/// A program of an npm package, by its path below `node_modules`.
pub fn native_program(path: &str) -> PathBuf {
    workspace_root()
        .join("target/e2e/native/node_modules")
        .join(path)
}

/// The interpreter that has packages with a TLS library of their own.
pub fn native_python_path() -> PathBuf {
    native_python_folder().join("bin/python")
}

fn native_python_folder() -> PathBuf {
    workspace_root().join("target/e2e/venv-native")
}

/// The interpreter that has agents.
pub fn agents_python_path() -> PathBuf {
    agents_folder().join("bin/python")
}

fn agents_folder() -> PathBuf {
    workspace_root().join("target/e2e/venv-agents")
}

/// The interpreter that has Phoenix.
pub fn phoenix_python_path() -> PathBuf {
    Backend::Phoenix.folder().join("bin/python")
}

/// The interpreter that has MLflow.
pub fn mlflow_python_path() -> PathBuf {
    Backend::Mlflow.folder().join("bin/python")
}

/// The client with OpenSSL linked in, its symbols stripped.
pub fn static_openssl_client() -> PathBuf {
    workspace_root().join("target/e2e/static-openssl/client")
}

/// A client in Go.
pub fn golang_client(name: &str) -> PathBuf {
    workspace_root().join("target/e2e/go").join(name)
}

/// The client with rustls built in, on aws-lc or ring, its symbols stripped.
pub fn rustls_client(cryptography: &str) -> PathBuf {
    rustls_folder(cryptography).join("rustls-client")
}

/// The server, likewise.
pub fn rustls_server(cryptography: &str) -> PathBuf {
    rustls_folder(cryptography).join("rustls-server")
}

fn rustls_folder(cryptography: &str) -> PathBuf {
    workspace_root()
        .join("target/e2e/rustls")
        .join(cryptography)
        .join("release")
}

/// The driver with rustls built in, on aws-lc or ring.
pub fn driver_of_rustls(cryptography: &str) -> PathBuf {
    rustls_client(cryptography).with_file_name("driver")
}

/// A program of `tests/clients/short_lived.c` or `static_openssl.c`, for lives of milliseconds.
pub fn short_lived(name: &str) -> PathBuf {
    workspace_root().join("target/e2e/short-lived").join(name)
}

/// The libssl of a release of OpenSSL that a Python package bundles.
pub fn bundled_libssl(release: &str) -> Option<PathBuf> {
    let folder = workspace_root().join("target/e2e/openssl").join(release);
    // The package's `NAME.libs` holds what was bundled with it.
    let folders = std::fs::read_dir(folder).ok()?.flatten();
    folders
        .filter_map(|folder| std::fs::read_dir(folder.path()).ok())
        .flat_map(|files| files.flatten())
        .map(|file| file.path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libssl") && name.contains(".so")
        })
}

/// A shared library in the system's directories.
pub fn system_library(name: &str) -> Option<PathBuf> {
    let machine = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [&*machine, "/usr/lib64", "/usr/lib"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// A program on the path, or where administrators' programs are.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders
        .map(|folder| folder.join(name))
        .find(|program| program.exists())
}
