//! How the Kubernetes API is asked, and what is taken of its answers.

use std::{path::PathBuf, time::Duration};

/// Where a pod finds its service account's token and the API's authority.
pub const CREDENTIALS: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The whole option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesSettings {
    /// Where the API is, and who we are to it.
    pub api: ApiSettings,
    /// What is kept of pods.
    pub pods: PodSettings,
    /// Longest time that a call is held back for its pod to become known.
    pub wait: Duration,
}

/// Where the API is, and who we are to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// Port, with TLS.
    pub port: u16,
    /// Folder with `token` and `ca.crt`, both read again whenever they are needed.
    pub credentials: PathBuf,
}

/// What is kept of pods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodSettings {
    /// The node whose pods are wanted.
    pub node: String,
    /// Keys of labels that become attributes.
    pub labels: Vec<String>,
    /// Whether `app.kubernetes.io/…` labels may name services.
    pub service_labels: bool,
}
