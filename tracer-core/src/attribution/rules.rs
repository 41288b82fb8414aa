//! The operator's sources, ready for the wire.

use std::{borrow::Cow, sync::Arc};

use memchr::memmem::Finder;

use super::{
    body,
    dimension::Dimension,
    found::Attribution,
    key::{KeyHasher, Salt},
    members,
    source::{HeaderSource, Source},
};
use crate::{
    confidence::Confidence,
    http::{allow_list::AllowList, head::Headers},
    semconv::Value,
};

/// Longest value that is taken of a resource, in bytes.
const RESOURCE_VALUE_BYTES: usize = 256;

/// Where the values of each dimension come from, the best source first.
#[derive(Debug, Clone, Default)]
pub struct AttributionRules(Arc<Compiled>);

#[derive(Debug, Default)]
struct Compiled {
    request: Vec<Rule<HeaderRule>>,
    response: Vec<Rule<HeaderSource>>,
    body: Vec<Rule<BodyRule>>,
    resource: Vec<Rule<String>>,
    /// What the first members of the paths in a body look like.
    body_names: Vec<Finder<'static>>,
    keys: Option<KeyHasher>,
}

/// A source with its place.
#[derive(Debug)]
struct Rule<S> {
    dimension: Dimension,
    rank: u16,
    label: Arc<str>,
    source: S,
}

/// What the head of a request may tell.
#[derive(Debug)]
enum HeaderRule {
    Header(HeaderSource),
    Baggage(String),
    Key,
}

/// Where in a body.
#[derive(Debug)]
struct BodyRule(Vec<String>);

impl AsRef<[String]> for Rule<BodyRule> {
    fn as_ref(&self) -> &[String] {
        &self.source.0
    }
}

impl AttributionRules {
    /// The sources of each dimension, the best first. Credentials get names where one of them asks for
    /// it, made with `salt`.
    pub fn new(sources: &[(Dimension, Vec<Source>)], salt: Salt) -> Self {
        let mut compiled = Compiled::default();
        for (dimension, sources) in sources {
            for (rank, source) in (0_u16..).zip(sources) {
                compiled.add(*dimension, rank, source);
            }
        }
        let mut names: Vec<&str> = compiled
            .body
            .iter()
            .filter_map(|rule| rule.source.0.first().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let finder = |name: &str| Finder::new(format!("\"{name}\"").as_bytes()).into_owned();
        compiled.body_names = names.into_iter().map(finder).collect();
        let has_keys = |rule: &Rule<HeaderRule>| matches!(rule.source, HeaderRule::Key);
        if compiled.request.iter().any(has_keys) {
            compiled.keys = Some(KeyHasher::new(salt));
        }
        Self(Arc::new(compiled))
    }

    /// The allow list with the headers that the sources name.
    #[must_use]
    pub fn admitted(&self, list: AllowList) -> AllowList {
        let of_request = self.0.request.iter().filter_map(|rule| match &rule.source {
            HeaderRule::Header(header) => Some(header.name.as_str()),
            HeaderRule::Baggage(_) => Some("baggage"),
            HeaderRule::Key => None,
        });
        let of_response = self.0.response.iter().map(|rule| rule.source.name.as_str());
        list.attributing(of_request.chain(of_response), self.0.keys.clone())
    }

    /// What the resource of a process tells of a dimension, by a source before this rank; with that
    /// source.
    pub fn of_resource<'r>(
        &self,
        resource: &'r [(Cow<'static, str>, Value)],
        dimension: Dimension,
        before: u16,
    ) -> Option<(Cow<'r, str>, &Arc<str>)> {
        self.resources(dimension, before).find_map(|rule| {
            let (_, value) = resource.iter().find(|(known, _)| *known == rule.source)?;
            let value = match value {
                Value::Str(text) => {
                    Cow::from(text.get(..text.floor_char_boundary(RESOURCE_VALUE_BYTES))?)
                }
                Value::Int(number) => Cow::from(number.to_string()),
                _ => return None,
            };
            (!value.is_empty()).then_some((value, &rule.label))
        })
    }

    /// Whether any such source is asked.
    pub fn asks_resource(&self, dimension: Dimension, before: u16) -> bool {
        self.resources(dimension, before).next().is_some()
    }

    /// Sources in resources come in the order of their ranks.
    fn resources(&self, dimension: Dimension, before: u16) -> impl Iterator<Item = &Rule<String>> {
        let rules = self.0.resource.iter();
        rules.filter(move |rule| rule.dimension == dimension && rule.rank < before)
    }

    /// What the head of a request tells.
    pub(crate) fn of_request(&self, headers: &Headers) -> Attribution {
        let mut found = Attribution::default();
        for rule in &self.0.request {
            if !found.wants(rule.dimension, rule.rank) {
                continue;
            }
            match &rule.source {
                HeaderRule::Header(header) => of_header(rule, header, headers, &mut found),
                HeaderRule::Baggage(key) => {
                    let value = headers.get("baggage");
                    if let Some(value) = value.and_then(|header| members::baggage(header, key)) {
                        rule.offer(Confidence::Observed, &value, &mut found);
                    }
                }
                HeaderRule::Key => {
                    if let Some(key) = headers.key() {
                        rule.offer(Confidence::Derived, &key.to_string(), &mut found);
                    }
                }
            }
        }
        found
    }

    /// Adds what the body of the request tells.
    pub(crate) fn of_body(&self, bytes: &[u8], found: &mut Attribution) {
        if !(self.0.body_names.iter()).any(|name| body::may_hold(bytes, name)) {
            return;
        }
        body::read(&self.0.body, bytes, |place, value| {
            if let Some(rule) = self.0.body.get(place) {
                rule.offer(Confidence::Observed, value, found);
            }
        });
    }

    /// Adds what the head of the answer tells.
    pub(crate) fn of_response(&self, headers: &Headers, found: &mut Attribution) {
        for rule in &self.0.response {
            of_header(rule, &rule.source, headers, found);
        }
    }
}

impl Compiled {
    fn add(&mut self, dimension: Dimension, rank: u16, source: &Source) {
        let label: Arc<str> = source.to_string().into();
        let request = match source.clone() {
            Source::Header(header) => HeaderRule::Header(header),
            Source::Baggage(key) => HeaderRule::Baggage(key),
            Source::ApiKey => HeaderRule::Key,
            Source::Response(source) => {
                let rule = Rule::new(dimension, rank, label, source);
                return self.response.push(rule);
            }
            Source::Body(path) => {
                let rule = Rule::new(dimension, rank, label, BodyRule(path));
                return self.body.push(rule);
            }
            Source::Resource(name) => {
                let rule = Rule::new(dimension, rank, label, name);
                return self.resource.push(rule);
            }
        };
        self.request
            .push(Rule::new(dimension, rank, label, request));
    }
}

impl<S> Rule<S> {
    const fn new(dimension: Dimension, rank: u16, label: Arc<str>, source: S) -> Self {
        Self {
            dimension,
            rank,
            label,
            source,
        }
    }

    fn offer(&self, confidence: Confidence, value: &str, found: &mut Attribution) {
        found.offer(self.dimension, self.rank, &self.label, confidence, value);
    }
}

fn of_header<S>(rule: &Rule<S>, header: &HeaderSource, headers: &Headers, found: &mut Attribution) {
    let Some(value) = headers.get(&header.name) else {
        return;
    };
    if header.path.is_empty() {
        rule.offer(Confidence::Observed, value, found);
    } else if let Some(value) = members::json(value, &header.path) {
        rule.offer(Confidence::Observed, &value, found);
    }
}

/// Entry for fuzzing: any header and any body tells bounded values, and no credential.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_attribution(data: &[u8]) {
    let source = |text: &str| text.parse::<Source>().expect("a source");
    let sources = [
        (
            Dimension::User,
            vec![
                source("baggage:user"),
                source("body:metadata.user_id"),
                source("body:user"),
            ],
        ),
        (
            Dimension::Team,
            vec![source("header:x-portkey-metadata#team")],
        ),
        (Dimension::Workspace, vec![source("api-key")]),
    ];
    let rules = AttributionRules::new(&sources, Salt::new([1; Salt::BYTES]));
    let list = rules.admitted(AllowList::default());
    let wire = ["baggage", "x-portkey-metadata", "authorization"].map(|name| (name, data));
    let headers = Headers::admit(&list, wire.into_iter());
    let mut found = rules.of_request(&headers);
    rules.of_body(data, &mut found);
    for value in found.iter() {
        assert!(value.value.len() <= 1_024 && !value.value.is_empty());
        assert!(!crate::policy::looks_like_credential(&value.value));
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
