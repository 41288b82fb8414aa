//! Lists, watches, bookmarks, history that is forgotten.

use tests::kubernetes::api::KubernetesApi;
use tracer_agent::{host::kubernetes::directory::Reach, telemetry::kubernetes::FailureReason};

use crate::scene::{NODE, Scene, lists, pod, watches};

#[tokio::test]
async fn the_pods_of_this_node_are_known_as_they_come_and_go() {
    let api = KubernetesApi::start().unwrap();
    let mut elsewhere = pod("elsewhere");
    elsewhere.node = "node-2".to_owned();
    api.put(pod("a"));
    api.put(elsewhere.clone());
    let scene = Scene::start(&api);
    assert_eq!(scene.directory.reach(), Reach::Starting);
    scene.until_known("a").await;
    assert_eq!(scene.directory.reach(), Reach::Reached);

    api.put(pod("b"));
    api.put(elsewhere);
    let mut renamed = pod("a");
    renamed.name = "another".to_owned();
    api.put(renamed);
    scene.until_known("b").await;
    let is_renamed = |scene: &Scene| scene.name("a").as_deref() == Some("another");
    scene.until("a is renamed", is_renamed).await;
    assert_eq!(scene.name("elsewhere"), None);
    assert_eq!(scene.directory.len(), 2);

    api.delete("a");
    scene
        .until("a is gone", |scene| scene.directory.len() == 1)
        .await;
    assert!(
        scene.name("a").is_some(),
        "its last calls are still to come"
    );
    assert_eq!((lists(&api).len(), watches(&api).len()), (1, 1));
}

/// Little for a server with thousands of nodes: its cache, one node, pages, bookmarks.
#[tokio::test]
async fn the_server_is_asked_gently() {
    let api = KubernetesApi::start().unwrap();
    for number in 0..250 {
        api.put(pod(&number.to_string()));
    }
    let scene = Scene::start(&api);
    scene
        .until("all are known", |scene| scene.directory.len() == 250)
        .await;
    scene
        .until("it watches", |_| !watches(&api).is_empty())
        .await;
    let (lists, watches) = (lists(&api), watches(&api));
    let node = NODE.replace('-', "%2D").replace('.', "%2E");
    let selector = format!("fieldSelector=spec.nodeName%3D{node}");
    for request in lists.iter().chain(&watches) {
        assert!(request.starts_with("/api/v1/pods?"), "{request}");
        assert!(request.contains(&selector), "{request}");
    }
    let [first, second, third] = lists.as_slice() else {
        panic!("not three pages: {lists:?}")
    };
    assert!(first.ends_with("&limit=100&resourceVersion=0"), "{first}");
    for later in [second, third] {
        assert!(later.contains("&continue=from"), "{later}");
        assert!(!later.contains("resourceVersion"), "{later}");
    }
    let watch = &watches[0];
    assert!(watch.contains("allowWatchBookmarks=true"), "{watch}");
    assert!(watch.contains("timeoutSeconds="), "{watch}");
    assert!(watch.ends_with("resourceVersion=250"), "{watch}");
}

#[tokio::test]
async fn a_watch_goes_on_where_the_last_one_ended() {
    let api = KubernetesApi::start().unwrap();
    api.put(pod("a"));
    let scene = Scene::start(&api);
    scene.until_known("a").await;
    api.put(pod("b"));
    scene.until_known("b").await;
    api.end_watches();
    let again = |_: &Scene| watches(&api).len() == 2;
    scene.until("it watches again", again).await;
    api.put(pod("c"));
    scene.until_known("c").await;
    assert_eq!(lists(&api).len(), 1);
    let first = watches(&api);
    assert!(first[1].ends_with("resourceVersion=2"), "{first:?}");

    // A bookmark moves the place on though nothing happened here.
    api.bookmark();
    api.end_watches();
    let again = |_: &Scene| watches(&api).len() == 3;
    scene.until("it watches a third time", again).await;
    let last = watches(&api).pop().unwrap();
    assert!(last.ends_with("resourceVersion=1003"), "{last}");
    assert_eq!(lists(&api).len(), 1);
}

#[tokio::test]
async fn what_is_forgotten_is_listed_anew() {
    let api = KubernetesApi::start().unwrap();
    api.put(pod("a"));
    api.put(pod("b"));
    let scene = Scene::start(&api);
    scene.until_known("b").await;
    scene
        .until("it watches", |_| !watches(&api).is_empty())
        .await;
    api.forget();
    // These are in no watch any more.
    api.delete("b");
    api.put(pod("c"));
    scene.until_known("c").await;
    assert_eq!(scene.failures(FailureReason::Expired), 1);
    assert_eq!(scene.directory.reach(), Reach::Reached);
    assert_eq!(scene.directory.len(), 2);
    let lists = lists(&api);
    assert_eq!(lists.len(), 2);
    // As of now: what the server's cache has may be what was forgotten.
    assert!(!lists[1].contains("resourceVersion"), "{lists:?}");
    assert_eq!(scene.telemetry.kubernetes.lists.get(), 2);
    assert_eq!(scene.telemetry.kubernetes.pods.get(), 2);
}

#[tokio::test]
async fn a_token_that_is_replaced_is_read_again() {
    let api = KubernetesApi::start().unwrap();
    let scene = Scene::start(&api);
    scene
        .until("it watches", |_| !watches(&api).is_empty())
        .await;
    api.replace_token("second").unwrap();
    api.end_watches();
    api.put(pod("a"));
    scene.until_known("a").await;
    assert_eq!(scene.failures(FailureReason::Refused), 0);
}
