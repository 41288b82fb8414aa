//! Names of resource attributes: what is said of a process rather than of a call.

use super::attributes::{Attribute, Kind, Level};

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
    /// The process's `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES`, else its container, systemd unit, script or program.
    SERVICE_NAME = "service.name", String, Required;
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
    /// Id of the Kubernetes pod, from the process's control group.
    K8S_POD_UID = "k8s.pod.uid", String, Conditional;
    /// Name of the Kubernetes pod, where the host's files tell it.
    K8S_POD_NAME = "k8s.pod.name", String, Conditional;
    /// Namespace of the Kubernetes pod, where the host's files tell it.
    K8S_NAMESPACE_NAME = "k8s.namespace.name", String, Conditional;
    /// Name of the container in its Kubernetes pod, where the host's files tell it.
    K8S_CONTAINER_NAME = "k8s.container.name", String, Conditional;
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
