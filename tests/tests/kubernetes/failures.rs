//! Everything that can go wrong, and that it passes.

use std::{fs, net::TcpListener, time::Duration};

use tests::kubernetes::api::{Fault, KubernetesApi};
use tracer_agent::{
    host::kubernetes::{
        directory::{Directory, Reach},
        watcher::Watcher,
    },
    telemetry::{Telemetry, kubernetes::FailureReason},
};

use crate::scene::{Scene, lists, pod, settings, watches};

/// Whatever a request meets, a later one is answered, and no pod is forgotten meanwhile.
#[tokio::test]
async fn every_fault_passes() {
    for (fault, reason) in [
        (Fault::Status(500), FailureReason::Server),
        (Fault::Status(429), FailureReason::Server),
        (Fault::HangUp, FailureReason::Network),
        (Fault::Garbage, FailureReason::Malformed),
    ] {
        let api = KubernetesApi::start().unwrap();
        api.put(pod("a"));
        // One for the list; one for the watch.
        api.meet([fault]);
        let scene = Scene::start(&api);
        scene.until_failed(reason).await;
        scene.until_known("a").await;
        scene
            .until("it watches", |_| !watches(&api).is_empty())
            .await;
        let before = scene.failures(reason);
        api.meet([fault]);
        api.end_watches();
        api.put(pod("b"));
        scene
            .until(&format!("{fault:?} again"), |it| {
                it.failures(reason) > before
            })
            .await;
        assert!(scene.name("a").is_some(), "{fault:?}");
        scene.until_known("b").await;
        let reached = |scene: &Scene| scene.directory.reach() == Reach::Reached;
        scene.until("it is reached", reached).await;
        assert_eq!(scene.telemetry.kubernetes.reached.get(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_takes_a_while_is_waited_for() {
    let api = KubernetesApi::start().unwrap();
    api.put(pod("a"));
    api.meet([Fault::Slow(Duration::from_millis(700))]);
    let scene = Scene::start(&api);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(scene.directory.reach(), Reach::Starting);
    scene.until_known("a").await;
    assert_eq!(lists(&api).len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_found_later() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    // The credentials come with the server: first those of another one.
    let other = KubernetesApi::start().unwrap();
    let scene = Scene::with(settings(port, other.credentials()));
    scene.until_failed(FailureReason::Network).await;
    assert_eq!(scene.directory.reach(), Reach::Away);

    let api = KubernetesApi::start_on(port).unwrap();
    api.put(pod("a"));
    scene.until_failed(FailureReason::Tls).await;
    assert_eq!(scene.name("a"), None);
    assert!(
        api.requests().is_empty(),
        "a token went to a server that is not trusted"
    );

    let authority = api.credentials().join("ca.crt");
    fs::copy(authority, other.credentials().join("ca.crt")).unwrap();
    scene.until_known("a").await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_tried_again() {
    let api = KubernetesApi::start().unwrap();
    api.put(pod("a"));
    let token = api.credentials().join("token");
    fs::write(&token, "expired").unwrap();
    let scene = Scene::start(&api);
    scene.until_failed(FailureReason::Refused).await;
    assert_eq!(scene.directory.reach(), Reach::Away);
    fs::write(&token, "first\n").unwrap();
    scene.until_known("a").await;
}

/// As `doctor` says it.
#[tokio::test]
async fn what_is_wrong_is_told_with_what_to_do() {
    let api = KubernetesApi::start().unwrap();
    let port = api.address.port();
    let look = async |credentials: &std::path::Path| {
        let settings = settings(port, credentials);
        let mut watcher = Watcher::new(settings, Directory::default(), Telemetry::new());
        watcher.look().await.map_err(|failure| failure.to_string())
    };
    api.put(pod("a"));
    assert_eq!(look(api.credentials()).await, Ok(1));

    api.meet([Fault::Status(403), Fault::Status(401)]);
    let forbidden = look(api.credentials()).await.unwrap_err();
    assert!(
        forbidden.contains("`list` and `watch` on `pods`"),
        "{forbidden}"
    );
    let refused = look(api.credentials()).await.unwrap_err();
    assert!(refused.contains("token (401)"), "{refused}");

    let empty = tempfile::tempdir().unwrap();
    let missing = look(empty.path()).await.unwrap_err();
    assert!(
        missing.contains("automountServiceAccountToken"),
        "{missing}"
    );

    let other = KubernetesApi::start().unwrap();
    let untrusted = look(other.credentials()).await.unwrap_err();
    assert!(untrusted.contains("not trusted"), "{untrusted}");
}
