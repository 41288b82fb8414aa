//! Calls from containers of pods: other namespaces, told with their pods.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client::{self, call},
        container::Container,
        otlp::Span,
        patience::settled,
        requirements::{
            Need::{Agent, ControlGroups, Program, Python},
            met,
        },
        scene::Scene,
    },
    kubernetes::{
        api::{Fault, KubernetesApi},
        pod::Pod,
    },
    provider::running::Provider,
};

const NODE: &str = "node-1";
const UID: &str = "6f0c1d2e-1111-4222-8333-44445555aaaa";
const ID: &str = "aa11223344556677889900aabbccddeeff00112233445566778899aabbccddee";

fn can_run() -> bool {
    met(&[
        Agent,
        Python,
        ControlGroups,
        Program("unshare"),
        Program("ip"),
    ])
}

fn pod() -> Pod {
    let mut pod = Pod::new("shop-7d9f8b6c5-x2x4q", UID, NODE, ID).of_deployment("shop");
    pod.labels.push(("team", "till".to_owned()));
    pod.labels.push(("tier", "not asked for".to_owned()));
    let annotation = "resource.opentelemetry.io/deployment.environment.name";
    pod.annotations.push((annotation, "blue".to_owned()));
    // So that its containers are told apart by their ids.
    pod.containers.push(("side", "side:2", None));
    pod
}

/// An agent that asks a double of the API.
fn scene(api: &KubernetesApi) -> Result<Scene> {
    let launch = Launch::json()?
        .variable("LLM_TRACER_KUBERNETES", "true")
        .variable("LLM_TRACER_KUBERNETES_LABELS", "team")
        .variable(
            "LLM_TRACER_KUBERNETES_CREDENTIALS",
            &api.credentials().to_string_lossy(),
        )
        .variable("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .variable("KUBERNETES_SERVICE_PORT", &api.address.port().to_string())
        .variable("NODE_NAME", NODE);
    Scene::with(Provider::start("")?, launch)
}

/// The client in a container of [`pod`], after its first call.
fn container(scene: &Scene) -> Result<Container> {
    let client = client::python("driver.py", &scene.provider);
    let mut container = Container::start(UID, ID, &client, &scene.provider)?;
    call(&mut container.process, 7)?;
    Ok(container)
}

fn only_span(scene: &Scene) -> Result<Span> {
    let mut spans = settled(1, || scene.sink.spans_of(&scene.provider));
    ensure!(
        spans.len() == 1,
        "{} spans\n{}",
        spans.len(),
        scene.agent.process.said()
    );
    spans.pop().context("no span")
}

fn has(span: &Span, expected: &[(&str, &str)]) -> Result<()> {
    for (name, value) in expected {
        let found = span.resource.text(name);
        ensure!(
            found == Some(*value),
            "{name}: {found:?} in {:?}",
            span.resource
        );
    }
    Ok(())
}

const BY_CONTROL_GROUP: [(&str, &str); 2] = [("container.id", ID), ("k8s.pod.uid", UID)];
const BY_API: [(&str, &str); 11] = [
    ("service.name", "shop"),
    ("service.namespace", "prod"),
    ("service.version", "1.2"),
    ("k8s.pod.name", "shop-7d9f8b6c5-x2x4q"),
    ("k8s.namespace.name", "prod"),
    ("k8s.node.name", NODE),
    ("k8s.deployment.name", "shop"),
    ("k8s.container.name", "app"),
    ("container.image.name", "registry.example:5000/team/app"),
    ("k8s.pod.label.team", "till"),
    ("deployment.environment.name", "blue"),
];

#[test]
fn a_call_from_a_container_is_told_with_its_pod() -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let api = KubernetesApi::start()?;
    api.put(pod());
    let scene = scene(&api)?;
    let container = container(&scene)?;
    scene.check_relayed()?;
    let span = only_span(&scene)?;
    has(&span, &BY_CONTROL_GROUP)?;
    has(&span, &BY_API)?;
    let resource = &span.resource;
    ensure!(
        resource.texts("container.image.tags") == ["1.2"],
        "{resource:?}"
    );
    ensure!(
        resource.number("process.pid") == Some(container.pid.into()),
        "{resource:?}"
    );
    ensure!(resource.get("k8s.pod.label.tier").is_none(), "{resource:?}");
    let points = settled(1, || scene.sink.points_of(&scene.provider));
    let named = points
        .iter()
        .all(|it| it.resource.text("k8s.deployment.name") == Some("shop"));
    ensure!(
        !points.is_empty() && named,
        "measurements go under the same resource"
    );
    Ok(())
}

/// The API tells of a container some time after its start.
#[test]
fn a_first_call_waits_a_moment_for_its_pod() -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let api = KubernetesApi::start()?;
    let mut starting = pod();
    starting.containers[0].2 = None;
    api.put(starting);
    let scene = scene(&api)?;
    let _container = container(&scene)?;
    std::thread::sleep(Duration::from_millis(1200));
    ensure!(
        scene.sink.spans_of(&scene.provider).is_empty(),
        "it did not wait"
    );
    api.put(pod());
    scene.check_relayed()?;
    has(&only_span(&scene)?, &BY_API)?;
    let metrics = scene.agent.page("/metrics")?;
    let late = r#"llm_tracer_pod_calls_total{pod="late"} 1"#;
    ensure!(metrics.contains(late), "{metrics}");
    Ok(())
}

#[test]
fn while_the_api_is_away_a_call_goes_without_its_pod() -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let api = KubernetesApi::start()?;
    api.put(pod());
    api.meet_always(Some(Fault::Status(503)));
    let scene = scene(&api)?;
    let mut container = container(&scene)?;
    scene.check_relayed()?;
    let span = only_span(&scene)?;
    has(&span, &BY_CONTROL_GROUP)?;
    ensure!(
        span.resource.get("k8s.pod.name").is_none(),
        "{:?}",
        span.resource
    );
    let metrics = scene.agent.page("/metrics")?;
    let away = r#"llm_tracer_pod_calls_total{pod="away"} 1"#;
    ensure!(metrics.contains(away), "{metrics}");
    // It is back: the same process goes on under its pod's names.
    api.meet_always(None);
    let reached = || {
        let metrics = scene.agent.page("/metrics").ok()?;
        metrics
            .contains("\nllm_tracer_kubernetes_reached 1")
            .then_some(())
    };
    tests::harness::patience::until(Duration::from_secs(20), reached)
        .context("the API is not found again")?;
    call(&mut container.process, 8)?;
    let spans = settled(2, || scene.sink.spans_of(&scene.provider));
    has(spans.last().context("no span")?, &BY_API)?;
    scene.check_relayed()
}
