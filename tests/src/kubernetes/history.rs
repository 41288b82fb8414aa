//! What happened to the pods, in order.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::pod::Pod;

/// All pods and what changed.
#[derive(Debug, Default)]
pub(super) struct History {
    /// By their identities, each with its place in the history.
    pods: BTreeMap<String, (u64, Pod)>,
    events: Vec<Event>,
    version: u64,
    /// Nothing up to here is remembered.
    forgotten: u64,
}

/// One change, or a bookmark.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) version: u64,
    /// Whose pod; none for a bookmark.
    node: Option<String>,
    line: Value,
}

impl Event {
    /// The line of a watch of a node's pods.
    pub(super) fn line_for(&self, node: &str) -> Option<String> {
        let concerns = self.node.as_deref().is_none_or(|of| of == node);
        concerns.then(|| format!("{}\n", self.line))
    }
}

impl History {
    /// The present.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn put(&mut self, pod: Pod) {
        self.version += 1;
        let kind = if self.pods.contains_key(&pod.uid) {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.push(kind, &pod);
        self.pods.insert(pod.uid.clone(), (self.version, pod));
    }

    pub(super) fn delete(&mut self, uid: &str) {
        if let Some((_, pod)) = self.pods.remove(uid) {
            self.version += 1;
            self.push("DELETED", &pod);
        }
    }

    /// Something happened elsewhere in the cluster, and a watch is told how far history is.
    pub(super) fn bookmark(&mut self) {
        self.version += 1000;
        let metadata =
            json!({"resourceVersion": self.version.to_string(), "creationTimestamp": null});
        let object = json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata,
                            "spec": {"containers": null}, "status": {}});
        self.events.push(Event {
            version: self.version,
            node: None,
            line: json!({"type": "BOOKMARK", "object": object}),
        });
    }

    /// Forgets what was.
    pub(super) fn forget(&mut self) {
        self.version += 1;
        self.forgotten = self.version;
        self.events.clear();
    }

    /// What came after a place; `None` if that is forgotten.
    pub(super) fn since(&self, version: u64) -> Option<Vec<Event>> {
        let after = |event: &&Event| event.version > version;
        (version >= self.forgotten).then(|| self.events.iter().filter(after).cloned().collect())
    }

    /// A page of a node's pods from the `from`th on, and where the next one begins.
    pub(super) fn page(&self, node: &str, from: usize, limit: usize) -> Value {
        let of_node = self.pods.values().filter(|(_, pod)| pod.node == node);
        let objects = of_node.clone().skip(from).take(limit);
        let items: Vec<Value> = objects.map(|(version, pod)| pod.object(*version)).collect();
        let mut metadata = json!({"resourceVersion": self.version.to_string()});
        if of_node.count() > from + limit {
            metadata["continue"] = json!(format!("from={}&of=\"list\"", from + limit));
            metadata["remainingItemCount"] = json!(1);
        }
        json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})
    }

    fn push(&mut self, kind: &str, pod: &Pod) {
        self.events.push(Event {
            version: self.version,
            node: Some(pod.node.clone()),
            line: json!({"type": kind, "object": pod.object(self.version)}),
        });
    }
}
