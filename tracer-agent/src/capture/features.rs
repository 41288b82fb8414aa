//! What the running kernel offers, found by trying rather than by version.

use std::fs::File;

use caps::{CapSet, Capability};

use super::{
    discover::{self, WatchMode},
    kernel_btf,
    load::{LoadError, LoadOptions, Loaded},
    mechanism::Mechanism,
    plan::Returns,
    self_test::{self, Tried, Unusable},
    socket_hook::SocketPrograms,
    sockets::{self, Layout, SocketError},
};

/// What the kernel offers to this process, with the rights it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// Type information of the kernel.
    pub btf: Support,
    /// Maps and ring buffers can be made.
    pub ring_buffer: Support,
    /// Entry and return by one program and one link (Linux 6.13).
    pub uprobe_session: Support,
    /// Many places by one link (Linux 6.6).
    pub uprobe_multi: Support,
    /// One place by one perf event.
    pub perf_uprobe: Support,
    /// One way or the other without return probes.
    pub plain_uprobe: Support,
    /// Programs see what sockets send and receive.
    pub socket_moves: Support,
    /// Perf events report new mappings on the whole host.
    pub perf_mmap_records: Support,
    /// Sends and receives of sockets can be looked at.
    pub plain_http: Support,
}

/// Whether a feature can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// It was tried and works.
    Yes,
    /// It was tried and does not work, and why.
    No(String),
    /// It could not be tried, and why.
    Unknown(String),
}

impl Features {
    /// How calls can be seen to return: by return probes, unless only plain ones work.
    pub fn returns(&self) -> Returns {
        let with_return_probes = [&self.uprobe_session, &self.uprobe_multi, &self.perf_uprobe];
        let refused = |support: &&Support| matches!(support, Support::No(_));
        if with_return_probes.iter().all(refused) && self.plain_uprobe == Support::Yes {
            Returns::Plain
        } else {
            Returns::Probed
        }
    }

    /// Tries everything, with programs that do nothing, on a child of our own; nothing of it stays.
    /// Call before any thread is started: it forks.
    pub fn probe() -> Self {
        let layout = Layout::find();
        let options = LoadOptions {
            ring_bytes: 64 << 10,
            sockets: layout.as_ref().ok().copied(),
            ..LoadOptions::default()
        };
        let loaded = if may_load() {
            Loaded::new(options)
        } else {
            Err(LoadError::NotAllowed)
        };
        let mut plain_http = Support::Unknown("not tried: the program cannot be loaded".to_owned());
        let (ring_buffer, mechanisms, socket_moves) = match loaded {
            Ok(mut loaded) => {
                let tried = layout.and_then(|_| sockets::attach(&mut loaded));
                plain_http = Support::from(tried.map(drop));
                (
                    Support::Yes,
                    self_test::try_all(&mut loaded).map(Support::from),
                    match SocketPrograms::load(&mut loaded) {
                        Ok(_) => Support::Yes,
                        Err(error) => Support::No(error.to_string()),
                    },
                )
            }
            Err(LoadError::NoObject(_)) => all_unknown("not tried: no eBPF program built in"),
            Err(LoadError::NotAllowed) => all_unknown("not tried: it takes CAP_BPF"),
            Err(error) => {
                let (_, untried, unseen) = all_unknown("not tried: the program cannot be loaded");
                (Support::No(error.to_string()), untried, unseen)
            }
        };
        let [
            uprobe_session,
            uprobe_multi,
            perf_uprobe,
            plain_multi,
            plain_perf,
        ] = mechanisms;
        Self {
            btf: match File::open(kernel_btf::VMLINUX) {
                Ok(_) => Support::Yes,
                Err(error) => Support::No(format!("cannot open {}: {error}", kernel_btf::VMLINUX)),
            },
            ring_buffer,
            uprobe_session,
            uprobe_multi,
            perf_uprobe,
            plain_uprobe: if plain_multi == Support::Yes {
                plain_multi
            } else {
                plain_perf
            },
            socket_moves,
            perf_mmap_records: match discover::watch_mode() {
                WatchMode::Events => Support::Yes,
                WatchMode::Polling { reason } => Support::No(reason),
            },
            plain_http,
        }
    }
}

/// Whether the kernel would look at a program at all. What it refuses to everybody without the right
/// says nothing about what it can do.
fn may_load() -> bool {
    [Capability::CAP_BPF, Capability::CAP_SYS_ADMIN]
        .into_iter()
        .any(|it| caps::has_cap(None, CapSet::Effective, it).unwrap_or(false))
}

fn all_unknown(why: &str) -> (Support, [Support; 5], Support) {
    let unknown = || Support::Unknown(why.to_owned());
    (unknown(), Mechanism::ALL.map(|_| unknown()), unknown())
}

impl From<Result<(), SocketError>> for Support {
    fn from(tried: Result<(), SocketError>) -> Self {
        match tried {
            Ok(()) => Self::Yes,
            Err(error) => Self::No(error.to_string()),
        }
    }
}

impl From<Tried> for Support {
    fn from(tried: Tried) -> Self {
        match tried.result {
            Ok(()) => Self::Yes,
            Err(error @ Unusable::Untested(_)) => Self::Unknown(error.to_string()),
            Err(error) => Self::No(error.to_string()),
        }
    }
}
