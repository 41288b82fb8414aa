//! What is traced in the guest: a row for each family of probes.

use std::path::PathBuf;

use super::{architecture::Architecture, programs::Programs};

/// The agents that are started in the guest one after the other, by what is in their environment.
pub const AGENTS: [&str; 2] = ["", "LLM_TRACER_RETURN_PROBES=never"];
/// The one that uses what the kernel offers.
const USUAL: usize = 0;
/// The one for kernels where return probes would harm.
const WITHOUT_RETURN_PROBES: usize = 1;

/// A row: a program, what it does, and what has to be reported of it.
#[derive(Debug)]
pub struct Family {
    /// Which probes; one word.
    pub name: &'static str,
    /// Which of [`AGENTS`] watches.
    pub agent: usize,
    /// Who answers, and so how the reports are judged.
    pub judged: Judged,
    /// Lines for the guest's shell.
    pub commands: &'static [&'static str],
    /// Exchanges that they make.
    pub exchanges: u64,
    /// Name of the program in the guest.
    pub program: &'static str,
    /// Where the program comes from.
    pub find: fn(&Programs) -> anyhow::Result<PathBuf>,
    /// The library that the program has its TLS in, by the beginning of its name, where the agent is
    /// to know of it before it is used.
    pub library: Option<&'static str>,
    /// Files in the folder of that library that it loads when it is used.
    pub modules: &'static [&'static str],
    /// Scripts of `tests/clients` that the commands name, in the guest's `/bin`.
    pub scripts: &'static [&'static str],
    /// Whether the agent is to know of the program before it is run.
    pub told: bool,
    /// Where there is nothing of it to be seen on arm64.
    pub not_on_arm64: Option<Absent>,
}

/// What is not there, and why.
#[derive(Debug)]
pub struct Absent {
    /// On kernels of these series.
    pub kernels: &'static [&'static str],
    /// Why.
    pub reason: &'static str,
}

/// Kernels that are booted when none is named.
pub const SERIES: [&str; 2] = ["6.1", "6.12"];

/// By what a report is known to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The id of an answer tells its token counts; the calls are those of the program.
    ById,
    /// The provider has written down what it served.
    ByLedger,
}

/// Most rows are like this one.
const CLIENT: Family = Family {
    name: "",
    agent: USUAL,
    judged: Judged::ByLedger,
    commands: &[],
    exchanges: 0,
    program: "",
    find: Programs::load,
    library: None,
    modules: &[],
    scripts: &[],
    told: true,
    not_on_arm64: None,
};

/// The table. What a row cannot have on this host is skipped with the reason.
pub const FAMILIES: [Family; 10] = [
    // The last ones through a proxy reached by TLS: TLS in TLS, calls in calls of one thread.
    Family {
        name: "libssl",
        judged: Judged::ById,
        commands: &[
            "load --mode json --port 4433 --connections 4 --count 200",
            "load --mode stream --port 4433 --connections 4 --count 20",
            "load --mode json --port 4433 --connections 4 --count 20 --tunnel",
            "load --mode stream --port 4433 --connections 4 --count 20 --tunnel",
        ],
        exchanges: 260,
        program: "load",
        find: Programs::load,
        library: Some("libssl.so"),
        told: false,
        ..CLIENT
    },
    // The kernel encrypts what it is given, so sockets carry the plaintext as well: sent only, then both
    // ways. Reported once.
    Family {
        name: "kernel-tls",
        judged: Judged::ById,
        commands: &[
            "dash /bin/kernel_tls.sh TLSv1.3 Tx --mode json --port 4433 --connections 2 --count 20",
            "dash /bin/kernel_tls.sh TLSv1.2 both --mode json --port 4433 --connections 2 --count 20",
            "dash /bin/kernel_tls.sh TLSv1.2 both --mode stream --port 4433 --connections 2 --count 4",
        ],
        exchanges: 44,
        program: "kernel-tls",
        find: Programs::load,
        library: Some("libssl.so"),
        scripts: &["kernel_tls.sh"],
        told: false,
        ..CLIENT
    },
    // Over TCP and over Unix sockets each, through all system calls that move the bytes of a socket.
    Family {
        name: "sockets",
        judged: Judged::ById,
        commands: &["plain --count 40"],
        exchanges: 80,
        program: "plain",
        find: Programs::plain,
        told: false,
        not_on_arm64: Some(Absent {
            kernels: &["6.1"],
            reason: "Linux has no trampolines for arm64 before 6.4, and no tracepoint of sockets before 6.3",
        }),
        ..CLIENT
    },
    // Linked in, without symbols: found by the errors that it raises.
    Family {
        name: "openssl-static",
        commands: &["openssl-static 127.0.0.1 4434 1 2 new 3 4 new new 5 6"],
        exchanges: 6,
        program: "openssl-static",
        find: Programs::static_openssl,
        ..CLIENT
    },
    // The same of BoringSSL, in a program of 90 MB.
    Family {
        name: "boringssl-static",
        commands: &["bun /bin/fetch.mjs", "bun /bin/fetch.mjs"],
        exchanges: 4,
        program: "bun",
        find: Programs::bun,
        scripts: &["node-matrix/fetch.mjs", "node-matrix/calls.mjs"],
        ..CLIENT
    },
    // Found by the tables that its functions are handed out in.
    Family {
        name: "nss",
        commands: &["nss-client"],
        exchanges: 12,
        program: "nss-client",
        find: Programs::nss,
        library: Some("libssl3.so"),
        modules: &["libsoftokn3.so", "libfreebl3.so", "libfreeblpriv3.so"],
        told: false,
        ..CLIENT
    },
    // Without symbols: found by the runtime's own table of functions.
    Family {
        name: "go",
        commands: &[
            "go-client 1 4 plain:1101 stream:1102 gzip:1103 large:1104",
            "go-client 2 2 plain:1111 stream:1112 many:1120:20",
        ],
        exchanges: 26,
        program: "go-client",
        find: Programs::go,
        ..CLIENT
    },
    Family {
        name: "rustls",
        commands: &["rustls-client"],
        exchanges: 102,
        program: "rustls-client",
        find: Programs::rustls,
        not_on_arm64: Some(Absent {
            kernels: &SERIES,
            reason: "the record layer of rustls is looked for in x86-64 code only",
        }),
        ..CLIENT
    },
    Family {
        name: "gnutls",
        commands: &["dash /bin/wget.sh"],
        exchanges: 7,
        program: "wget",
        find: Programs::wget,
        scripts: &["wget.sh"],
        library: Some("libgnutls.so"),
        told: false,
        ..CLIENT
    },
    Family {
        name: "libssl-without-return-probes",
        agent: WITHOUT_RETURN_PROBES,
        judged: Judged::ById,
        commands: &[
            "load --mode json --port 4433 --connections 4 --count 40",
            "load --mode stream --port 4433 --connections 4 --count 4",
        ],
        exchanges: 44,
        program: "load",
        find: Programs::load,
        library: Some("libssl.so"),
        told: false,
        not_on_arm64: Some(Absent {
            kernels: &SERIES,
            reason: "what returns is proven without return probes in x86-64 code only",
        }),
        ..CLIENT
    },
];

impl Family {
    /// Why it cannot be seen on such a machine.
    pub fn not_on(&self, architecture: Architecture, series: &str) -> Option<&'static str> {
        match (architecture, &self.not_on_arm64) {
            (Architecture::Arm64, Some(absent)) if absent.kernels.contains(&series) => {
                Some(absent.reason)
            }
            _ => None,
        }
    }
}
