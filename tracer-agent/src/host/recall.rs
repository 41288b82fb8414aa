//! Who a process was that has ended before it could be looked at: by what the kernel told of its
//! beginning, and by the process that began it.

use tracer_core::semconv::{Value, resource as names};

use super::{
    cgroup::Placement,
    process::{AroundProgram, Inspector, ProcessFacts, ProgramFacts},
    programs::Beginning,
};

/// Nanoseconds of a clock tick as `/proc` counts them (`USER_HZ`, 100 on all architectures).
const TICK: u64 = 10_000_000;

impl Inspector {
    /// A process that ran the program of its `parent`, which forked it.
    pub(super) fn recall_child(
        &self,
        pid: u32,
        began: &Beginning,
        parent: &ProcessFacts,
    ) -> ProcessFacts {
        let mut facts = ProcessFacts {
            pid,
            start_ticks: None,
            ..parent.clone()
        };
        let mut set = |attribute: &'static str, value: Value| {
            let known = facts
                .resource
                .iter_mut()
                .find(|(name, _)| name == attribute);
            match known {
                Some((_, old)) => *old = value,
                None => facts.resource.push((attribute.into(), value)),
            }
        };
        set(names::PROCESS_PID, Value::Int(pid.into()));
        set(names::PROCESS_PARENT_PID, Value::Int(parent.pid.into()));
        if !parent
            .said
            .iter()
            .any(|said| said == names::SERVICE_INSTANCE_ID)
        {
            let instance = self.instance(pid, began.time / TICK);
            set(names::SERVICE_INSTANCE_ID, Value::Str(instance.into()));
        }
        facts
    }

    /// A process that lives, but ran another program then.
    pub(super) fn recall_replaced(&self, pid: u32, began: &Beginning, name: &str) -> ProcessFacts {
        let around = self.around(pid, self.proc().stat(pid));
        self.describe(
            pid,
            &around,
            ProgramFacts::told(name, began.path.as_deref()),
        )
    }

    /// A process that ran a program of its own. It is in its parent's container: only the container's
    /// runtime, which is outside, puts processes in. It need not be in its parent's unit.
    pub(super) fn recall_program(
        &self,
        pid: u32,
        began: &Beginning,
        name: &str,
        parent: Option<&ProcessFacts>,
    ) -> ProcessFacts {
        let in_container = |it: &&Placement| it.container_id.is_some();
        let placement = parent.map(|it| &it.placement).filter(in_container);
        let around = AroundProgram {
            start_ticks: None,
            began: began.time / TICK,
            parent: began.parent,
            placement: placement.cloned().unwrap_or_default(),
        };
        self.describe(
            pid,
            &around,
            ProgramFacts::told(name, began.path.as_deref()),
        )
    }
}
