//! The manifests against the types of Kubernetes and against the agent.

use std::{collections::BTreeSet, ffi::OsString, net::SocketAddr, path::Path, time::Duration};

use k8s_openapi::{
    api::{
        apps::v1::DaemonSet,
        core::v1::{
            ConfigMap, Container, Namespace, PodSpec, Probe, SecurityContext, ServiceAccount,
        },
        rbac::v1::{ClusterRole, ClusterRoleBinding},
    },
    apimachinery::pkg::{api::resource::Quantity, util::intstr::IntOrString},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tracer_agent::config::{effective::Config, environment, file, layers::Layers};

use crate::{files, kustomize, privileges};

/// One rendered variant, typed.
struct Variant {
    namespace: Namespace,
    account: ServiceAccount,
    role: ClusterRole,
    binding: ClusterRoleBinding,
    config_map: ConfigMap,
    daemon_set: DaemonSet,
}

impl Variant {
    fn read(folder: &str) -> Self {
        let mut documents = kustomize::render(&files::deploy("kubernetes").join(folder));
        let mut take = |kind: &str| {
            documents
                .remove(&(kind.to_owned(), "llm-tracer".to_owned()))
                .expect("the document is there")
        };
        let variant = Self {
            namespace: typed(take("Namespace")),
            account: typed(take("ServiceAccount")),
            role: typed(take("ClusterRole")),
            binding: typed(take("ClusterRoleBinding")),
            config_map: typed(take("ConfigMap")),
            daemon_set: typed(take("DaemonSet")),
        };
        // Nothing else.
        assert_eq!(documents, kustomize::Documents::new());
        variant
    }

    fn pod(&self) -> &PodSpec {
        self.daemon_set
            .spec
            .as_ref()
            .unwrap()
            .template
            .spec
            .as_ref()
            .unwrap()
    }

    fn container(&self) -> &Container {
        let [container] = self.pod().containers.as_slice() else {
            panic!("one container")
        };
        container
    }

    fn security(&self) -> &SecurityContext {
        self.container().security_context.as_ref().unwrap()
    }

    /// Names with `CAP_`, as the agent writes them.
    fn capabilities(&self) -> BTreeSet<String> {
        let capabilities = self.security().capabilities.as_ref().unwrap();
        assert_eq!(
            capabilities.drop.as_deref(),
            Some(["ALL".to_owned()].as_slice())
        );
        capabilities
            .add
            .iter()
            .flatten()
            .map(|name| format!("CAP_{name}"))
            .collect()
    }

    /// What the agent makes of the file and the environment.
    fn config(&self) -> Config {
        let text = &self.config_map.data.as_ref().unwrap()["config.toml"];
        let file = file::parse(Path::new("configmap.yaml"), text).unwrap();
        let environment = environment::layer(|name| {
            // Set by Kubernetes in every pod.
            if name == "KUBERNETES_SERVICE_HOST" {
                return Some("10.96.0.1".into());
            }
            let mut variables = self.container().env.iter().flatten();
            let variable = variables.find(|it| it.name == name)?;
            if let Some(source) = &variable.value_from {
                let field = &source.field_ref.as_ref()?.field_path;
                return (field == "spec.nodeName").then(|| "node-1".into());
            }
            let value = variable.value.as_ref()?;
            Some(OsString::from(value.replace("$(NODE_NAME)", "node-1")))
        });
        Config::resolve(&Layers::new([environment, file])).unwrap()
    }
}

/// Reads a document as `T` and checks that nothing in it was overlooked as unknown.
fn typed<T: DeserializeOwned + Serialize>(document: Value) -> T {
    let value: T = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(
        serde_json::to_value(&value).unwrap(),
        document,
        "a field has no meaning to Kubernetes"
    );
    value
}

#[test]
fn capabilities_are_those_that_the_agent_uses() {
    let base = Variant::read("base");
    assert_eq!(base.capabilities(), privileges::used(false));
    assert_eq!(base.security().allow_privilege_escalation, Some(false));
    assert_eq!(base.security().privileged, None);

    let old = Variant::read("overlays/before-6.6");
    assert_eq!(old.capabilities(), privileges::used(true));
    // The API server refuses `false` together with CAP_SYS_ADMIN.
    assert_eq!(old.security().allow_privilege_escalation, None);

    let privileged = Variant::read("overlays/privileged");
    assert_eq!(privileged.security().privileged, Some(true));
    assert_eq!(privileged.security().capabilities, None);
}

#[test]
fn every_node_is_covered_and_its_processes_seen() {
    for folder in ["base", "overlays/before-6.6", "overlays/privileged"] {
        let variant = Variant::read(folder);
        let pod = variant.pod();
        assert_eq!(pod.host_pid, Some(true));
        assert_eq!(pod.host_network, None);
        assert_eq!(
            pod.priority_class_name.as_deref(),
            Some("system-node-critical")
        );
        let [toleration] = pod.tolerations.as_deref().unwrap() else {
            panic!("one toleration")
        };
        assert_eq!(toleration.operator.as_deref(), Some("Exists"));
        assert_eq!(
            (&toleration.key, &toleration.effect),
            (&None, &None),
            "it would not match every taint"
        );
        assert!(
            pod.volumes
                .iter()
                .flatten()
                .all(|volume| volume.host_path.is_none())
        );
        assert_eq!(variant.security().read_only_root_filesystem, Some(true));
    }
}

#[test]
fn names_refer_to_what_is_there() {
    let variant = Variant::read("base");
    let pod = variant.pod();
    assert_eq!(pod.service_account_name, variant.account.metadata.name);
    assert_eq!(variant.account.automount_service_account_token, Some(false));
    for document in [
        &variant.account.metadata,
        &variant.config_map.metadata,
        &variant.daemon_set.metadata,
    ] {
        assert_eq!(document.namespace, variant.namespace.metadata.name);
    }
    let [volume] = pod.volumes.as_deref().unwrap() else {
        panic!("one volume")
    };
    assert_eq!(
        Some(&volume.config_map.as_ref().unwrap().name),
        variant.config_map.metadata.name.as_ref()
    );
    let [mount] = variant.container().volume_mounts.as_deref().unwrap() else {
        panic!("one mount")
    };
    assert_eq!(mount.name, volume.name);
    assert_eq!(
        Path::new(&mount.mount_path).join("config.toml"),
        Path::new(file::DEFAULT_PATH)
    );

    let spec = variant.daemon_set.spec.as_ref().unwrap();
    let labels = spec.template.metadata.as_ref().unwrap().labels.as_ref();
    assert_eq!(spec.selector.match_labels.as_ref(), labels);
}

#[test]
fn the_agent_may_look_at_pods_and_at_nothing_else() {
    let variant = Variant::read("base");
    let [rule] = variant.role.rules.as_deref().unwrap() else {
        panic!("one rule")
    };
    let texts = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    assert_eq!(texts(&rule.api_groups), [""]);
    assert_eq!(texts(&rule.resources), ["pods"]);
    assert_eq!(rule.verbs, ["list", "watch"]);
    assert_eq!(
        (&rule.resource_names, &rule.non_resource_urls),
        (&None, &None)
    );
    assert_eq!(variant.role.aggregation_rule, None);

    let role = &variant.binding.role_ref;
    assert_eq!(Some(&role.name), variant.role.metadata.name.as_ref());
    assert_eq!(role.kind, "ClusterRole");
    let [subject] = variant.binding.subjects.as_deref().unwrap() else {
        panic!("one subject")
    };
    assert_eq!(Some(&subject.name), variant.account.metadata.name.as_ref());
    assert_eq!(subject.namespace, variant.account.metadata.namespace);

    let kubernetes = variant.config().kubernetes.expect("the option is on");
    assert_eq!(kubernetes.pods.node, "node-1");
    assert_eq!(kubernetes.api.host, "10.96.0.1");
    // Where the token is mounted unless somebody says otherwise.
    assert_eq!(variant.pod().automount_service_account_token, Some(true));
    assert_eq!(
        kubernetes.api.credentials,
        Path::new("/var/run/secrets/kubernetes.io/serviceaccount")
    );
}

#[test]
fn the_agent_accepts_its_configuration() {
    let config = Variant::read("base").config();
    let traces = config.export.otlp.traces.as_ref().expect("spans are sent");
    assert!(
        traces
            .endpoint
            .as_str()
            .starts_with("http://otel-collector."),
        "{traces:?}"
    );
    assert!(config.export.otlp.metrics.is_some());
    assert_eq!(
        config.export.otlp.resource_attributes,
        [("k8s.node.name".to_owned(), "node-1".to_owned())]
    );
}

#[test]
fn probes_reach_the_agents_endpoint() {
    let variant = Variant::read("base");
    let listen: SocketAddr = variant.config().metrics_listen.expect("the endpoint is on");
    assert!(
        !listen.ip().is_loopback(),
        "the kubelet asks the pod's address"
    );

    let container = variant.container();
    let [port] = container.ports.as_deref().unwrap() else {
        panic!("one port")
    };
    assert_eq!(u16::try_from(port.container_port), Ok(listen.port()));
    assert_eq!(
        path(container.liveness_probe.as_ref(), port.name.as_ref()),
        "/healthz"
    );
    assert_eq!(
        path(container.readiness_probe.as_ref(), port.name.as_ref()),
        "/readyz"
    );
    assert_eq!(
        path(container.startup_probe.as_ref(), port.name.as_ref()),
        "/readyz"
    );

    let template = &variant.daemon_set.spec.as_ref().unwrap().template;
    let annotations = template
        .metadata
        .as_ref()
        .unwrap()
        .annotations
        .as_ref()
        .unwrap();
    assert_eq!(annotations["prometheus.io/port"], listen.port().to_string());
    assert_eq!(annotations["prometheus.io/path"], "/metrics");
}

fn path<'a>(probe: Option<&'a Probe>, port: Option<&String>) -> &'a str {
    let get = probe
        .and_then(|probe| probe.http_get.as_ref())
        .expect("a probe by HTTP");
    assert_eq!(
        Some(&get.port),
        port.cloned().map(IntOrString::String).as_ref()
    );
    assert_eq!(get.host, None);
    get.path.as_deref().unwrap()
}

#[test]
fn a_stop_leaves_time_to_send() {
    let variant = Variant::read("base");
    let grace = variant.pod().termination_grace_period_seconds.unwrap();
    assert!(Duration::from_secs(grace.unsigned_abs()) > variant.config().agent.shutdown_timeout);
}

/// The agent's promise at its start, and the bound on the kernel's tables.
const AT_START: u64 = 60 * 1000 * 1000;
const KERNEL_TABLES: u64 = 16 << 20;

#[test]
fn memory_holds_the_agent_its_tables_and_its_queue() {
    let variant = Variant::read("base");
    let resources = variant.container().resources.as_ref().unwrap();
    let request = mebibytes(&resources.requests.as_ref().unwrap()["memory"]);
    let limits = resources.limits.as_ref().unwrap();
    let limit = mebibytes(&limits["memory"]);
    let queue = u64::try_from(variant.config().export.otlp.queue_bytes).unwrap();
    assert!(request >= AT_START + KERNEL_TABLES);
    assert!(limit >= request + 2 * queue);
    assert!(
        !limits.contains_key("cpu"),
        "a throttled reader loses events"
    );
}

fn mebibytes(quantity: &Quantity) -> u64 {
    let number = quantity.0.strip_suffix("Mi").expect("memory in Mi");
    number.parse::<u64>().unwrap() << 20
}
