//! Adds to a process what is known of its pod.
//!
//! Names and order as in the OpenTelemetry conventions
//! (<https://opentelemetry.io/docs/specs/semconv/non-normative/k8s-attributes/>). What is seen of a
//! process comes first, then what it says of itself, then what its pod says, then what follows from
//! the pod's names. A process that names its service is believed whole: the rest of the service's
//! identity is not made up around it. `service.instance.id` stays one per process.

use std::borrow::Cow;

use tracer_core::semconv::{Value, resource as names};

use super::{directory::Found, image::Image, pod::Pod};
use crate::host::process::{ProcessInfo, is_observed};

/// The process with the resource of its pod.
pub fn complete(process: &ProcessInfo, found: &Found) -> ProcessInfo {
    let mut completed = Completed {
        process: ProcessInfo {
            revision: process.revision.saturating_add(1),
            ..process.clone()
        },
    };
    completed.said_by_pod(&found.pod);
    if !process.says(names::SERVICE_NAME) {
        completed.service(found);
    }
    completed.observed(found);
    completed.process
}

struct Completed {
    process: ProcessInfo,
}

impl Completed {
    fn said_by_pod(&mut self, pod: &Pod) {
        for (name, value) in &pod.attributes {
            if !is_observed(name) && !self.process.says(name) {
                self.set(Cow::Owned(name.clone()), value.clone().into());
            }
        }
    }

    /// Whether the process or an annotation says it.
    fn is_said(&self, name: &str, found: &Found) -> bool {
        self.process.says(name) || found.pod.attributes.iter().any(|(said, _)| said == name)
    }

    /// The service, as far as nobody says otherwise.
    fn service(&mut self, found: &Found) {
        let Found { pod, .. } = found;
        let container = found.container();
        let image = container.map(|it| Image::parse(&it.image));
        let name = pod.service.name.as_deref().or_else(|| pod.workload.top());
        let version = pod.service.version.clone();
        let version = version.or_else(|| image.and_then(|image| image.version()));
        for (attribute, value) in [
            (
                names::SERVICE_NAME,
                Some(name.unwrap_or(&pod.name).to_owned()),
            ),
            (names::SERVICE_NAMESPACE, Some(pod.namespace.clone())),
            (names::SERVICE_VERSION, version),
        ] {
            if let Some(value) = value
                && !self.is_said(attribute, found)
            {
                self.set(attribute.into(), value.into());
            }
        }
    }

    fn observed(&mut self, found: &Found) {
        let Found { pod, .. } = found;
        let mut text = |name: Cow<'static, str>, value: &str| {
            if !value.is_empty() {
                self.set(name, value.to_owned().into());
            }
        };
        text(names::K8S_POD_UID.into(), &pod.uid);
        text(names::K8S_POD_NAME.into(), &pod.name);
        text(names::K8S_NAMESPACE_NAME.into(), &pod.namespace);
        text(names::K8S_NODE_NAME.into(), &pod.node);
        for (name, value) in pod.workload.attributes() {
            text(name.into(), value);
        }
        for (key, value) in &pod.labels {
            text(format!("{}{key}", names::K8S_POD_LABEL).into(), value);
        }
        let Some(container) = found.container() else {
            return;
        };
        let image = Image::parse(&container.image);
        text(names::K8S_CONTAINER_NAME.into(), &container.name);
        text(names::CONTAINER_IMAGE_NAME.into(), image.name);
        if let Some(tag) = image.tag {
            let tags = Value::StrList(vec![tag.to_owned()]);
            self.set_value(names::CONTAINER_IMAGE_TAGS.into(), tags);
        }
    }

    fn set(&mut self, name: Cow<'static, str>, value: Cow<'static, str>) {
        self.set_value(name, Value::Str(value));
    }

    fn set_value(&mut self, name: Cow<'static, str>, value: Value) {
        let resource = &mut self.process.resource;
        match resource.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => resource.push((name, value)),
        }
    }
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
