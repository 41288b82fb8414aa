//! Which processes are traced, by the operator's selection.

use std::{num::NonZeroUsize, sync::Arc, time::Instant};

use super::roster::Resolve;
use crate::host::{
    process::{Inspector, ProcessInfo},
    procfs::ProcFs,
    rules::Selection,
    table::ProcessTable,
};

/// Processes whose facts are remembered at once.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// The processes of this host, as far as the operator selects them.
#[derive(Debug)]
pub struct TracedProcesses {
    table: ProcessTable,
    proc: ProcFs,
    selection: Selection,
    own_pid: u32,
}

impl TracedProcesses {
    /// Those under `proc` that `selection` admits.
    pub fn new(proc: ProcFs, selection: Selection) -> Self {
        let table = ProcessTable::new(Inspector::new(proc.clone()), REMEMBERED);
        Self {
            table,
            proc,
            selection,
            own_pid: std::process::id(),
        }
    }
}

impl Resolve for TracedProcesses {
    fn resolve(&mut self, pid: u32) -> Option<Arc<ProcessInfo>> {
        if pid == self.own_pid || !self.selection.admits_pid(&self.proc, pid) {
            return None;
        }
        Some(self.table.resolve(pid, Instant::now()).clone())
    }

    fn gone(&mut self, pid: u32) {
        self.table.exited(pid);
    }

    fn born(&self, pid: u32) -> Option<u64> {
        self.proc.stat(pid).map(|stat| stat.start_ticks)
    }
}
