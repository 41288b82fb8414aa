use super::*;

const POD: &str = r#"{
  "kind": "Pod", "apiVersion": "v1",
  "metadata": {
    "name": "shop-7c6d-x2x4q", "namespace": "prod", "uid": "11111111-2222-3333-4444-555555555555",
    "resourceVersion": "812", "creationTimestamp": "2026-03-01T10:30:02Z", "generateName": "shop-7c6d-",
    "labels": {"app.kubernetes.io/name": "shop", "app.kubernetes.io/version": "4.2", "team": "till",
               "pod-template-hash": "7c6d", "empty": ""},
    "annotations": {"resource.opentelemetry.io/deployment.environment.name": "blue",
                    "resource.opentelemetry.io/api_key": "sk-canary",
                    "resource.opentelemetry.io/": "nameless",
                    "kubernetes.io/config.hash": "00112233445566778899aabbccddeeff",
                    "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "shop-7c6d",
                         "uid": "u", "controller": true, "blockOwnerDeletion": true}],
    "managedFields": [{"manager": "kubelet"}]
  },
  "spec": {
    "nodeName": "node-1",
    "initContainers": [{"name": "fetch", "image": "busybox:1.36"}],
    "containers": [{"name": "app", "image": "reg.example:5000/shop:v7", "env": [{"name": "K", "value": "sk-canary"}]},
                   {"name": "side", "image": "side"}]
  },
  "status": {
    "phase": "Running",
    "initContainerStatuses": [{"name": "fetch", "containerID": "containerd://ff"}],
    "containerStatuses": [
      {"name": "side", "containerID": "containerd://bb", "lastState": {}},
      {"name": "app", "containerID": "containerd://aa",
       "lastState": {"terminated": {"exitCode": 1, "containerID": "containerd://a0"}}}]
  }
}"#;

fn read(text: &str, settings: &PodSettings) -> Option<Pod> {
    Pod::read(serde_json::from_str(text).unwrap(), settings)
}

#[test]
fn a_pod_is_taken_by_its_names_and_no_more() {
    let settings = PodSettings {
        labels: vec!["team".into(), "missing".into()],
        service_labels: true,
        ..PodSettings::default()
    };
    let pod = read(POD, &settings).unwrap();
    assert_eq!(
        [&*pod.name, &*pod.namespace, &*pod.node],
        ["shop-7c6d-x2x4q", "prod", "node-1"]
    );
    assert_eq!(pod.workload.top(), Some("shop"));
    assert_eq!(pod.labels, [("team".to_owned(), "till".to_owned())]);
    assert_eq!(
        pod.attributes,
        [("deployment.environment.name".to_owned(), "blue".to_owned())]
    );
    assert_eq!(pod.service.name.as_deref(), Some("shop"));
    assert_eq!(pod.service.version.as_deref(), Some("4.2"));
    assert_eq!(
        pod.file_hash.as_deref(),
        Some("00112233445566778899aabbccddeeff")
    );
    assert!(!format!("{pod:?}").contains("canary"));

    let reserved = read(POD, &PodSettings::default()).unwrap();
    assert_eq!(reserved.service, ServiceLabels::default());
    assert_eq!(reserved.labels, []);
}

#[test]
fn containers_are_told_by_ids_that_they_have_or_had() {
    let pod = read(POD, &PodSettings::default()).unwrap();
    let name = |id| pod.container(id).map(|it| it.name.as_str());
    assert_eq!(name(Some("aa")), Some("app"));
    assert_eq!(name(Some("a0")), Some("app"));
    assert_eq!(name(Some("bb")), Some("side"));
    assert_eq!(name(Some("ff")), Some("fetch"));
    assert_eq!(name(Some("cc")), None);
    assert_eq!(name(None), None);
}

#[test]
fn the_only_container_needs_no_id() {
    let text = r#"{"metadata": {"name": "a", "namespace": "b", "uid": "c", "labels": null},
        "spec": {"containers": [{"name": "app", "image": "app"}], "initContainers": null},
        "status": {"containerStatuses": null}}"#;
    let pod = read(text, &PodSettings::default()).unwrap();
    assert_eq!(
        pod.container(Some("aa")).map(|it| it.name.as_str()),
        Some("app")
    );
}

#[test]
fn what_does_not_say_who_it_is_is_no_pod() {
    for text in [
        "{}",
        r#"{"metadata": {"name": "a", "namespace": "b"}, "spec": {"containers": null}}"#,
        r#"{"metadata": {"name": "a", "uid": "c"}, "spec": null, "status": null}"#,
    ] {
        assert_eq!(read(text, &PodSettings::default()), None, "{text}");
    }
}
