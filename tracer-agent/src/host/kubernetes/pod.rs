//! What is kept of a pod: names, labels that are wanted, and nothing else.

use super::{
    object::{ContainerSpec, ContainerStatus, Map, PodObject},
    settings::PodSettings,
    workload::Workload,
};
use crate::host::target_environment::{ATTRIBUTE_BYTES, ATTRIBUTES, looks_secret};

/// Annotations under it are attributes.
const ATTRIBUTE_PREFIX: &str = "resource.opentelemetry.io/";
/// By which the kubelet tells what it read in a file of the node from what the API gave it: it is the
/// id of such a pod in names of control groups.
const FILE_HASH: &str = "kubernetes.io/config.hash";
/// Most containers kept of a pod.
const CONTAINERS: usize = 64;

/// A pod of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its identity.
    pub uid: String,
    /// Its identity in names of control groups, if that is another one.
    pub file_hash: Option<String>,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its node.
    pub node: String,
    /// What it belongs to.
    pub workload: Workload,
    /// Labels that become attributes, by their keys.
    pub labels: Vec<(String, String)>,
    /// Attributes that its annotations say.
    pub attributes: Vec<(String, String)>,
    /// What its labels say of its service, if they may.
    pub service: ServiceLabels,
    /// All of its containers.
    pub containers: Vec<Container>,
    /// Whether it can have but one.
    single: bool,
}

/// The labels `app.kubernetes.io/…`
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/>).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceLabels {
    /// `instance`, else `name`.
    pub name: Option<String>,
    /// `version`.
    pub version: Option<String>,
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Its image as somebody wrote it.
    pub image: String,
    /// Ids that it has and had in the runtime.
    pub ids: Vec<String>,
}

impl Pod {
    /// What is kept of an object; `None` if it does not say who it is.
    pub fn read(object: PodObject, settings: &PodSettings) -> Option<Self> {
        let PodObject {
            metadata,
            spec,
            status,
        } = object;
        if [&metadata.uid, &metadata.name, &metadata.namespace]
            .iter()
            .any(|it| it.is_empty())
        {
            return None;
        }
        let single = spec.containers.len() == 1
            && spec.init_containers.is_empty()
            && spec.ephemeral_containers.is_empty();
        let groups = [
            (spec.containers, &status.container_statuses),
            (spec.init_containers, &status.init_container_statuses),
            (
                spec.ephemeral_containers,
                &status.ephemeral_container_statuses,
            ),
        ];
        let containers = groups.into_iter().flat_map(|(wanted, found)| {
            wanted.into_iter().map(move |it| Container::read(it, found))
        });
        let label = |key: &str| {
            metadata
                .labels
                .get(key)
                .filter(|it| !it.is_empty())
                .cloned()
        };
        let service = if settings.service_labels {
            ServiceLabels {
                name: label("app.kubernetes.io/instance")
                    .or_else(|| label("app.kubernetes.io/name")),
                version: label("app.kubernetes.io/version"),
            }
        } else {
            ServiceLabels::default()
        };
        let wanted = settings.labels.iter();
        Some(Self {
            file_hash: metadata.annotations.get(FILE_HASH).cloned(),
            workload: Workload::of(&metadata),
            labels: wanted
                .filter_map(|key| Some((key.clone(), metadata.labels.get(key)?.clone())))
                .collect(),
            attributes: attributes(&metadata.annotations),
            service,
            containers: containers.take(CONTAINERS).collect(),
            uid: metadata.uid,
            name: metadata.name,
            namespace: metadata.namespace,
            node: spec.node_name,
            single,
        })
    }

    /// The container with an id. The only one that there can be is it, whatever is known of its
    /// id: the API tells that some time after the start.
    pub fn container(&self, id: Option<&str>) -> Option<&Container> {
        let by_id = |id| self.containers.iter().find(|it| it.has_id(id));
        id.and_then(by_id)
            .or_else(|| self.containers.first().filter(|_| self.single))
    }

    /// Whether a container has this id.
    pub fn has_container(&self, id: &str) -> bool {
        self.containers.iter().any(|it| it.has_id(id))
    }
}

impl Container {
    fn read(wanted: ContainerSpec, statuses: &[ContainerStatus]) -> Self {
        let status = statuses.iter().find(|status| status.name == wanted.name);
        let ids = status.into_iter().flat_map(|status| {
            [
                &status.container_id,
                &status.last_state.terminated.container_id,
            ]
        });
        Self {
            ids: ids.filter_map(|id| bare(id)).collect(),
            name: wanted.name,
            image: wanted.image,
        }
    }

    fn has_id(&self, id: &str) -> bool {
        self.ids.iter().any(|it| it == id)
    }
}

/// `containerd://0123…` without the runtime.
fn bare(id: &str) -> Option<String> {
    let (_, id) = id.split_once("://")?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// Bounded like what a process says of itself.
fn attributes(annotations: &Map) -> Vec<(String, String)> {
    annotations
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(ATTRIBUTE_PREFIX)?, value)))
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .filter(|(name, value)| name.len().max(value.len()) <= ATTRIBUTE_BYTES)
        .filter(|(name, value)| !looks_secret(name, value))
        .take(ATTRIBUTES)
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
}

#[cfg(test)]
#[path = "pod_tests.rs"]
mod tests;
