//! The backends that are known, and what is particular to each as a whole.

use super::{
    super::{span::Span, value::Attributes},
    langfuse, mlflow, phoenix,
    rule::Rule,
};

/// Who reads what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backend {
    /// Anybody: the conventions and nothing else.
    #[default]
    Generic,
    /// Arize Phoenix.
    Phoenix,
    /// MLflow's tracking server.
    Mlflow,
    /// Langfuse.
    Langfuse,
}

impl Backend {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Generic, Self::Phoenix, Self::Mlflow, Self::Langfuse];

    /// Word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Phoenix => "phoenix",
            Self::Mlflow => "mlflow",
            Self::Langfuse => "langfuse",
        }
    }

    /// The attributes that it is sent beside those of the conventions.
    pub const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Generic => &[],
            Self::Phoenix => phoenix::RULES,
            Self::Mlflow => mlflow::RULES,
            Self::Langfuse => langfuse::RULES,
        }
    }

    /// What it is sent of a span beside the span's own attributes.
    pub fn additions(self, span: &Span) -> Attributes {
        let rules = self.rules().iter();
        let missing = rules.filter(|rule| span.attribute(rule.name).is_none());
        let told = missing.filter_map(|rule| Some((rule.name.into(), (rule.value)(span)?)));
        told.collect()
    }

    /// The attribute of a resource that says under which heading its spans are filed, and which
    /// attribute of the same resource names it unless the operator or the process does.
    pub const fn heading(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Phoenix => Some(phoenix::PROJECT),
            Self::Generic | Self::Mlflow | Self::Langfuse => None,
        }
    }

    /// Headers of requests with spans, unless the operator gives others.
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Mlflow => mlflow::HEADERS,
            Self::Langfuse => langfuse::HEADERS,
            Self::Generic | Self::Phoenix => &[],
        }
    }

    /// Whether it takes metrics as well as spans.
    pub const fn takes_only_spans(self) -> bool {
        !matches!(self, Self::Generic)
    }

    /// The value of a rule, for a span that does not have it yet.
    #[cfg(test)]
    pub(super) fn tells(self, span: &Span, name: &str) -> Option<super::super::value::Value> {
        let added = self.additions(span);
        added.into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{super::samples, *};
    use crate::semconv::{attributes as names, value::Value};

    #[test]
    fn names_are_unique_and_none_is_of_ours() {
        for backend in Backend::ALL {
            let mut seen = HashSet::new();
            for rule in backend.rules() {
                assert!(seen.insert(rule.name), "{} is there twice", rule.name);
                assert!(!rule.name.starts_with("llm_tracer."), "{}", rule.name);
                assert!(
                    !names::REGISTRY.iter().any(|it| it.name == rule.name),
                    "{} is told to everybody",
                    rule.name
                );
                assert!(rule.description.ends_with('.'), "{}", rule.name);
            }
        }
    }

    #[test]
    fn nothing_is_added_for_anybody() {
        assert_eq!(Backend::Generic.additions(&samples::chat()), []);
    }

    #[test]
    fn what_a_span_has_is_left_alone() {
        let mut span = samples::chat();
        let own = Value::Str("somebody".into());
        span.attributes.push(("user.id".into(), own));
        for backend in Backend::ALL {
            assert_eq!(backend.tells(&span, "user.id"), None, "{backend:?}");
        }
    }

    #[test]
    fn a_span_that_tells_nothing_gets_nothing_but_what_it_is() {
        let span = samples::span("tools/list", &[]);
        let names = |backend: Backend| {
            let added = backend.additions(&span).into_iter();
            added.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(Backend::Phoenix), ["openinference.span.kind"]);
        assert_eq!(names(Backend::Mlflow), ["mlflow.traceTag.mlflow.traceName"]);
        assert_eq!(names(Backend::Langfuse), ["langfuse.observation.type"]);
    }
}
