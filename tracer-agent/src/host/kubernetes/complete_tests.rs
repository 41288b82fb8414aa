use serde_json::{Value as Json, json};
use tracer_core::{segment::ProcessKey, semconv::Attributes};

use super::*;
use crate::host::{
    cgroup::Placement,
    kubernetes::{directory::Directory, settings::PodSettings},
};

fn pod() -> Json {
    json!({
        "metadata": {
            "name": "shop-7c6d-x2x4q", "namespace": "prod", "uid": "u-1",
            "labels": {"pod-template-hash": "7c6d", "team": "till",
                       "app.kubernetes.io/name": "till", "app.kubernetes.io/version": "4.2"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                 "name": "shop-7c6d", "controller": true}],
        },
        "spec": {"nodeName": "node-1", "containers": [
            {"name": "app", "image": "reg.example/shop:v7@sha256:00ff"}, {"name": "side", "image": "side"}]},
        "status": {"containerStatuses": [{"name": "app", "containerID": "containerd://aa"}]},
    })
}

/// As the capture side finds it: named by its container's files.
fn process() -> ProcessInfo {
    let text = |name: &'static str, value: &str| (name.into(), Value::Str(value.to_owned().into()));
    let resource: Attributes = vec![
        text("service.name", "app"),
        text("service.instance.id", "node-1-7-5"),
        text("process.executable.name", "python3"),
        text("container.id", "aa"),
        text("k8s.pod.uid", "u-1"),
    ];
    ProcessInfo::new(ProcessKey(7), 7, "app.py".into(), resource)
}

fn completed(process: &ProcessInfo, object: Json, id: &str, service_labels: bool) -> Vec<String> {
    let settings = PodSettings {
        labels: vec!["team".into()],
        service_labels,
        ..PodSettings::default()
    };
    let object = serde_json::from_value(object).unwrap();
    let directory = Directory::default();
    directory.put(
        Pod::read(object, &settings).unwrap(),
        std::time::Instant::now(),
    );
    let placement = Placement {
        pod_uid: Some("u-1".into()),
        container_id: Some(id.into()),
        ..Placement::default()
    };
    let completed = complete(process, &directory.find(&placement).unwrap());
    assert_eq!((completed.key, completed.revision), (process.key, 1));
    let lines = completed.resource.iter().map(|(name, value)| match value {
        Value::Str(text) => format!("{name}: {text}"),
        other => format!("{name}: {other:?}"),
    });
    lines.collect()
}

#[test]
fn a_call_is_told_with_pod_workload_and_container() {
    let lines = completed(&process(), pod(), "aa", false).join("\n");
    insta::assert_snapshot!(lines, @r#"
    service.name: shop
    service.instance.id: node-1-7-5
    process.executable.name: python3
    container.id: aa
    k8s.pod.uid: u-1
    service.namespace: prod
    service.version: v7@sha256:00ff
    k8s.pod.name: shop-7c6d-x2x4q
    k8s.namespace.name: prod
    k8s.node.name: node-1
    k8s.replicaset.name: shop-7c6d
    k8s.deployment.name: shop
    k8s.pod.label.team: till
    k8s.container.name: app
    container.image.name: reg.example/shop
    container.image.tags: StrList(["v7"])
    "#);
}

#[test]
fn the_name_of_a_service_follows_the_conventions() {
    let service = |process: &ProcessInfo, object: Json, labels: bool| {
        let lines = completed(process, object, "aa", labels);
        let of_service = lines
            .into_iter()
            .filter(|it| it.starts_with("service.") && !it.starts_with("service.instance"));
        of_service.collect::<Vec<_>>().join(", ")
    };
    let by_labels = "service.name: till, service.namespace: prod, service.version: 4.2";
    assert_eq!(service(&process(), pod(), true), by_labels);

    let mut annotated = pod();
    annotated["metadata"]["annotations"] = json!({
        "resource.opentelemetry.io/service.name": "noted",
        "resource.opentelemetry.io/process.pid": "1",
        "resource.opentelemetry.io/k8s.pod.name": "made-up"});
    let by_annotation =
        "service.name: noted, service.namespace: prod, service.version: v7@sha256:00ff";
    assert_eq!(service(&process(), annotated.clone(), false), by_annotation);
    let lines = completed(&process(), annotated.clone(), "aa", false);
    assert!(lines.iter().any(|it| it == "k8s.pod.name: shop-7c6d-x2x4q"));
    assert!(!lines.iter().any(|it| it.starts_with("process.pid")));

    let mut named = process();
    named.said = vec!["service.name".into()];
    assert_eq!(service(&named, annotated, true), "service.name: app");

    let mut alone = pod();
    alone["metadata"]["ownerReferences"] = Json::Null;
    let by_pod = "service.name: shop-7c6d-x2x4q, service.namespace: prod";
    assert!(service(&process(), alone, false).starts_with(by_pod));
}

#[test]
fn of_a_container_that_is_not_told_yet_nothing_is_made_up() {
    let lines = completed(&process(), pod(), "not told yet", false).join("\n");
    assert!(lines.contains("k8s.deployment.name: shop"), "{lines}");
    assert!(!lines.contains("k8s.container.name"), "{lines}");
    assert!(
        !lines.contains("image") && !lines.contains("service.version"),
        "{lines}"
    );
}
