//! Which processes are traced, by the operator's selection.

use std::{num::NonZeroUsize, sync::Arc, time::Instant};

use tracer_core::segment::ProcessKey;

use super::roster::Resolve;
use crate::{
    capture::clock::monotonic_nanos,
    host::{
        process::ProcessInfo,
        table::{Naming, ProcessTable},
        witness::Witness,
    },
};

/// Processes whose facts are remembered at once.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// The processes of this host, as far as the operator selects them.
#[derive(Debug)]
pub struct TracedProcesses {
    table: ProcessTable,
    witness: Witness,
}

impl TracedProcesses {
    /// Those that `witness` knows.
    pub fn new(witness: Witness) -> Self {
        Self {
            table: ProcessTable::new(witness.clone(), REMEMBERED),
            witness,
        }
    }
}

impl Resolve for TracedProcesses {
    fn resolve(&mut self, pid: u32, time: u64) -> Option<Arc<ProcessInfo>> {
        self.table.resolve(pid, time, Instant::now()).cloned()
    }

    fn naming(&mut self, process: ProcessKey) -> Naming {
        self.table.naming(process)
    }

    fn caught_up(&mut self) {
        self.witness.caught_up();
    }

    fn changed(&self, pid: u32, time: u64) -> bool {
        self.witness.changed(pid, time, monotonic_nanos())
    }

    fn gone(&mut self, pid: u32) {
        self.table.exited(pid);
    }

    fn born(&self, pid: u32) -> Option<u64> {
        self.witness.proc().stat(pid).map(|stat| stat.start_ticks)
    }
}
