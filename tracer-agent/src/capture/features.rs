//! What the running kernel offers, found by trying rather than by version.

use std::{fs::File, path::Path};

use super::{
    discover::{Discoverer, WatchMode},
    kernel_btf,
    load::{LoadError, LoadOptions, Loaded},
    self_test::{self, Tried, Unusable},
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
    /// Perf events report new mappings on the whole host.
    pub perf_mmap_records: Support,
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
    /// Tries everything, with programs that do nothing, on a child of our own; nothing of it stays.
    /// Call before any thread is started: it forks. Processes are watched under `proc_root`.
    pub fn probe(proc_root: &Path) -> Self {
        let options = LoadOptions {
            ring_bytes: 64 << 10,
            ..LoadOptions::default()
        };
        let (ring_buffer, [uprobe_session, uprobe_multi, perf_uprobe]) = match Loaded::new(options)
        {
            Ok(mut loaded) => (
                Support::Yes,
                self_test::try_all(&mut loaded).map(Support::from),
            ),
            Err(LoadError::NoObject(_)) => {
                let untried = Support::Unknown("not tried: no eBPF program built in".to_owned());
                (untried.clone(), [untried.clone(), untried.clone(), untried])
            }
            Err(error) => {
                let untried =
                    || Support::Unknown("not tried: the program cannot be loaded".to_owned());
                (
                    Support::No(error.to_string()),
                    [untried(), untried(), untried()],
                )
            }
        };
        Self {
            btf: match File::open(kernel_btf::VMLINUX) {
                Ok(_) => Support::Yes,
                Err(error) => Support::No(format!("cannot open {}: {error}", kernel_btf::VMLINUX)),
            },
            ring_buffer,
            uprobe_session,
            uprobe_multi,
            perf_uprobe,
            perf_mmap_records: match Discoverer::start(proc_root.to_owned()).mode() {
                WatchMode::Events => Support::Yes,
                WatchMode::Polling { reason } => Support::No(reason),
            },
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
