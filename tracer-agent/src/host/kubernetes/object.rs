//! Objects of the Kubernetes API, as much of them as is used.
//!
//! Shapes: `core/v1` Pod, `meta/v1` ObjectMeta, ListMeta, Status and WatchEvent of
//! <https://kubernetes.io/docs/reference/kubernetes-api/>. A field that is absent or `null` is empty,
//! as it is to the API; all others are skipped without being stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Annotations and labels.
pub type Map = BTreeMap<String, String>;

/// One page of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodList {
    /// Where the list is in the history.
    pub metadata: ListMetadata,
    /// The pods.
    #[serde(deserialize_with = "nullable")]
    pub items: Vec<PodObject>,
}

/// Of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListMetadata {
    /// What a watch goes on from.
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    /// What the next page is asked for with; empty on the last.
    #[serde(rename = "continue", deserialize_with = "nullable")]
    pub next_page: String,
}

/// A pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodObject {
    /// Who it is.
    pub metadata: Metadata,
    /// What is wanted.
    #[serde(deserialize_with = "nullable")]
    pub spec: Spec,
    /// What is.
    #[serde(deserialize_with = "nullable")]
    pub status: Status,
}

/// Who an object is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Its name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its namespace.
    #[serde(deserialize_with = "nullable")]
    pub namespace: String,
    /// Its identity.
    #[serde(deserialize_with = "nullable")]
    pub uid: String,
    /// Where it is in the history.
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    /// When it was made, RFC 3339.
    #[serde(deserialize_with = "nullable")]
    pub creation_timestamp: String,
    /// Its labels.
    #[serde(deserialize_with = "nullable")]
    pub labels: Map,
    /// Its annotations.
    #[serde(deserialize_with = "nullable")]
    pub annotations: Map,
    /// What it belongs to.
    #[serde(deserialize_with = "nullable")]
    pub owner_references: Vec<OwnerReference>,
}

/// What an object belongs to.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OwnerReference {
    /// Group and version of the owner.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it manages the object.
    #[serde(deserialize_with = "nullable")]
    pub controller: bool,
}

/// What is wanted of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Its node, once it has one.
    #[serde(deserialize_with = "nullable")]
    pub node_name: String,
    /// Its containers.
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<ContainerSpec>,
    /// Those that run before, or beside.
    #[serde(deserialize_with = "nullable")]
    pub init_containers: Vec<ContainerSpec>,
    /// Those that were put in for debugging.
    #[serde(deserialize_with = "nullable")]
    pub ephemeral_containers: Vec<ContainerSpec>,
}

/// One container as it is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContainerSpec {
    /// Its name in the pod.
    pub name: String,
    /// Its image as somebody wrote it.
    #[serde(deserialize_with = "nullable")]
    pub image: String,
}

/// What has become of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// Of its containers.
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<ContainerStatus>,
    /// Of those that run before, or beside.
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// Of those that were put in for debugging.
    #[serde(deserialize_with = "nullable")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
}

/// What has become of one container.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerStatus {
    /// Its name in the pod.
    pub name: String,
    /// The runtime's id with the runtime before it: `containerd://0123…`.
    #[serde(rename = "containerID", deserialize_with = "nullable")]
    pub container_id: String,
    /// How it ended the last time.
    #[serde(deserialize_with = "nullable")]
    pub last_state: LastState,
}

/// How a container ended the last time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LastState {
    /// The one that ended.
    #[serde(deserialize_with = "nullable")]
    pub terminated: Terminated,
}

/// A container that ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Terminated {
    /// Its id.
    #[serde(rename = "containerID", deserialize_with = "nullable")]
    pub container_id: String,
}

/// One line of a watch.
#[derive(Debug, Deserialize)]
pub struct WatchEvent<'a> {
    /// What happened: `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// To what: a pod, of a bookmark its place in the history alone, of an error a [`Refusal`].
    #[serde(borrow)]
    pub object: &'a RawValue,
}

/// An object of which only the place in the history counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bookmark {
    /// Who it is.
    pub metadata: ListMetadata,
}

/// `meta/v1` Status: why the API did not do what it was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// As of HTTP.
    #[serde(deserialize_with = "nullable")]
    pub code: u16,
    /// For people.
    #[serde(deserialize_with = "nullable")]
    pub message: String,
}

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
