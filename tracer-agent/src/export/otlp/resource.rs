//! The resource of an observed process.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use tracer_core::semconv::backends::Backend;

use super::span::{SCHEMA_URL, key_values};
use crate::host::process::ProcessInfo;

/// What all resources share: which agent made them, and what its operator says of the host.
#[derive(Debug, Clone)]
pub(super) struct ResourceBase {
    shared: Vec<KeyValue>,
    /// Attribute of a backend, and the one that it has the value of where nobody gives another.
    heading: Option<(&'static str, &'static str)>,
}

impl ResourceBase {
    pub(super) fn new(host: &[(String, String)], backend: Backend) -> Self {
        let host = host
            .iter()
            .map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let agent = [
            KeyValue::new("telemetry.distro.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        ];
        Self {
            shared: host.chain(agent).collect(),
            heading: backend.heading(),
        }
    }

    /// The resource of `process`; what is known of the process wins over what is shared.
    pub(super) fn of(&self, process: &ProcessInfo) -> Resource {
        Resource::builder_empty()
            .with_schema_url(self.shared.iter().cloned(), SCHEMA_URL)
            .with_attributes(key_values(&process.resource))
            .with_attributes(self.heading_of(process))
            .build()
    }

    fn heading_of(&self, process: &ProcessInfo) -> Option<KeyValue> {
        let (name, from) = self.heading?;
        let is_shared = self.shared.iter().any(|it| it.key.as_str() == name);
        let of = |name: &str| process.resource.iter().find(|(known, _)| known == name);
        if is_shared || of(name).is_some() {
            return None;
        }
        let (_, value) = of(from)?;
        key_values(&[(Cow::Borrowed(name), value.clone())]).pop()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    use super::*;
    use crate::export::samples;

    #[test]
    fn the_process_wins_over_the_host() {
        let host = [
            ("service.name", "agent"),
            ("deployment.environment.name", "prod"),
        ];
        let host = host.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let resource = ResourceBase::new(&host, Backend::Generic).of(&samples::process(7));
        let get = |name| resource.get(&Key::from_static_str(name));
        assert_eq!(get("service.name"), Some("service-7".into()));
        assert_eq!(get("deployment.environment.name"), Some("prod".into()));
        assert_eq!(
            get("telemetry.distro.name"),
            Some(env!("CARGO_PKG_NAME").into())
        );
        assert_eq!(resource.schema_url(), Some(SCHEMA_URL));
    }

    #[test]
    fn spans_are_filed_under_the_service_unless_somebody_says_otherwise() {
        let project = |host: &[(&str, &str)], backend| {
            let host: Vec<_> = host
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let resource = ResourceBase::new(&host, backend).of(&samples::process(7));
            resource.get(&Key::from_static_str("openinference.project.name"))
        };
        assert_eq!(project(&[], Backend::Generic), None);
        assert_eq!(project(&[], Backend::Phoenix), Some("service-7".into()));
        let told = [("openinference.project.name", "all")];
        assert_eq!(project(&told, Backend::Phoenix), Some("all".into()));
    }
}
