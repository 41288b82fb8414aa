//! Starts what tells of pods, if it is wanted.

use super::completion::Completion;
use crate::{
    export::fanout::Outputs,
    host::kubernetes::{
        directory::{Directory, Reach},
        settings::KubernetesSettings,
        watcher::Watcher,
    },
    telemetry::Telemetry,
};

/// The outputs, completed by what the Kubernetes API tells. Must be called inside a tokio runtime,
/// which then runs the watch as long as it lives.
pub(super) fn start(
    settings: Option<&KubernetesSettings>,
    outputs: Outputs,
    telemetry: &Telemetry,
) -> Completion {
    let Some(settings) = settings else {
        return Completion::none(outputs);
    };
    let directory = Directory::default();
    let watcher = Watcher::new(settings.clone(), directory.clone(), telemetry.clone());
    let watching = tokio::spawn(watcher.run());
    let watched = directory.clone();
    tokio::spawn(async move {
        // It ends by a mistake only.
        let _ = watching.await;
        watched.set_reach(Reach::Away);
        tracing::error!("the watch of pods ended by a panic; please report what stands above");
    });
    Completion::of_pods(outputs, directory, settings.wait, telemetry.clone())
}
