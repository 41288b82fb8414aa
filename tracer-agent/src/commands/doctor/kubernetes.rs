//! Whether the Kubernetes API tells of this node's pods.

use anyhow::Context as _;

use super::report::{Answer, Kubernetes};
use crate::{
    host::kubernetes::{
        api::authority, directory::Directory, settings::KubernetesSettings, watcher::Watcher,
    },
    telemetry::Telemetry,
};

/// Asks once, as the agent does at its start.
///
/// # Errors
/// If this process cannot ask anything.
pub(super) fn look(settings: &KubernetesSettings) -> anyhow::Result<Kubernetes> {
    let mut watcher = Watcher::new(settings.clone(), Directory::default(), Telemetry::new());
    let looked = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(watcher.look());
    let (reached, pods, reason) = match looked {
        Ok(pods) => (Answer::Yes, Some(pods), None),
        Err(failure) => (Answer::No, None, Some(failure.to_string())),
    };
    Ok(Kubernetes {
        api: authority(&settings.api),
        node: settings.pods.node.clone(),
        reached,
        pods,
        reason,
    })
}
