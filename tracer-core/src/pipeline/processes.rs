//! What is remembered of processes beyond their connections: whether they serve models, and whether
//! they pass on what they serve.

use lru::LruCache;

use super::judge::WHOLE_PATIENCE;
use crate::{llm::call::CallFacts, segment::ProcessKey, time::Timestamp};

/// Processes that are remembered; the one that was quiet longest is forgotten first.
const REMEMBERED: usize = 1024;
/// Exchanges that a process may serve without a call until its connections are left at the first.
const ENOUGH: u32 = 256;

/// The processes of this host, as far as calls tell.
#[derive(Debug)]
pub(super) struct Processes(LruCache<ProcessKey, Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// It has served a call.
    serves_calls: bool,
    /// Exchanges that it served and that were none.
    others: u32,
    /// When the last of the calls began that it made and that used tokens.
    asked: Option<Timestamp>,
}

impl Default for Processes {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

impl Processes {
    /// It served a call.
    pub(super) fn served_call(&mut self, process: ProcessKey) {
        self.get(process).serves_calls = true;
    }

    /// It served something else. Returns after how many such exchanges in a row a connection of it
    /// is left: `usual`, unless more is known of the process. `whole`: the connection cannot be
    /// followed by heads alone.
    pub(super) fn served_other(&mut self, process: ProcessKey, usual: u32, whole: bool) -> u32 {
        let process = self.get(process);
        process.others = process.others.saturating_add(1);
        match process.serves_calls {
            true if whole => usual.saturating_mul(WHOLE_PATIENCE),
            true => u32::MAX,
            false if process.others > ENOUGH => 1,
            false => usual,
        }
    }

    /// It made a call.
    pub(super) fn asked(&mut self, call: &CallFacts) {
        if call.usage.input.is_some() || call.usage.output.is_some() {
            let process = self.get(call.connection.process);
            process.asked = process.asked.max(Some(call.timing.start));
        }
    }

    /// Whether it has made one.
    pub(super) fn makes_calls(&self, process: ProcessKey) -> bool {
        let process = self.0.peek(&process);
        process.is_some_and(|process| process.asked.is_some())
    }

    /// Whether it has made one since it was asked to serve this one.
    pub(super) fn passes_on(&self, call: &CallFacts) -> bool {
        let process = self.0.peek(&call.connection.process);
        process
            .and_then(|process| process.asked)
            .is_some_and(|asked| asked >= call.timing.start)
    }

    fn get(&mut self, process: ProcessKey) -> &mut Remembered {
        if !self.0.contains(&process) && self.0.len() >= REMEMBERED {
            self.0.pop_lru();
        }
        self.0.get_or_insert_mut(process, Remembered::default)
    }
}
