//! Is this request a call to a model, and of which API? By path and shape, hosts only help. Of a
//! request that the process serves they do not: anybody may write anything there.
//!
//! Bias: every `POST` to a path that ends like an endpoint of an API is taken for one until its body
//! says otherwise, since gateways and local servers have any name and any prefix. Wrong this way
//! costs the copied bytes of one exchange: the body of a request to an unknown host must have the
//! shape of the API or no call is reported. Wrong the other way, a model served under a path of its
//! own, costs the call.

use std::borrow::Cow;

use super::{
    adapters::{
        adapter::{Adapter, AnswerContext, Certainty, Endpoint, RequestContext},
        guessed::Mark,
        request_line::RequestLine,
        table::ADAPTERS,
    },
    call::{Provider, ProviderBasis},
    provider::{HostRule, KnownHost, known_host},
    upstream,
};
use crate::{
    detect::Role,
    http::head::{RequestHead, ResponseHead},
};

/// A request that looks like a call to a model.
#[derive(Debug)]
pub(crate) struct Recognised {
    /// Who serves it.
    pub(super) provider: Provider,
    /// How that is known.
    pub(super) basis: ProviderBasis,
    /// Through whom it goes, if the host is a gateway.
    pub(super) gateway: Option<Provider>,
    /// Who reads it.
    pub(super) adapter: &'static dyn Adapter,
    /// What the adapter made of its head.
    pub(super) endpoint: Endpoint,
    /// The body must have the shape of the API.
    pub(super) needs_shape: bool,
}

/// What the head of a request that the process makes tells.
pub(crate) fn recognise(head: &RequestHead, rules: &[HostRule]) -> Option<Recognised> {
    recognise_as(Role::Client, head, rules)
}

/// What the head of a request tells, of which the process is on this side.
pub(crate) fn recognise_as(
    role: Role,
    head: &RequestHead,
    rules: &[HostRule],
) -> Option<Recognised> {
    let known = known(head, rules);
    let by_host = known.as_ref().filter(|_| role == Role::Client);
    let request = RequestLine::new(head, by_host.map(|known| &known.provider));
    let (adapter, endpoint) = ADAPTERS
        .iter()
        .filter(|row| role == Role::Client || row.adapter.reads_served())
        .find_map(|row| Some((row.adapter, row.adapter.endpoint(&request)?)))?;
    let needs_shape = needs_shape(endpoint.certainty, by_host);
    let known = known.as_ref();
    Some(recognised(&request, adapter, endpoint, needs_shape, known))
}

/// Whether the body has a say; `by_host`: to whom the host is known to belong, if that counts.
fn needs_shape(certainty: Certainty, by_host: Option<&KnownHost>) -> bool {
    match certainty {
        Certainty::Sure => false,
        Certainty::OnKnownHost => by_host.is_none(),
        Certainty::NeedsShape => true,
    }
}

fn known(head: &RequestHead, rules: &[HostRule]) -> Option<KnownHost> {
    known_host(head.host.as_ref()?, rules)
}

fn recognised(
    request: &RequestLine<'_>,
    adapter: &'static dyn Adapter,
    endpoint: Endpoint,
    needs_shape: bool,
    known: Option<&KnownHost>,
) -> Recognised {
    let on_its_own = || {
        Provider(Cow::Borrowed(
            endpoint.provider.unwrap_or(adapter.flavour()),
        ))
    };
    let upstream = || known.and_then(|_| upstream::of_request(request));
    let (provider, basis) = match known.filter(|known| !known.is_gateway) {
        Some(known) => (known.provider.clone(), ProviderBasis::Host),
        None => match upstream() {
            Some(upstream) => (upstream, ProviderBasis::Gateway),
            None => (on_its_own(), ProviderBasis::Format),
        },
    };
    let gateway = known.filter(|known| known.is_gateway);
    Recognised {
        gateway: gateway.map(|known| known.provider.clone()),
        provider,
        basis,
        adapter,
        endpoint,
        needs_shape,
    }
}

impl Recognised {
    /// A request whose path is unknown, by the mark of its answer.
    pub(super) fn guessed(head: &RequestHead, mark: &Mark, rules: &[HostRule]) -> Self {
        let known = known(head, rules);
        let request = RequestLine::new(head, known.as_ref().map(|known| &known.provider));
        let endpoint = Endpoint::new(mark.operation).with_certainty(Certainty::NeedsShape);
        recognised(&request, mark.adapter, endpoint, true, known.as_ref())
    }

    /// Whether another request was recognised as a call to the same endpoint.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.adapter.name() == other.adapter.name()
            && self.provider == other.provider
            && self.endpoint == other.endpoint
            && self.needs_shape == other.needs_shape
    }

    /// What the adapter is told when it reads the request's body.
    pub(super) const fn request<'a>(&'a self, request: &'a RequestLine<'a>) -> RequestContext<'a> {
        RequestContext {
            request,
            endpoint: &self.endpoint,
        }
    }

    /// What the adapter is told when it reads the answer.
    pub(super) const fn answer<'a>(&'a self, head: &'a ResponseHead) -> AnswerContext<'a> {
        AnswerContext {
            endpoint: &self.endpoint,
            provider: &self.provider,
            head,
        }
    }
}

#[cfg(test)]
#[path = "recognise_tests.rs"]
mod tests;
