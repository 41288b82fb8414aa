//! Pods as the API tells of them.

use serde_json::{Value, json};

/// What sets one pod apart from others.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub uid: String,
    /// Its node.
    pub node: String,
    /// Its controller: group and version, kind, name.
    pub owner: Option<(&'static str, &'static str, String)>,
    /// Its labels.
    pub labels: Vec<(&'static str, String)>,
    /// Its annotations.
    pub annotations: Vec<(&'static str, String)>,
    /// Its containers: name, image, and the runtime's id once it runs.
    pub containers: Vec<(&'static str, &'static str, Option<String>)>,
}

impl Pod {
    /// A pod in the namespace `prod` with one container that runs.
    pub fn new(name: &str, uid: &str, node: &str, container_id: &str) -> Self {
        Self {
            name: name.to_owned(),
            uid: uid.to_owned(),
            node: node.to_owned(),
            owner: None,
            labels: Vec::new(),
            annotations: Vec::new(),
            containers: vec![(
                "app",
                "registry.example:5000/team/app:1.2",
                Some(container_id.to_owned()),
            )],
        }
    }

    /// One of a Deployment.
    pub fn of_deployment(mut self, deployment: &str) -> Self {
        let hash = "7d9f8b6c5";
        self.owner = Some(("apps/v1", "ReplicaSet", format!("{deployment}-{hash}")));
        self.labels.push(("pod-template-hash", hash.to_owned()));
        self
    }

    /// The object, at a place in the history.
    pub(super) fn object(&self, version: u64) -> Value {
        let pairs = |pairs: &[(&'static str, String)]| -> Value {
            let pairs = pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), json!(value)));
            Value::Object(pairs.collect())
        };
        let owners: Vec<Value> = self
            .owner
            .iter()
            .map(|(api_version, kind, name)| {
                json!({
                    "apiVersion": api_version, "kind": kind, "name": name,
                    "uid": "0a0a0a0a-0000-4000-8000-00000000000a",
                    "controller": true, "blockOwnerDeletion": true,
                })
            })
            .collect();
        let containers: Vec<Value> = self
            .containers
            .iter()
            .map(|(name, image, _)| {
                json!({
                    "name": name, "image": image, "resources": {},
                    "env": [{"name": "SECRET", "value": "not to be kept"}],
                    "terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent",
                })
            })
            .collect();
        let statuses: Vec<Value> = self
            .containers
            .iter()
            .map(|(name, image, id)| match id {
                Some(id) => json!({
                    "name": name, "image": image, "ready": true, "started": true, "restartCount": 0,
                    "imageID": format!("{image}@sha256:0000"), "lastState": {},
                    "containerID": format!("containerd://{id}"),
                    "state": {"running": {"startedAt": "2026-03-01T10:30:04Z"}},
                }),
                None => json!({
                    "name": name, "image": image, "ready": false, "started": false,
                    "restartCount": 0, "imageID": "", "lastState": {},
                    "state": {"waiting": {"reason": "ContainerCreating"}},
                }),
            })
            .collect();
        json!({
            "kind": "Pod", "apiVersion": "v1",
            "metadata": {
                "name": self.name, "namespace": "prod", "uid": self.uid,
                "resourceVersion": version.to_string(),
                "creationTimestamp": "2026-03-01T10:30:02Z",
                "labels": pairs(&self.labels), "annotations": pairs(&self.annotations),
                "ownerReferences": owners,
                "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsType": "FieldsV1",
                                   "fieldsV1": {"f:status": {"f:phase": {}}}}],
            },
            "spec": {
                "nodeName": self.node, "containers": containers, "restartPolicy": "Always",
                "serviceAccountName": "default", "dnsPolicy": "ClusterFirst",
            },
            "status": {"phase": "Running", "podIP": "10.244.1.7", "containerStatuses": statuses},
        })
    }
}
