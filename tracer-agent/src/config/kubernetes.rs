//! `[kubernetes]`: whether and how the API is asked for pods.

use super::{
    error::ConfigError,
    layers::Layers,
    registry as keys,
    setting::{Refusal, Scalar},
};
use crate::host::kubernetes::settings::{ApiSettings, KubernetesSettings, PodSettings};

/// The option, if it is wanted.
///
/// # Errors
/// If a value is not acceptable, or the node or the API's address is missing.
pub(super) fn resolve(layers: &Layers) -> Result<Option<KubernetesSettings>, ConfigError> {
    if !layers.get(&keys::KUBERNETES_ENABLED)? {
        return Ok(None);
    }
    let missing = |what: &str| ConfigError::Conflict {
        origin: layers.origin(&keys::KUBERNETES_ENABLED),
        conflict: format!("`kubernetes.enabled` needs {what}"),
    };
    let node = layers.get(&keys::KUBERNETES_NODE)?.ok_or_else(|| {
        missing("the node's name: set NODE_NAME from the pod's field spec.nodeName")
    })?;
    let host = layers.get(&keys::KUBERNETES_HOST)?.ok_or_else(|| {
        missing(
            "the API's address, which Kubernetes puts into KUBERNETES_SERVICE_HOST of every pod: \
             set `kubernetes.host` elsewhere",
        )
    })?;
    let labels = layers.get(&keys::KUBERNETES_LABELS)?;
    Ok(Some(KubernetesSettings {
        api: ApiSettings {
            host: host.0,
            port: layers.get(&keys::KUBERNETES_PORT)?.0,
            credentials: layers.get(&keys::KUBERNETES_CREDENTIALS)?,
        },
        pods: PodSettings {
            node: node.0,
            labels: labels.into_iter().map(|LabelKey(key)| key).collect(),
            service_labels: layers.get(&keys::KUBERNETES_SERVICE_LABELS)?,
        },
        wait: layers.get(&keys::KUBERNETES_WAIT)?,
    }))
}

/// Name of a node: a DNS subdomain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName(String);

impl Scalar for NodeName {
    const VALUE_NAME: &'static str = "NAME";
    const EXPECTS: &'static str = "the name of a node such as worker-1";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if (1..=253).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal("not the name of a node".into()))
        }
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }
}

/// Host of the API: a name or an address, without port and brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiHost(String);

impl Scalar for ApiHost {
    const VALUE_NAME: &'static str = "HOST";
    const EXPECTS: &'static str = "a host name or an address such as 10.96.0.1 or fd00::1";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let is_name = NodeName::from_text(text).is_ok();
        if is_name || text.parse::<std::net::Ipv6Addr>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal("not a host".into()))
        }
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }
}

/// Port of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiPort(u16);

impl Scalar for ApiPort {
    const VALUE_NAME: &'static str = "PORT";
    const EXPECTS: &'static str = "a port from 1 to 65535";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        match text.parse() {
            Ok(port) if port != 0 => Ok(Self(port)),
            _ => Err(Refusal("not a port".into())),
        }
    }

    fn to_text(&self) -> String {
        self.0.to_string()
    }
}

/// Key of a label: a name, or a DNS subdomain, a slash and a name
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelKey(String);

impl Scalar for LabelKey {
    const VALUE_NAME: &'static str = "KEY";
    const EXPECTS: &'static str = "the key of a label such as example.com/team";
    const EXPECTS_LIST: &'static str = "keys of labels such as example.com/team";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let (prefix, name) = text.split_once('/').unwrap_or(("none", text));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = (1..=63).contains(&name.len()) && name.bytes().all(allowed);
        if is_name && NodeName::from_text(prefix).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal("not the key of a label".into()))
        }
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::*;
    use crate::config::{environment, file};

    fn settings(
        toml: &str,
        variables: &[(&str, &str)],
    ) -> Result<Option<KubernetesSettings>, String> {
        let file = file::parse(Path::new("a.toml"), toml).map_err(|it| it.to_string())?;
        let environment = environment::layer(|name| {
            let variable = variables.iter().find(|(known, _)| *known == name)?;
            Some(variable.1.into())
        });
        resolve(&Layers::new([environment, file])).map_err(|it| it.to_string())
    }

    const IN_A_POD: [(&str, &str); 3] = [
        ("KUBERNETES_SERVICE_HOST", "fd00::1"),
        ("KUBERNETES_SERVICE_PORT", "6443"),
        ("NODE_NAME", "worker-1.example"),
    ];

    #[test]
    fn it_is_off_until_somebody_wants_it() {
        assert_eq!(settings("", &IN_A_POD), Ok(None));
        let by_variable = [("LLM_TRACER_KUBERNETES", "true")];
        let variables = [&IN_A_POD[..], &by_variable[..]].concat();
        assert!(settings("", &variables).unwrap().is_some());
    }

    #[test]
    fn a_pods_own_environment_says_where_the_api_is() {
        let toml = "[kubernetes]\nenabled = true\nlabels = [\"team\", \"example.com/tier\"]";
        let settings = settings(toml, &IN_A_POD).unwrap().unwrap();
        assert_eq!(
            (settings.api.host.as_str(), settings.api.port),
            ("fd00::1", 6443)
        );
        assert_eq!(settings.pods.node, "worker-1.example");
        assert_eq!(settings.pods.labels, ["team", "example.com/tier"]);
        assert!(!settings.pods.service_labels);
        assert_eq!(settings.wait, Duration::from_secs(3));
    }

    #[test]
    fn what_is_missing_is_named_with_a_way_to_get_it() {
        let enabled = "[kubernetes]\nenabled = true";
        let message = settings(enabled, &IN_A_POD[..2]).unwrap_err();
        assert!(
            message.contains("spec.nodeName") && message.contains("a.toml:2"),
            "{message}"
        );
        let message = settings(enabled, &IN_A_POD[2..]).unwrap_err();
        assert!(message.contains("KUBERNETES_SERVICE_HOST"), "{message}");
    }

    #[test]
    fn keys_of_labels_have_a_form() {
        for key in ["team", "app.kubernetes.io/name", "a_b.c-d"] {
            assert_eq!(LabelKey::from_text(key), Ok(LabelKey(key.into())));
        }
        for key in ["", "/name", "a/", "a/b/c", "two words", "ä"] {
            assert!(LabelKey::from_text(key).is_err(), "{key}");
        }
        assert!(ApiPort::from_text("0").is_err() && ApiPort::from_text("70000").is_err());
        assert!(ApiHost::from_text("https://10.0.0.1").is_err());
    }
}
