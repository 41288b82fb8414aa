//! Requests that processes serve and that are no calls to models: what users asked of an application.
//!
//! Bias: towards no parent. Only requests that bring something (POST, PUT, PATCH) count, since polls
//! and streams of news are under way all day, and a call has one for a parent only if no other is
//! under way in its process. Wrong puts a call of a background job below the request of a user; it is
//! marked as inferred.

use std::collections::{HashMap, HashSet};

use super::{
    asking::Place,
    ids::{SpanId, TraceId},
    known::Known,
    lineage::Parent,
    step::{Step, StepKind},
};
use crate::{
    http::head::ResponseHead, policy::looks_like_credential, segment::ProcessKey, time::Timestamp,
};

/// Requests under way that are known at once; those beyond it are nobody's parents.
const REQUESTS: usize = 16 << 10;
/// First status that says that the server failed.
const SERVER_ERROR: u16 = 500;

/// Requests under way, by process.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    requests: HashMap<Place, Request>,
    of_process: HashMap<ProcessKey, HashSet<Place>>,
}

/// A request that a process serves.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) start: Timestamp,
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    /// The caller's span, where the request names one.
    pub(super) parent: Option<Parent>,
    pub(super) method: &'static str,
    /// Its path without what differs from user to user.
    pub(super) template: String,
    pub(super) status: Option<u16>,
    /// When an answer began whose length was known then: nothing is done for it any more.
    pub(super) answered: Option<Timestamp>,
    /// Calls were made for it.
    pub(super) is_parent: bool,
}

impl Inbound {
    /// A request came. Whether there was room for it.
    pub(super) fn begin(&mut self, place: Place, request: Request) -> bool {
        let has_room = self.requests.len() < REQUESTS;
        if has_room {
            self.requests.insert(place, request);
            let of_process = self.of_process.entry(place.0.process).or_default();
            of_process.insert(place);
        }
        has_room
    }

    /// The head of its answer was seen.
    pub(super) fn answered(&mut self, place: Place, head: &ResponseHead, time: Timestamp) {
        if let Some(request) = self.requests.get_mut(&place) {
            request.status = head.status;
            // Whoever tells the length has the whole answer. Its end may not be seen.
            request.answered = head.headers.get("content-length").map(|_| time);
        }
    }

    /// What a call of the process is made for, if that is sure enough. `is_call`: what is itself one.
    pub(super) fn only_of(
        &mut self,
        process: ProcessKey,
        is_call: impl Fn(&Place) -> bool,
    ) -> Option<(TraceId, Parent)> {
        let places = self.of_process.get(&process)?.iter();
        let is_answered = |place: &Place| {
            let request = self.requests.get(place);
            request.is_none_or(|request| request.answered.is_some())
        };
        let mut places = places.filter(|place| !is_call(place) && !is_answered(place));
        let place = places.next().filter(|_| places.next().is_none())?;
        let request = self.requests.get_mut(place)?;
        request.is_parent = true;
        let parent = Parent {
            span: request.span,
            is_remote: false,
            known: Known::inferred("inbound_request"),
        };
        Some((request.trace, parent))
    }

    /// What was taken for a call, and has calls below it, is none: the request has its span.
    pub(super) fn stand_for(&mut self, place: Place, trace: TraceId, span: SpanId) {
        if let Some(request) = self.requests.get_mut(&place) {
            (request.trace, request.span, request.is_parent) = (trace, span, true);
        }
    }

    /// It is over, or a call by itself; its span, if it has any.
    pub(super) fn end(&mut self, place: Place, time: Timestamp) -> Option<Step> {
        let request = self.requests.remove(&place)?;
        let process = place.0.process;
        if let Some(of_process) = self.of_process.get_mut(&process) {
            of_process.remove(&place);
            if of_process.is_empty() {
                self.of_process.remove(&process);
            }
        }
        request.is_parent.then(|| request.step(process, time))
    }

    /// Those of a process that is gone, or all.
    pub(super) fn places(&self, process: Option<ProcessKey>) -> Vec<Place> {
        match process {
            Some(process) => {
                let places = self.of_process.get(&process).into_iter().flatten();
                places.copied().collect()
            }
            None => self.requests.keys().copied().collect(),
        }
    }

    /// Those that began before a time.
    pub(super) fn older(&self, than: impl Fn(Timestamp) -> bool) -> Vec<Place> {
        let older = self.requests.iter();
        let older = older.filter(|(_, request)| than(request.start));
        older.map(|(place, _)| *place).collect()
    }
}

impl Request {
    fn step(self, process: ProcessKey, end: Timestamp) -> Step {
        let failed = self.status.filter(|status| *status >= SERVER_ERROR);
        Step {
            process,
            trace: self.trace,
            span: self.span,
            parent: self.parent,
            links: Vec::new(),
            session: None,
            start: self.start,
            end: self.answered.unwrap_or(end).max(self.start),
            error: failed.map(|status| status.to_string()),
            evaluations: Vec::new(),
            kind: StepKind::Request {
                method: self.method,
                template: self.template,
                status: self.status,
            },
        }
    }
}

/// The method, if requests by it bring something.
pub(super) fn bringing(method: &str) -> Option<&'static str> {
    ["POST", "PUT", "PATCH"]
        .into_iter()
        .find(|known| *known == method)
}

/// Longest part of a path that is a name as a rule.
const NAME_BYTES: usize = 20;
/// What stands behind them is of one user, or opens something.
const BEFORE_IDS: [&str; 10] = [
    "u", "user", "account", "customer", "member", "invite", "reset", "token", "hook", "webhook",
];
/// Parts of a path that are told.
const PARTS: usize = 8;

/// A path without what differs from user to user, or may be a secret: parts that do not look like
/// names become `{}`.
pub(super) fn template(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.trim_matches('/').split('/');
    let (mut template, mut before) = (String::new(), "");
    for part in parts.by_ref().take(PARTS) {
        let is_told = is_name(part) && !is_before_id(before);
        template.push('/');
        template.push_str(if is_told { part } else { "{}" });
        before = if is_told { part } else { "" };
    }
    if parts.next().is_some() {
        template.push_str("/{}");
    }
    template
}

/// Words in lower case, or a version.
fn is_name(part: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_lowercase() || b"-_".contains(&byte);
    let is_version = || {
        let number = part.strip_prefix('v').unwrap_or_default();
        matches!(number.len(), 1 | 2) && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    let is_word = part.bytes().all(is_of_name) && part.len() <= NAME_BYTES;
    (is_word || is_version()) && !looks_like_credential(part)
}

/// Collections, by their plural, and what is like them: `/users/jane`, `/reset/abcdef`.
fn is_before_id(part: &str) -> bool {
    part.ends_with('s') || BEFORE_IDS.contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_left_out_of_a_path() {
        for (path, expected) in [
            ("/", "/"),
            ("/api/v2/ask", "/api/v2/ask"),
            ("/users/4711/chats/5f0c9a", "/users/{}/chats/{}"),
            ("/confirm/jane@example.com", "/confirm/{}"),
            ("/confirm/c2VjcmV0IHNlY3JldCBzZWNyZXQ", "/confirm/{}"),
            ("/confirm/QwErTyUiOpAsDfGhJkLz", "/confirm/{}"),
            ("/reset/abcdefgh", "/reset/{}"),
            ("/in/sk-proj-abcdefgh", "/in/{}"),
            ("/users/jane/chats", "/users/{}/chats"),
            ("/jane.doe", "/{}"),
            ("/v1/ask", "/v1/ask"),
            ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/{}"),
            ("/ask?q=secret", "/ask"),
            ("/caf%C3%A9", "/{}"),
        ] {
            assert_eq!(template(path), expected);
        }
    }
}
