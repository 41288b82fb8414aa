//! Attributes that never leave, taken from whole records.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use tracer_core::{policy::NeverList, segment::ProcessKey, semconv::Event};

use super::record::Record;
use crate::host::process::ProcessInfo;

/// Processes whose resource is remembered as it leaves; another one is made again.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// Takes attributes from spans, measurements and resources.
#[derive(Debug)]
pub(super) struct Withholder {
    never: NeverList,
    /// Processes as they leave, by the revision that they are made of.
    processes: LruCache<ProcessKey, (u32, Arc<ProcessInfo>)>,
}

impl Withholder {
    pub(super) fn new(never: NeverList) -> Self {
        Self {
            never,
            processes: LruCache::new(REMEMBERED),
        }
    }

    /// Takes what never leaves from a record.
    pub(super) fn strip(&mut self, record: &mut Record) {
        self.never.strip_span(&mut record.span);
        for event in &mut record.events {
            self.never.strip_event(event);
        }
        self.never.strip_measurements(&mut record.measurements);
        record.process = self.process(&record.process);
    }

    /// Takes it from an event that goes by itself, and from its process.
    pub(super) fn strip_event(&mut self, process: &mut Arc<ProcessInfo>, event: &mut Event) {
        self.never.strip_event(event);
        *process = self.process(process);
    }

    fn process(&mut self, process: &Arc<ProcessInfo>) -> Arc<ProcessInfo> {
        if let Some((revision, stripped)) = self.processes.get(&process.key)
            && *revision == process.revision
        {
            return Arc::clone(stripped);
        }
        let stripped = match self.never.stripped(&process.resource) {
            None => Arc::clone(process),
            Some(resource) => Arc::new(ProcessInfo {
                resource,
                ..(**process).clone()
            }),
        };
        let known = (process.revision, Arc::clone(&stripped));
        self.processes.put(process.key, known);
        stripped
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::{
        attribution::AttributionRules,
        policy::{Policy, PolicyFile, mask::PseudonymKey},
        semconv::Value,
    };

    use super::*;
    use crate::export::samples;

    #[test]
    fn processes_leave_without_what_never_does() {
        let text = "[attributes]\nnever = ['process.owner', 'gen_ai.response.id']";
        let file = PolicyFile::parse(text).unwrap();
        let key = PseudonymKey::new([0; PseudonymKey::BYTES]);
        let policy = Policy::new(file, key, AttributionRules::default());
        let mut withholder = Withholder::new(policy.never());
        let mut record = samples::record(1, samples::chat());
        let mut process = (*record.process).clone();
        let owner = ("process.owner".into(), Value::Str("ann".into()));
        process.resource.push(owner);
        record.process = Arc::new(process);
        let same = record.clone();
        withholder.strip(&mut record);
        let names: Vec<_> = record.process.resource.iter().map(|it| &*it.0).collect();
        assert!(!names.contains(&"process.owner"), "{names:?}");
        assert!(names.contains(&"service.name"), "{names:?}");
        assert_eq!(record.span.attribute("gen_ai.response.id"), None);
        let mut again = same;
        withholder.strip(&mut again);
        assert!(Arc::ptr_eq(&again.process, &record.process));
    }
}
