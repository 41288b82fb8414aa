//! Attributes that never leave.

use std::{borrow::Cow, sync::Arc};

use crate::{
    llm::call::{CallFacts, OTHER, Outcome},
    semconv::{
        Attributes, Event, Measurement, Span, Value,
        attributes::{self as names, HTTP_REQUEST_HEADER},
        resource,
    },
};

/// Attributes of processes without which their telemetry cannot be told apart.
const NEEDED: [&str; 2] = [resource::SERVICE_NAME, resource::SERVICE_INSTANCE_ID];

/// The operator's list of attributes that never leave: names, or beginnings of names with `*` behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NeverList(Arc<Vec<String>>);

impl NeverList {
    pub(super) fn new(entries: Vec<String>) -> Self {
        Self(Arc::new(entries))
    }

    /// Whether an attribute with this name could be there at all, and may be withheld.
    ///
    /// # Errors
    /// If not: says why, and which names there are that look like it.
    pub(super) fn check(entry: &str) -> Result<(), String> {
        let is_free = |prefix: &str| match entry.strip_suffix('*') {
            Some(start) => start.starts_with(prefix) || prefix.starts_with(start),
            None => entry.len() > prefix.len() && entry.starts_with(prefix),
        };
        if let Some(needed) = NEEDED.iter().find(|name| covers(entry, name)) {
            return Err(format!(
                "`{needed}` tells processes apart: it cannot be withheld"
            ));
        }
        let is_known = registered().any(|name| covers(entry, name))
            || is_free(HTTP_REQUEST_HEADER)
            || is_free(resource::K8S_POD_LABEL);
        if is_known {
            return Ok(());
        }
        let known: Vec<&str> = registered().collect();
        let nearest = known
            .iter()
            .map(|name| (strsim::jaro_winkler(entry, name), name))
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        let hint = match nearest {
            Some((likeness, nearest)) if likeness > 0.84 => format!("did you mean `{nearest}`?"),
            _ => "docs/reference/attributes.md lists all".to_owned(),
        };
        Err(format!("there is no attribute `{entry}`: {hint}"))
    }

    /// The entries.
    pub fn entries(&self) -> &[String] {
        &self.0
    }

    /// Whether nothing is withheld.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some of what calls say is among them: what others say of it may repeat it.
    pub(super) fn has_content(&self) -> bool {
        [
            names::GEN_AI_SYSTEM_INSTRUCTIONS,
            names::GEN_AI_INPUT_MESSAGES,
            names::GEN_AI_OUTPUT_MESSAGES,
            names::GEN_AI_TOOL_DEFINITIONS,
            names::GEN_AI_TOOL_CALL_ARGUMENTS,
            names::GEN_AI_TOOL_CALL_RESULT,
            names::GEN_AI_RETRIEVAL_DOCUMENTS,
            names::GEN_AI_RETRIEVAL_QUERY_TEXT,
            names::LLM_TRACER_REQUEST_DOCUMENTS,
        ]
        .into_iter()
        .any(|name| self.has(name))
    }

    /// Whether an attribute is withheld.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|entry| covers(entry, name))
    }

    /// Withholds what outputs take from the facts of a call rather than from its span.
    pub(super) fn strip_call(&self, call: &mut CallFacts) {
        if self.is_empty() {
            return;
        }
        if self.has(names::GEN_AI_REQUEST_MODEL) {
            call.request.model = None;
        }
        if self.has(names::GEN_AI_RESPONSE_MODEL) {
            call.response.model = None;
        }
        if self.has(names::GEN_AI_PROVIDER_NAME) {
            call.provider.0 = OTHER.into();
        }
        if let Outcome::Failed { error_type } = &mut call.outcome
            && self.has(names::ERROR_TYPE)
        {
            OTHER.clone_into(error_type);
        }
    }

    /// Withholds attributes of a span, and what its name says of them.
    pub fn strip_span(&self, span: &mut Span) {
        if self.is_empty() {
            return;
        }
        for (name, value) in &span.attributes {
            if let Value::Str(value) = value
                && !value.is_empty()
                && self.has(name)
                && let Some(at) = span.name.find(value.as_ref())
            {
                span.name.truncate(at);
                span.name.truncate(span.name.trim_end().len());
            }
        }
        if span.name.is_empty() {
            OTHER.clone_into(&mut span.name);
        }
        if let Some(error) = &mut span.error
            && self.has(names::ERROR_TYPE)
        {
            OTHER.clone_into(error);
        }
        self.strip(&mut span.attributes);
        for event in &mut span.events {
            self.strip_told(&mut event.attributes);
        }
        for link in &mut span.links {
            self.strip(&mut link.attributes);
        }
    }

    /// Withholds attributes of an event.
    pub fn strip_event(&self, event: &mut Event) {
        if !self.is_empty() {
            self.strip_told(&mut event.attributes);
        }
    }

    /// Withholds attributes of measurements.
    pub fn strip_measurements(&self, measurements: &mut [Measurement]) {
        if self.is_empty() {
            return;
        }
        for measurement in measurements {
            self.strip(&mut measurement.attributes);
        }
    }

    /// A resource without those that are withheld; `None` if it has none of them.
    pub fn stripped(&self, resource: &[(Cow<'static, str>, Value)]) -> Option<Attributes> {
        let is_hit = !self.is_empty() && resource.iter().any(|(name, _)| self.has(name));
        is_hit.then(|| {
            let mut resource = resource.to_vec();
            self.strip(&mut resource);
            resource
        })
    }

    /// Withholds attributes of an event, and the explanation that repeats some of them in words.
    fn strip_told(&self, attributes: &mut Attributes) {
        let repeated = [
            names::GEN_AI_TOOL_NAME,
            names::LLM_TRACER_EVALUATION_CATEGORIES,
        ];
        if repeated.into_iter().any(|name| self.has(name)) {
            attributes.retain(|(name, _)| name != names::GEN_AI_EVALUATION_EXPLANATION);
        }
        self.strip(attributes);
    }

    fn strip(&self, attributes: &mut Attributes) {
        attributes.retain(|(name, _)| !self.has(name));
    }
}

fn covers(entry: &str, name: &str) -> bool {
    match entry.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => entry == name,
    }
}

fn registered() -> impl Iterator<Item = &'static str> {
    let of_spans = names::REGISTRY.iter();
    let of_resources = resource::REGISTRY.iter();
    of_spans.chain(of_resources).map(|row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_exists_can_be_withheld() {
        for good in [
            "user_agent.original",
            "llm_tracer.rate_limit.*",
            "http.request.header.x-team",
            "http.request.header.*",
            "k8s.pod.label.team",
            "process.owner",
        ] {
            assert_eq!(NeverList::check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            (
                "gen_ai.request.modle",
                "there is no attribute `gen_ai.request.modle`: did you mean `gen_ai.request.model`?",
            ),
            (
                "zzz",
                "there is no attribute `zzz`: docs/reference/attributes.md lists all",
            ),
            (
                "service.*",
                "`service.name` tells processes apart: it cannot be withheld",
            ),
            (
                "http.request.header.",
                "there is no attribute `http.request.header.`: did you mean `http.request.method`?",
            ),
        ] {
            assert_eq!(NeverList::check(bad), Err(why.to_owned()));
        }
    }
}
