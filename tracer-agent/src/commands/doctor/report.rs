//! What `doctor` finds, in the shape of its JSON output.

use serde::Serialize;

/// Version of the report's JSON shape: it grows when a field is renamed, is removed or means something
/// else. New fields do not change it.
pub const SCHEMA_VERSION: u32 = 2;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Whether `run` would start, as far as this can be told.
    pub can_trace: bool,
    /// What stands in the way, and what to do about it.
    pub problems: Vec<String>,
    /// This agent.
    pub agent: Agent,
    /// The kernel.
    pub kernel: Kernel,
    /// Capabilities that the agent uses.
    pub capabilities: Vec<CapabilityLine>,
    /// Limits that the agent runs under.
    pub limits: Vec<Limit>,
    /// The Kubernetes API, if it is to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<Kubernetes>,
    /// An agent that runs on this host now.
    pub running_agent: RunningAgent,
    /// Files with TLS in them that processes use now.
    pub files: Vec<TlsFile>,
    /// Processes with TLS in them, whose calls the running agent has seen, or that do something that is not
    /// seen.
    pub processes: Vec<TlsProcess>,
    /// Processes of which none of this is known.
    pub without_tls: usize,
    /// Processes that could not be looked at.
    pub unreadable: Vec<u32>,
}

/// This agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// Its version.
    pub version: &'static str,
    /// Whether the eBPF program was built in.
    pub ebpf_program: bool,
    /// Whether it runs in the root pid namespace, whose process ids the kernel reports; absent if
    /// it cannot be told.
    pub root_pid_namespace: Option<bool>,
}

/// The kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kernel {
    /// Its release.
    pub release: String,
    /// Processor architecture.
    pub architecture: &'static str,
    /// What it offers.
    pub features: Vec<Feature>,
}

/// Something that a kernel may offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// Stable name.
    pub name: &'static str,
    /// Whether it is there.
    pub support: Answer,
    /// Why not, or why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the agent uses it for.
    pub used_for: &'static str,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It could not be found out.
    Unknown,
}

/// A capability that the agent uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CapabilityLine {
    /// `CAP_…`.
    pub name: String,
    /// Whether the agent has it, or a greater one.
    pub held: bool,
    /// Whether it does not start without.
    pub required: bool,
    /// What it is needed for.
    pub purpose: &'static str,
}

/// A limit that the agent runs under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Stable name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What it means for the agent.
    pub meaning: &'static str,
}

/// The Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kubernetes {
    /// Its host and port.
    pub api: String,
    /// The node whose pods are asked for.
    pub node: String,
    /// Whether it tells of them.
    pub reached: Answer,
    /// How many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<usize>,
    /// Why not, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Another agent, which traces now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunningAgent {
    /// Where its metrics would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether they are there.
    pub reached: Answer,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A file that holds TLS functions, or is known to hold TLS that is not traceable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsFile {
    /// Path as its processes see it.
    pub path: String,
    /// Its GNU build id, hexadecimal, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// Processes that use it, ascending.
    pub pids: Vec<u32>,
    /// Calls that the running agent has seen through it; absent if there is none, if it does not probe
    /// the file, or if another one has the same path and build id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_seen: Option<u64>,
    /// What would be done with it.
    #[serde(flatten)]
    pub outcome: FileOutcome,
}

/// What would be done with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "traceable")]
pub enum FileOutcome {
    /// It would be probed.
    #[serde(rename = "yes")]
    Probed {
        /// Which TLS implementations.
        tls: Vec<Located>,
        /// Where.
        points: Vec<Point>,
        /// Others in it that would not be.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        missed: Vec<Missed>,
    },
    /// It cannot be.
    #[serde(rename = "no")]
    NotTraceable(Missed),
}

/// A TLS implementation that was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Located {
    /// Which.
    pub family: &'static str,
    /// How its functions were found.
    pub located_by: &'static str,
}

/// Why calls are not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// The reason in a word, for programs.
    pub code: &'static str,
    /// Why.
    pub reason: String,
    /// What to do.
    pub advice: &'static str,
}

/// One probe point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What it sees.
    pub role: &'static str,
    /// The function, or the place in it.
    pub name: String,
    /// Offset in the file.
    pub file_offset: u64,
    /// What the kernel does there: `emulated` or `single-stepped`.
    pub cost: String,
}

/// A process of interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsProcess {
    /// Its id.
    pub pid: u32,
    /// Script or program.
    pub name: String,
    /// `service.name` of its telemetry.
    pub service: String,
    /// Language runtime, guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Its release, as far as the path of the executable tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// TLS implementations of its files that would be probed.
    pub tls: Vec<Located>,
    /// Whether at least one of its files would be probed, or calls were seen at its sockets.
    pub traceable: bool,
    /// Whether the configuration lets it be traced.
    pub selected: bool,
    /// Its files with TLS.
    pub files: Vec<String>,
    /// Calls that the running agent has seen of it; absent if there is none, or it tells of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_seen: Option<u64>,
    /// Those of them that it saw at sockets, without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_at_sockets: Option<u64>,
    /// What of its calls is not seen, and what to do about it.
    pub blind_spots: Vec<Missed>,
}
