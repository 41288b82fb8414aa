//! The pods of this node as far as they are known: written by the watcher, read by the capture thread.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::pod::{Container, Pod};
use crate::host::cgroup::Placement;

/// Most pods. A node runs some hundred; beyond the bound, new ones stay unknown.
const MAX_PODS: usize = 4096;
/// How long a pod is known after its end: its last calls are still to be reported.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Shared; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Directory(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    reach: Reach,
    pods: HashMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    pod: Arc<Pod>,
    /// When it was gone.
    gone: Option<Instant>,
}

/// Whether what the directory does not know may become known soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// The API has not been asked yet.
    #[default]
    Starting,
    /// It tells of what changes.
    Reached,
    /// It does not.
    Away,
}

/// A pod that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The pod.
    pub pod: Arc<Pod>,
    container: Option<String>,
}

impl Found {
    /// The container, if it is known which.
    pub fn container(&self) -> Option<&Container> {
        self.pod.container(self.container.as_deref())
    }
}

impl Directory {
    /// The pod that something runs in.
    pub fn find(&self, placement: &Placement) -> Option<Found> {
        let state = self.state();
        let mut pods = state.pods.values().map(|entry| &entry.pod);
        let pod = match (&placement.pod_uid, &placement.container_id) {
            (Some(uid), _) => match state.pods.get(uid) {
                Some(entry) => &entry.pod,
                None => pods.find(|pod| pod.file_hash.as_ref() == Some(uid))?,
            },
            // The path of a control group is cut where the reader's own begins.
            (None, Some(id)) => pods.find(|pod| pod.has_container(id))?,
            (None, None) => return None,
        };
        Some(Found {
            pod: Arc::clone(pod),
            container: placement.container_id.clone(),
        })
    }

    /// Grows with every change.
    pub fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
    }

    /// Whether the API tells.
    pub fn reach(&self) -> Reach {
        self.state().reach
    }

    /// Notes whether the API tells.
    pub fn set_reach(&self, reach: Reach) {
        let mut state = self.state();
        if state.reach != reach {
            state.reach = reach;
            self.changed();
        }
    }

    /// Pods that run.
    pub fn len(&self) -> usize {
        self.state()
            .pods
            .values()
            .filter(|it| it.gone.is_none())
            .count()
    }

    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These and no others run now.
    pub fn replace(&self, pods: Vec<Pod>, now: Instant) {
        let mut state = self.state();
        for entry in state.pods.values_mut() {
            entry.gone.get_or_insert(now);
        }
        for pod in pods {
            state.put(pod);
        }
        state.forget(now);
        self.changed();
    }

    /// A pod is there, or has changed.
    pub fn put(&self, pod: Pod, now: Instant) {
        let mut state = self.state();
        state.forget(now);
        state.put(pod);
        self.changed();
    }

    /// A pod is gone.
    pub fn remove(&self, uid: &str, now: Instant) {
        let mut state = self.state();
        if let Some(entry) = state.pods.get_mut(uid) {
            entry.gone.get_or_insert(now);
        }
        state.forget(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changes.fetch_add(1, Ordering::Release);
    }
}

impl State {
    fn put(&mut self, pod: Pod) {
        if self.pods.len() >= MAX_PODS && !self.pods.contains_key(&pod.uid) {
            self.pods.retain(|_, entry| entry.gone.is_none());
        }
        if self.pods.len() < MAX_PODS || self.pods.contains_key(&pod.uid) {
            let entry = Entry {
                pod: Arc::new(pod),
                gone: None,
            };
            self.pods.insert(entry.pod.uid.clone(), entry);
        }
    }

    fn forget(&mut self, now: Instant) {
        let is_remembered = |gone: Instant| now.saturating_duration_since(gone) < REMEMBERED;
        self.pods
            .retain(|_, entry| entry.gone.is_none_or(is_remembered));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::kubernetes::settings::PodSettings;

    fn pod(uid: &str) -> Pod {
        let object = json!({
            "metadata": {"name": uid, "namespace": "n", "uid": uid,
                         "annotations": {"kubernetes.io/config.hash": format!("hash-of-{uid}")}},
            "spec": {"containers": [{"name": "app"}, {"name": "side"}]},
            "status": {"containerStatuses": [
                {"name": "side", "containerID": format!("cri-o://id-of-{uid}")}]},
        });
        Pod::read(
            serde_json::from_value(object).unwrap(),
            &PodSettings::default(),
        )
        .unwrap()
    }

    fn placement(pod: Option<&str>, container: Option<&str>) -> Placement {
        Placement {
            pod_uid: pod.map(str::to_owned),
            container_id: container.map(str::to_owned),
            ..Placement::default()
        }
    }

    #[test]
    fn a_pod_is_found_by_its_id_its_files_hash_or_a_container() {
        let directory = Directory::default();
        let changes = directory.changes();
        directory.replace(vec![pod("a"), pod("b")], Instant::now());
        assert!(directory.changes() > changes);
        let find = |uid, id| directory.find(&placement(uid, id));
        let name = |uid, id| find(uid, id).map(|found| found.pod.name.clone());
        assert_eq!(name(Some("a"), None).as_deref(), Some("a"));
        assert_eq!(name(Some("hash-of-b"), None).as_deref(), Some("b"));
        assert_eq!(name(None, Some("id-of-b")).as_deref(), Some("b"));
        assert_eq!(name(Some("c"), Some("id-of-b")), None);
        assert_eq!(name(None, None), None);
        let container = |id| {
            let found = find(Some("a"), Some(id))?;
            found.container().map(|it| it.name.clone())
        };
        assert_eq!(container("id-of-a").as_deref(), Some("side"));
        assert_eq!(container("not told yet"), None);
    }

    #[test]
    fn a_pod_that_is_gone_is_known_for_a_while() {
        let directory = Directory::default();
        let start = Instant::now();
        directory.replace(vec![pod("a"), pod("b")], start);
        directory.remove("a", start);
        directory.replace(vec![], start);
        assert!(directory.is_empty());
        let known = |uid| directory.find(&placement(Some(uid), None)).is_some();
        assert!(known("a") && known("b"));
        directory.put(pod("c"), start + REMEMBERED);
        assert!(!known("a") && !known("b") && known("c"));
    }

    #[test]
    fn pods_are_bounded_and_the_gone_make_room() {
        let directory = Directory::default();
        let now = Instant::now();
        let many = (0..=MAX_PODS).map(|number| pod(&number.to_string()));
        directory.replace(many.collect(), now);
        assert_eq!(directory.len(), MAX_PODS);
        directory.put(pod("new"), now);
        assert!(directory.find(&placement(Some("new"), None)).is_none());
        directory.remove("0", now);
        directory.put(pod("new"), now);
        assert!(directory.find(&placement(Some("new"), None)).is_some());
    }
}
