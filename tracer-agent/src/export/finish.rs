//! What is done to all that leaves, last and whatever output it goes to: told to whom it belongs, then
//! rid of what never leaves.

use std::sync::{Arc, Mutex, PoisonError};

use tracer_core::{
    policy::NeverList,
    semconv::{Event, Span},
};

use super::{
    attributor::Attributor,
    ids::{IdSource, SpanIds},
    record::Record,
    withholder::Withholder,
};
use crate::host::process::ProcessInfo;

/// Finishes records and events. Cheap to clone; clones share what they have seen.
#[derive(Debug, Clone, Default)]
pub struct Finisher {
    ids: IdSource,
    /// Of one thread.
    attributor: Option<Arc<Mutex<Attributor>>>,
    /// Comes last, of what others added as well.
    withholder: Option<Arc<Mutex<Withholder>>>,
}

impl Finisher {
    /// Records are told to whom they belong from here on.
    pub fn attribute_by(&mut self, attributor: Attributor) {
        self.attributor = Some(Arc::new(Mutex::new(attributor)));
    }

    /// These attributes leave with nothing from here on.
    pub fn withhold(&mut self, never: NeverList) {
        self.withholder = (!never.is_empty()).then(|| Arc::new(Mutex::new(Withholder::new(never))));
    }

    /// The first step: to whom a record belongs.
    pub fn attribute(&self, record: &mut Record) {
        if let Some(attributor) = &self.attributor {
            let mut attributor = attributor.lock().unwrap_or_else(PoisonError::into_inner);
            attributor.attribute(record);
        }
    }

    /// The last step: takes from a record, and from its process, what never leaves.
    pub fn strip(&self, record: &mut Record) {
        if let Some(withholder) = &self.withholder {
            let mut withholder = withholder.lock().unwrap_or_else(PoisonError::into_inner);
            withholder.strip(record);
        }
    }

    /// The same for an event that goes by itself.
    pub fn strip_event(&self, process: &mut Arc<ProcessInfo>, event: &mut Event) {
        if let Some(withholder) = &self.withholder {
            let mut withholder = withholder.lock().unwrap_or_else(PoisonError::into_inner);
            withholder.strip_event(process, event);
        }
    }

    /// Ids of a span.
    pub fn ids(&self, span: &Span) -> SpanIds {
        self.ids.ids(span)
    }
}
