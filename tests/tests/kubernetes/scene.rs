//! A watcher at work on a double.

use std::{path::Path, time::Duration};

use tests::kubernetes::{api::KubernetesApi, pod::Pod};
use tokio::task::JoinHandle;
use tracer_agent::{
    host::{
        cgroup::Placement,
        kubernetes::{
            directory::Directory,
            settings::{ApiSettings, KubernetesSettings, PodSettings},
            watcher::Watcher,
        },
    },
    telemetry::{Telemetry, kubernetes::FailureReason},
};

pub const NODE: &str = "node-1.example";

/// Ends with the test.
pub struct Scene {
    pub directory: Directory,
    pub telemetry: Telemetry,
    task: JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How an agent on [`NODE`] asks.
pub fn settings(port: u16, credentials: &Path) -> KubernetesSettings {
    KubernetesSettings {
        api: ApiSettings {
            host: "127.0.0.1".to_owned(),
            port,
            credentials: credentials.to_owned(),
        },
        pods: PodSettings {
            node: NODE.to_owned(),
            ..PodSettings::default()
        },
        wait: Duration::from_secs(3),
    }
}

impl Scene {
    pub fn start(api: &KubernetesApi) -> Self {
        Self::with(settings(api.address.port(), api.credentials()))
    }

    pub fn with(settings: KubernetesSettings) -> Self {
        let (directory, telemetry) = (Directory::default(), Telemetry::new());
        let watcher = Watcher::new(settings, directory.clone(), telemetry.clone());
        Self {
            directory,
            telemetry,
            task: tokio::spawn(watcher.run()),
        }
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..1_000 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not so after ten seconds: {what}");
    }

    /// Waits until a pod is known.
    pub async fn until_known(&self, uid: &str) {
        self.until(uid, |scene| scene.name(uid).is_some()).await;
    }

    /// Waits until requests failed for a reason.
    pub async fn until_failed(&self, reason: FailureReason) {
        let failed = |scene: &Self| scene.failures(reason) > 0;
        self.until(&format!("failed for {reason:?}"), failed).await;
    }

    pub fn name(&self, uid: &str) -> Option<String> {
        let placement = Placement {
            pod_uid: Some(uid.to_owned()),
            ..Placement::default()
        };
        let found = self.directory.find(&placement)?;
        Some(found.pod.name.clone())
    }

    pub fn failures(&self, reason: FailureReason) -> u64 {
        self.telemetry.kubernetes.failures.of(reason).get()
    }
}

/// A pod on [`NODE`] that is called after its identity.
pub fn pod(uid: &str) -> Pod {
    Pod::new(&format!("pod-{uid}"), uid, NODE, &format!("id-{uid}"))
}

/// Requests that are lists.
pub fn lists(api: &KubernetesApi) -> Vec<String> {
    let mut requests = api.requests();
    requests.retain(|it| !it.contains("watch=1"));
    requests
}

/// Requests that are watches.
pub fn watches(api: &KubernetesApi) -> Vec<String> {
    let mut requests = api.requests();
    requests.retain(|it| it.contains("watch=1"));
    requests
}
