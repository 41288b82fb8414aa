//! Names of resource attributes: what is said of a process rather than of a call.

use super::attributes::{Attribute, Kind, Level};

/// Labels of a pod that the operator asks for: this and the label's key.
pub const K8S_POD_LABEL: &str = "k8s.pod.label.";

/// Documented constants, and the same rows as a table for generated documentation.
macro_rules! registry {
    ($( #[doc = $doc:literal] $constant:ident = $name:literal, $kind:ident, $level:ident; )+) => {
        $( #[doc = $doc] pub const $constant: &str = $name; )+

        /// Every attribute that the agent itself puts on a resource; those that a traced process
        /// has in its `OTEL_RESOURCE_ATTRIBUTES` come on top.
        pub const REGISTRY: &[Attribute] = &[
            $( Attribute {
                name: $name,
                kind: Kind::$kind,
                level: Level::$level,
                description: $doc.trim_ascii(),
            }, )+
        ];
    };
}

registry! {
    /// The process's `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES`; else, where the Kubernetes API told of its pod, the pod's annotation `resource.opentelemetry.io/service.name`, its labels `app.kubernetes.io/instance` and `app.kubernetes.io/name` if they may be used, its workload or its own name; else its container, systemd unit, script or program.
    SERVICE_NAME = "service.name", String, Required;
    /// Namespace of the pod, where the Kubernetes API told of it and the process does not name its service itself.
    SERVICE_NAMESPACE = "service.namespace", String, Conditional;
    /// Of a pod that the Kubernetes API told of, unless the process names its service itself: the label `app.kubernetes.io/version` if it may be used, else tag and digest of the container's image.
    SERVICE_VERSION = "service.version", String, Conditional;
    /// One value per process: host, process id and start time, unless the process has one of its own.
    SERVICE_INSTANCE_ID = "service.instance.id", String, Required;
    /// Process id in the root pid namespace.
    PROCESS_PID = "process.pid", Int, Required;
    /// Process id of the parent.
    PROCESS_PARENT_PID = "process.parent_pid", Int, Recommended;
    /// File name of the program.
    PROCESS_EXECUTABLE_NAME = "process.executable.name", String, Recommended;
    /// Path of the program as the process sees it.
    PROCESS_EXECUTABLE_PATH = "process.executable.path", String, Recommended;
    /// User that the process runs as, by name where the process's own `/etc/passwd` knows it, else the number.
    PROCESS_OWNER = "process.owner", String, Recommended;
    /// Language runtime, guessed by the program's file name.
    PROCESS_RUNTIME_NAME = "process.runtime.name", String, Recommended;
    /// Id of the container, from the process's control group.
    CONTAINER_ID = "container.id", String, Conditional;
    /// Name of the container, where the host's files tell it.
    CONTAINER_NAME = "container.name", String, Conditional;
    /// Image of the container, without tag and digest, from the Kubernetes API.
    CONTAINER_IMAGE_NAME = "container.image.name", String, Conditional;
    /// Tag of the container's image, from the Kubernetes API.
    CONTAINER_IMAGE_TAGS = "container.image.tags", StringList, Conditional;
    /// Id of the Kubernetes pod, from the process's control group or the Kubernetes API.
    K8S_POD_UID = "k8s.pod.uid", String, Conditional;
    /// Name of the Kubernetes pod, where the host's files or the Kubernetes API tell it.
    K8S_POD_NAME = "k8s.pod.name", String, Conditional;
    /// Namespace of the Kubernetes pod, where the host's files or the Kubernetes API tell it.
    K8S_NAMESPACE_NAME = "k8s.namespace.name", String, Conditional;
    /// Name of the container in its Kubernetes pod, where the host's files or the Kubernetes API tell it.
    K8S_CONTAINER_NAME = "k8s.container.name", String, Conditional;
    /// Node that the pod runs on, from the Kubernetes API.
    K8S_NODE_NAME = "k8s.node.name", String, Conditional;
    /// Deployment that the pod belongs to, by the name of its ReplicaSet.
    K8S_DEPLOYMENT_NAME = "k8s.deployment.name", String, Conditional;
    /// ReplicaSet that the pod belongs to, from the Kubernetes API.
    K8S_REPLICASET_NAME = "k8s.replicaset.name", String, Conditional;
    /// StatefulSet that the pod belongs to, from the Kubernetes API.
    K8S_STATEFULSET_NAME = "k8s.statefulset.name", String, Conditional;
    /// DaemonSet that the pod belongs to, from the Kubernetes API.
    K8S_DAEMONSET_NAME = "k8s.daemonset.name", String, Conditional;
    /// CronJob that the pod belongs to, by the name of its Job.
    K8S_CRONJOB_NAME = "k8s.cronjob.name", String, Conditional;
    /// Job that the pod belongs to, from the Kubernetes API.
    K8S_JOB_NAME = "k8s.job.name", String, Conditional;
    /// Name of the host.
    HOST_NAME = "host.name", String, Recommended;
    /// The host's machine id.
    HOST_ID = "host.id", String, Recommended;
    /// Processor architecture of the host.
    HOST_ARCH = "host.arch", String, Recommended;
    /// Always `linux`.
    OS_TYPE = "os.type", String, Required;
    /// The SDK that speaks OTLP.
    TELEMETRY_SDK_NAME = "telemetry.sdk.name", String, Required;
    /// Language of that SDK; it says nothing of the traced process.
    TELEMETRY_SDK_LANGUAGE = "telemetry.sdk.language", String, Required;
    /// Version of that SDK.
    TELEMETRY_SDK_VERSION = "telemetry.sdk.version", String, Required;
    /// This agent.
    TELEMETRY_DISTRO_NAME = "telemetry.distro.name", String, Required;
    /// Version of this agent.
    TELEMETRY_DISTRO_VERSION = "telemetry.distro.version", String, Required;
}
