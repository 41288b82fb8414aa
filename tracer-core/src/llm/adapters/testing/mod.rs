//! What the tests of the adapters have in common: whole exchanges from the wire to the span, and
//! single bodies to the facts that an adapter reads in them.

mod exchange;
mod facts;

pub(super) use self::{
    exchange::{Answered, Asked, span, spans, text},
    facts::{
        Seen, chunks, document, document_with, endpoint, endpoint_of, error_with, events, facts_of,
        request,
    },
};
