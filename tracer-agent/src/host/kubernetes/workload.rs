//! What a pod belongs to.
//!
//! The pod names its controller; what stands above that is told by how Kubernetes forms names. So the
//! agent needs no right to read workloads, and no request for each of them. Bias: a name counts only
//! with a second sign from the pod, so a workload that somebody named in the same fashion by hand has
//! nothing above it rather than something wrong.

use jiff::Timestamp;
use tracer_core::semconv::resource as names;

use super::object::{Metadata, OwnerReference};

/// Label that a Deployment puts on its pods: how their ReplicaSet's name ends.
const TEMPLATE_HASH: &str = "pod-template-hash";
/// A pod may be made before its job's time by clocks that differ, and long after it by retries.
const EARLY_MINUTES: i64 = 5;
const LATE_MINUTES: i64 = 7 * 24 * 60;

/// The controller of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Workload {
    /// None, or one of a kind that has no attribute.
    #[default]
    None,
    /// A ReplicaSet.
    ReplicaSet {
        /// Its name.
        name: String,
        /// The Deployment behind it.
        deployment: Option<String>,
    },
    /// A StatefulSet by its name.
    StatefulSet(String),
    /// A DaemonSet by its name.
    DaemonSet(String),
    /// A Job.
    Job {
        /// Its name.
        name: String,
        /// The CronJob behind it.
        cron_job: Option<String>,
    },
}

impl Workload {
    /// That of a pod.
    pub fn of(pod: &Metadata) -> Self {
        let Some(owner) = pod.owner_references.iter().find(|owner| owner.controller) else {
            return Self::None;
        };
        let OwnerReference {
            api_version, name, ..
        } = owner;
        let name = name.clone();
        let group = api_version.split_once('/').map(|(group, _)| group);
        match (group, owner.kind.as_str()) {
            (Some("apps"), "ReplicaSet") => Self::ReplicaSet {
                deployment: deployment(&name, pod),
                name,
            },
            (Some("apps"), "StatefulSet") => Self::StatefulSet(name),
            (Some("apps"), "DaemonSet") => Self::DaemonSet(name),
            (Some("batch"), "Job") => Self::Job {
                cron_job: cron_job(&name, pod),
                name,
            },
            _ => Self::None,
        }
    }

    /// What stands at the top: the name of a service in the conventions for Kubernetes.
    pub fn top(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::ReplicaSet { name, deployment } => Some(deployment.as_ref().unwrap_or(name)),
            Self::StatefulSet(name) | Self::DaemonSet(name) => Some(name),
            Self::Job { name, cron_job } => Some(cron_job.as_ref().unwrap_or(name)),
        }
    }

    /// As attributes.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (one, other) = match self {
            Self::None => (None, None),
            Self::ReplicaSet { name, deployment } => (
                Some((names::K8S_REPLICASET_NAME, name)),
                deployment
                    .as_ref()
                    .map(|name| (names::K8S_DEPLOYMENT_NAME, name)),
            ),
            Self::StatefulSet(name) => (Some((names::K8S_STATEFULSET_NAME, name)), None),
            Self::DaemonSet(name) => (Some((names::K8S_DAEMONSET_NAME, name)), None),
            Self::Job { name, cron_job } => (
                Some((names::K8S_JOB_NAME, name)),
                cron_job
                    .as_ref()
                    .map(|name| (names::K8S_CRONJOB_NAME, name)),
            ),
        };
        let attributes = one.into_iter().chain(other);
        attributes.map(|(attribute, name)| (attribute, name.as_str()))
    }
}

/// A Deployment names its ReplicaSets after itself and the hash that their pods carry.
fn deployment(replica_set: &str, pod: &Metadata) -> Option<String> {
    let hash = pod.labels.get(TEMPLATE_HASH).filter(|it| !it.is_empty())?;
    let name = replica_set.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// A CronJob names its Jobs after itself and the minute they were due, counted from 1970.
fn cron_job(job: &str, pod: &Metadata) -> Option<String> {
    let (name, minute) = job.rsplit_once('-')?;
    if name.is_empty() || minute.len() != 8 || minute.bytes().any(|it| !it.is_ascii_digit()) {
        return None;
    }
    let due: i64 = minute.parse().ok()?;
    let made: Timestamp = pod.creation_timestamp.parse().ok()?;
    let late = made.as_second().div_euclid(60) - due;
    (-EARLY_MINUTES..=LATE_MINUTES)
        .contains(&late)
        .then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(owner: (&str, &str, &str), hash: &str, made: &str) -> Workload {
        let (api_version, kind, name) = owner;
        let owner = |kind: &str, name: &str, controller| OwnerReference {
            api_version: api_version.into(),
            kind: kind.into(),
            name: name.into(),
            controller,
        };
        Workload::of(&Metadata {
            owner_references: vec![owner("Widget", "other", false), owner(kind, name, true)],
            labels: [(TEMPLATE_HASH.to_owned(), hash.to_owned())].into(),
            creation_timestamp: made.into(),
            ..Metadata::default()
        })
    }

    #[test]
    fn a_deployment_is_told_by_the_hash_that_the_pod_carries() {
        let replica_set = ("apps/v1", "ReplicaSet", "web-api-7d9f8b6c5");
        let workload = owned(replica_set, "7d9f8b6c5", "");
        assert_eq!(workload.top(), Some("web-api"));
        let attributes: Vec<_> = workload.attributes().collect();
        assert_eq!(
            attributes,
            [
                ("k8s.replicaset.name", "web-api-7d9f8b6c5"),
                ("k8s.deployment.name", "web-api"),
            ]
        );
        for hash in ["", "7d9f8", "web-api-7d9f8b6c5"] {
            let workload = owned(replica_set, hash, "");
            assert_eq!(workload.top(), Some("web-api-7d9f8b6c5"), "{hash}");
        }
    }

    /// 29539350 minutes after 1970 is 2026-03-01T10:30:00Z.
    #[test]
    fn a_cron_job_is_told_by_the_minute_in_the_jobs_name() {
        let top = |name: &str, made: &str| {
            let workload = owned(("batch/v1", "Job", name), "", made);
            workload.top().map(str::to_owned)
        };
        for made in [
            "2026-03-01T10:30:02Z",
            "2026-03-01T10:29:58Z",
            "2026-03-03T00:00:00Z",
        ] {
            assert_eq!(
                top("digest-29539350", made).as_deref(),
                Some("digest"),
                "{made}"
            );
        }
        for (name, made) in [
            ("digest-29539350", "2026-04-01T10:30:00Z"),
            ("digest-29539350", "2026-03-01T10:00:00Z"),
            ("digest-29539350", ""),
            ("digest-2953935", "2026-03-01T10:30:02Z"),
            ("-29539350", "2026-03-01T10:30:02Z"),
            ("digest", "2026-03-01T10:30:02Z"),
        ] {
            assert_eq!(top(name, made).as_deref(), Some(name), "{made}");
        }
    }

    #[test]
    fn kinds_of_other_groups_are_no_workloads_of_ours() {
        let top = |api_version, kind| owned((api_version, kind, "a"), "", "").top().is_some();
        assert!(top("apps/v1", "StatefulSet") && top("apps/v1", "DaemonSet"));
        assert!(!top("example.com/v1", "StatefulSet") && !top("v1", "Node"));
        assert!(!top("apps.kruise.io/v1alpha1", "StatefulSet"));
    }
}
