//! Spans that left lately, by what others know them by: the id of the answer, or the span's own.
//!
//! Evaluations come from other programs seconds or minutes after a call. What they name has to be known
//! here, since an evaluation goes out under the resource of the process whose call it is. Ids of
//! answers are remembered as keyed hashes: they are as long as providers like.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use tracer_core::{
    correlate::{SpanId, TraceId},
    semconv::{
        Span, Value,
        attributes::{GEN_AI_RESPONSE_ID, LLM_TRACER_USAGE_ELSEWHERE},
    },
};

use super::ids::SpanIds;
use crate::host::process::ProcessInfo;

/// Spans that are remembered; the oldest are forgotten first.
pub const REMEMBERED: usize = 16 * 1024;

/// Spans that left lately. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RecentSpans(Arc<Mutex<Books>>);

/// A span that left.
#[derive(Debug, Clone)]
pub struct LeftSpan {
    /// Its trace.
    pub trace: TraceId,
    /// Its id.
    pub span: SpanId,
    /// Whose it is.
    pub process: Arc<ProcessInfo>,
    /// All that the call says leaves as it is: so may what others say of it in words of their own.
    pub may_be_quoted: bool,
}

/// Why a span is not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFound {
    /// None is known by this id.
    Unknown,
    /// Several are.
    Several,
}

#[derive(Debug)]
struct Books {
    keys: RandomState,
    of_answers: LruCache<u64, Option<LeftSpan>>,
    of_spans: LruCache<(TraceId, SpanId), (Arc<ProcessInfo>, bool)>,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            keys: RandomState::new(),
            // Not made with their capacity: that would be allocated at once.
            of_answers: LruCache::unbounded(),
            of_spans: LruCache::unbounded(),
        }
    }
}

impl RecentSpans {
    /// A span leaves. `may_be_quoted`: all that its call says leaves as it is.
    pub fn note(&self, process: &Arc<ProcessInfo>, span: &Span, ids: SpanIds, may_be_quoted: bool) {
        let left = LeftSpan {
            trace: TraceId(u128::from_be_bytes(ids.trace_id.to_bytes())),
            span: SpanId(u64::from_be_bytes(ids.span_id.to_bytes())),
            process: Arc::clone(process),
            may_be_quoted,
        };
        let mut books = self.books();
        let Books {
            keys,
            of_answers,
            of_spans,
        } = &mut *books;
        // Of a call that is seen at both ends, the end that tells the tokens is meant.
        let is_other_end = span.attribute(LLM_TRACER_USAGE_ELSEWHERE).is_some();
        if let Some(Value::Str(id)) = span.attribute(GEN_AI_RESPONSE_ID)
            && !is_other_end
        {
            let key = keys.hash_one(&**id);
            let is_other = |known: &Option<LeftSpan>| {
                known.as_ref().is_none_or(|known| known.span != left.span)
            };
            let found = match of_answers.get(&key) {
                Some(known) if is_other(known) => None,
                _ => Some(left.clone()),
            };
            of_answers.put(key, found);
            while of_answers.len() > REMEMBERED {
                of_answers.pop_lru();
            }
        }
        of_spans.put((left.trace, left.span), (left.process, may_be_quoted));
        while of_spans.len() > REMEMBERED {
            of_spans.pop_lru();
        }
    }

    /// The span of a call with this answer.
    ///
    /// # Errors
    ///
    /// When none or several are known.
    pub fn of_answer(&self, id: &str) -> Result<LeftSpan, NotFound> {
        let mut books = self.books();
        let key = books.keys.hash_one(id);
        let found = books.of_answers.get(&key).ok_or(NotFound::Unknown)?;
        found.clone().ok_or(NotFound::Several)
    }

    /// The span with these ids.
    ///
    /// # Errors
    ///
    /// When none is known.
    pub fn of_span(&self, trace: TraceId, span: SpanId) -> Result<LeftSpan, NotFound> {
        let mut books = self.books();
        let found = books.of_spans.get(&(trace, span)).cloned();
        let left = found.map(|(process, may_be_quoted)| LeftSpan {
            trace,
            span,
            process,
            may_be_quoted,
        });
        left.ok_or(NotFound::Unknown)
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::samples;

    #[test]
    fn a_span_is_found_by_its_answer_and_by_its_ids() {
        let recent = RecentSpans::default();
        let item = samples::item(samples::chat());
        recent.note(&item.process, &item.span, item.ids, false);
        let Some(Value::Str(id)) = item.span.attribute(GEN_AI_RESPONSE_ID) else {
            panic!("no id")
        };
        let found = recent.of_answer(id).unwrap();
        assert_eq!(found.span.0.to_be_bytes(), item.ids.span_id.to_bytes());
        assert!(recent.of_span(found.trace, found.span).is_ok());
        assert_eq!(recent.of_answer("other").unwrap_err(), NotFound::Unknown);
        // The same answer of another span: nobody knows which is meant.
        let other = SpanIds {
            span_id: opentelemetry::trace::SpanId::from_bytes([9; 8]),
            ..item.ids
        };
        recent.note(&item.process, &item.span, other, false);
        assert_eq!(recent.of_answer(id).unwrap_err(), NotFound::Several);
    }
}
