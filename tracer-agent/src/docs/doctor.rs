//! `doctor.md`: the shape of `doctor --format json`.

use super::table::{GENERATED, code, table};
use crate::commands::doctor::report::SCHEMA_VERSION;

/// Every field of the report, by its path: `[]` stands for each element of a list. What is
/// reported on the host of a test must be in it.
pub const FIELDS: &[(&str, &str)] = &[
    (
        "schema_version",
        "Version of this shape. It grows when a field is renamed, is removed or means something else; new fields do not change it",
    ),
    (
        "can_trace",
        "Whether `run` would start, as far as this can be told",
    ),
    (
        "problems[]",
        "What stands in the way, and what to do about it, for people",
    ),
    ("agent.version", "Version of the agent that reports"),
    (
        "agent.ebpf_program",
        "Whether the eBPF program was built in",
    ),
    (
        "agent.root_pid_namespace",
        "Whether it runs in the root pid namespace; null if that cannot be told",
    ),
    ("kernel.release", "Release of the kernel"),
    ("kernel.architecture", "Processor architecture"),
    (
        "kernel.features[].name",
        "Something that a kernel may offer",
    ),
    ("kernel.features[].support", "`yes`, `no` or `unknown`"),
    (
        "kernel.features[].reason",
        "Why not, or why it is not known",
    ),
    ("kernel.features[].used_for", "What the agent uses it for"),
    ("capabilities[].name", "A capability that the agent uses"),
    (
        "capabilities[].held",
        "Whether the agent has it, or a greater one",
    ),
    (
        "capabilities[].required",
        "Whether it does not start without",
    ),
    ("capabilities[].purpose", "What it is needed for"),
    ("limits[].name", "A limit that the agent runs under"),
    ("limits[].value", "Its value"),
    ("limits[].meaning", "What it means for the agent"),
    (
        "kubernetes.api",
        "Host and port of the Kubernetes API; `kubernetes` is there only if it is to be asked",
    ),
    ("kubernetes.node", "The node whose pods are asked for"),
    ("kubernetes.reached", "`yes` if it tells of them"),
    ("kubernetes.pods", "How many there are"),
    ("kubernetes.reason", "Why not, and what to do"),
    (
        "running_agent.address",
        "Where the metrics of an agent on this host would be",
    ),
    (
        "running_agent.reached",
        "`yes` if one traces now, and tells what it has seen",
    ),
    ("running_agent.reason", "Why not"),
    (
        "files[].path",
        "A file with TLS that processes use now, by its path as they see it",
    ),
    (
        "files[].build_id",
        "Its GNU build id. Containers may have other files by the same path: these are told apart by it, or by inode, change time and size",
    ),
    ("files[].pids[]", "These processes"),
    (
        "files[].calls_seen",
        "Calls that the running agent has seen through it; absent if there is none, if it does not probe the file, or if it cannot tell it from another one by path and build id",
    ),
    (
        "files[].traceable",
        "`yes` if it would be probed, else `no`",
    ),
    (
        "files[].tls[].family",
        "A TLS implementation in it: `openssl`, `boringssl`, `gnutls`, `nss`, `go` or `rustls`",
    ),
    ("files[].tls[].located_by", "How its functions were found"),
    (
        "files[].points[].role",
        "What a probe sees: `read`, `write`, `open`, `close`, …",
    ),
    ("files[].points[].name", "The function, or the place in it"),
    ("files[].points[].file_offset", "Where in the file"),
    (
        "files[].points[].cost",
        "What the kernel does there: `emulated` or `single-stepped`",
    ),
    (
        "files[].missed[].code",
        "Another TLS implementation in a file that is probed: why it is not, in a word",
    ),
    ("files[].missed[].reason", "The same for people"),
    ("files[].missed[].advice", "What to do"),
    ("files[].code", "Why a file is not traceable, in a word"),
    ("files[].reason", "The same for people"),
    ("files[].advice", "What to do"),
    (
        "processes[].pid",
        "A process with TLS in it, whose calls the running agent has seen, or that does something that is not seen",
    ),
    ("processes[].name", "Its script or program"),
    ("processes[].service", "`service.name` of its telemetry"),
    (
        "processes[].runtime",
        "Language runtime, by the name of its executable or what is found in it",
    ),
    (
        "processes[].runtime_version",
        "Its release, as far as the path of the executable tells",
    ),
    (
        "processes[].tls[].family",
        "A TLS implementation in its files that would be probed",
    ),
    (
        "processes[].tls[].located_by",
        "How its functions were found",
    ),
    (
        "processes[].traceable",
        "Whether at least one of its files would be probed, or calls were seen at its sockets",
    ),
    (
        "processes[].selected",
        "Whether the configuration lets it be traced",
    ),
    (
        "processes[].files[]",
        "Its files with TLS: paths in `files`, of those with its pid",
    ),
    (
        "processes[].calls_seen",
        "Calls of it that the running agent has seen, of the 4096 processes that made or served one last; absent if it has seen none",
    ),
    (
        "processes[].calls_at_sockets",
        "Those of them that were seen at its sockets: without TLS",
    ),
    (
        "processes[].blind_spots[].code",
        "What of its calls is not seen, in a word (see below)",
    ),
    ("processes[].blind_spots[].reason", "The same for people"),
    ("processes[].blind_spots[].advice", "What to do"),
    (
        "without_tls",
        "How many other processes there are: no TLS was found in them, and no call of them was seen",
    ),
    ("unreadable[]", "Processes that could not be looked at"),
];

/// What the codes of blind spots mean, but those of files, which are the `reason` labels of
/// `llm_tracer_attach_failures_total`.
const CODES: [(&str, &str); 5] = [
    (
        "foreign_tls",
        "It maps a TLS library that is not traced: mbedTLS, wolfSSL, s2n-tls, BearSSL, …",
    ),
    (
        "unknown_tls",
        "It is connected to port 443, and no TLS that is known was found in it",
    ),
    (
        "quic",
        "It maps a library of QUIC, or has a UDP socket connected to port 443",
    ),
    (
        "io_uring",
        "It has an io_uring: what it moves through it without TLS is not seen. TLS is seen before",
    ),
    (
        "ktls",
        "It has TLS and connections in a network namespace where the kernel does the TLS of some, maybe not of its own: what goes over such a connection past its TLS library is not seen",
    ),
];

/// The page.
pub(super) fn page() -> String {
    let row = |(name, meaning): &(&str, &str)| [code(name), format!("{meaning}.")];
    format!(
        "{GENERATED}# The report of doctor\n\n\
         `tracer-agent doctor --format json` prints one document of this shape, version \
         {SCHEMA_VERSION}. `[]` stands for each element of a list. A field that has nothing to say is \
         absent.\n\n{}\n\
         ## Codes of blind spots\n\n\
         Besides those of files, which are the `reason` labels of `llm_tracer_attach_failures_total`. \
         A running agent counts both kinds once a minute, in `llm_tracer_coverage_blind_processes`:\n\n{}",
        table(["field", "meaning"], FIELDS.iter().map(row)),
        table(["code", "meaning"], CODES.iter().map(row)),
    )
}
