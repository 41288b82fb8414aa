//! The resource of an observed process.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use super::span::{SCHEMA_URL, key_values};
use crate::host::process::ProcessInfo;

/// What all resources share: which agent made them, and what its operator says of the host.
#[derive(Debug, Clone)]
pub(super) struct ResourceBase {
    shared: Vec<KeyValue>,
}

impl ResourceBase {
    pub(super) fn new(host: &[(String, String)]) -> Self {
        let host = host
            .iter()
            .map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let agent = [
            KeyValue::new("telemetry.distro.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        ];
        Self {
            shared: host.chain(agent).collect(),
        }
    }

    /// The resource of `process`; what is known of the process wins over what is shared.
    pub(super) fn of(&self, process: &ProcessInfo) -> Resource {
        Resource::builder_empty()
            .with_schema_url(self.shared.iter().cloned(), SCHEMA_URL)
            .with_attributes(key_values(&process.resource))
            .build()
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
        let resource = ResourceBase::new(&host).of(&samples::process(7));
        let get = |name| resource.get(&Key::from_static_str(name));
        assert_eq!(get("service.name"), Some("service-7".into()));
        assert_eq!(get("deployment.environment.name"), Some("prod".into()));
        assert_eq!(
            get("telemetry.distro.name"),
            Some(env!("CARGO_PKG_NAME").into())
        );
        assert_eq!(resource.schema_url(), Some(SCHEMA_URL));
    }
}
