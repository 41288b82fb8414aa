//! Requests that processes serve, as the books of calls see them.

use super::{
    asking::{Place, caller},
    correlator::{Correlator, Relations},
    inbound::{self, Request},
    joining::of_caller,
};
use crate::{
    http::head::{RequestHead, ResponseHead},
    llm::trace_parent,
    segment::ProcessKey,
    time::Timestamp,
};

impl Correlator {
    /// A process is asked for something, perhaps for a call. Whether its end is to be told.
    pub(crate) fn requested(&mut self, place: Place, head: &RequestHead, start: Timestamp) -> bool {
        let method = inbound::bringing(&head.method);
        let Some(method) = method.filter(|_| self.relations != Relations::Off) else {
            return false;
        };
        let parent = trace_parent::of_request(&head.headers).map(|parent| caller(&parent));
        let parent = parent.map(of_caller);
        let trace = parent.map(|(trace, _)| trace);
        let request = Request {
            start,
            trace: trace.unwrap_or_else(|| self.ids.trace((place, "request"))),
            span: self.ids.span((place, "request")),
            parent: parent.map(|(_, parent)| parent),
            method,
            template: inbound::template(&head.target.path),
            status: None,
            answered: None,
            is_parent: false,
        };
        self.inbound.begin(place, request)
    }

    /// The head of the answer to a request was seen.
    pub(crate) fn request_answered(&mut self, place: Place, head: &ResponseHead, time: Timestamp) {
        self.inbound.answered(place, head, time);
    }

    /// A request that a process served is over.
    pub(crate) fn request_over(&mut self, place: Place, time: Timestamp) {
        let step = self.inbound.end(place, time);
        self.steps.extend(step);
    }

    /// Requests under way end now, as far as was seen.
    pub(super) fn end_requests(&mut self, process: Option<ProcessKey>) {
        for place in self.inbound.places(process) {
            self.request_over(place, self.latest);
        }
    }
}
