//! Every environment variable the agent reads, one documented constant each.
//!
//! Standard OpenTelemetry names come first; a variable of our own exists where there is no
//! standard one. Which key a variable sets is in [`crate::config::registry`].

/// Path of the configuration file.
pub const LLM_TRACER_CONFIG: &str = "LLM_TRACER_CONFIG";
/// Where the host's `/proc` is mounted, for an agent in a container.
pub const LLM_TRACER_PROC: &str = "LLM_TRACER_PROC";

/// What the agent says about itself.
pub const LLM_TRACER_LOG: &str = "LLM_TRACER_LOG";
/// Whether to give up capabilities after start.
pub const LLM_TRACER_DROP_PRIVILEGES: &str = "LLM_TRACER_DROP_PRIVILEGES";
/// How long a stop may take.
pub const LLM_TRACER_SHUTDOWN_TIMEOUT: &str = "LLM_TRACER_SHUTDOWN_TIMEOUT";

/// Cap per exchange and direction.
pub const LLM_TRACER_EXCHANGE_CAP: &str = "LLM_TRACER_EXCHANGE_CAP";
/// Memory for exchanges under way.
pub const LLM_TRACER_MEMORY_CAP: &str = "LLM_TRACER_MEMORY_CAP";
/// Size of the ring buffer.
pub const LLM_TRACER_RING_SIZE: &str = "LLM_TRACER_RING_SIZE";
/// Scheduling class of the reader thread.
pub const LLM_TRACER_READER_PRIORITY: &str = "LLM_TRACER_READER_PRIORITY";
/// Whether return probes are used.
pub const LLM_TRACER_RETURN_PROBES: &str = "LLM_TRACER_RETURN_PROBES";
/// Whether sockets are looked at for plain HTTP.
pub const LLM_TRACER_PLAIN_HTTP: &str = "LLM_TRACER_PLAIN_HTTP";
/// Messages of the kernel half.
pub const LLM_TRACER_KERNEL_LOG: &str = "LLM_TRACER_KERNEL_LOG";
/// Further files to attach.
pub const LLM_TRACER_LIBRARIES: &str = "LLM_TRACER_LIBRARIES";

/// Which evaluations are made.
pub const LLM_TRACER_EVALUATIONS_CHECKS: &str = "LLM_TRACER_EVALUATIONS_CHECKS";
/// Where evaluations go.
pub const LLM_TRACER_EVALUATIONS_EXPORT: &str = "LLM_TRACER_EVALUATIONS_EXPORT";
/// Whether others may post evaluations.
pub const LLM_TRACER_EVALUATIONS_RECEIVE: &str = "LLM_TRACER_EVALUATIONS_RECEIVE";

/// By what calls are joined to traces.
pub const LLM_TRACER_JOINED_BY: &str = "LLM_TRACER_JOINED_BY";
/// Headers that name a session.
pub const LLM_TRACER_SESSION_HEADERS: &str = "LLM_TRACER_SESSION_HEADERS";

/// Only these processes, by id.
pub const LLM_TRACER_PIDS: &str = "LLM_TRACER_PIDS";
/// Only these processes, by executable.
pub const LLM_TRACER_EXES: &str = "LLM_TRACER_EXES";
/// Rules for processes to trace.
pub const LLM_TRACER_INCLUDE: &str = "LLM_TRACER_INCLUDE";
/// Rules for processes to leave alone.
pub const LLM_TRACER_EXCLUDE: &str = "LLM_TRACER_EXCLUDE";

/// Whether the Kubernetes API is asked for pods.
pub const LLM_TRACER_KUBERNETES: &str = "LLM_TRACER_KUBERNETES";
/// Keys of pod labels that become attributes.
pub const LLM_TRACER_KUBERNETES_LABELS: &str = "LLM_TRACER_KUBERNETES_LABELS";
/// Whether pod labels may name services.
pub const LLM_TRACER_KUBERNETES_SERVICE_LABELS: &str = "LLM_TRACER_KUBERNETES_SERVICE_LABELS";
/// How long a call may wait for its pod to become known.
pub const LLM_TRACER_KUBERNETES_WAIT: &str = "LLM_TRACER_KUBERNETES_WAIT";
/// Folder with token and authority.
pub const LLM_TRACER_KUBERNETES_CREDENTIALS: &str = "LLM_TRACER_KUBERNETES_CREDENTIALS";
/// Name of the node, as the downward API gives it.
pub const K8S_NODE_NAME: &str = "K8S_NODE_NAME";
/// The same under another usual name.
pub const NODE_NAME: &str = "NODE_NAME";
/// Host of the Kubernetes API: set by Kubernetes in every pod.
pub const KUBERNETES_SERVICE_HOST: &str = "KUBERNETES_SERVICE_HOST";
/// Port of the Kubernetes API: set by Kubernetes in every pod.
pub const KUBERNETES_SERVICE_PORT: &str = "KUBERNETES_SERVICE_PORT";

/// What to print for each call.
pub const LLM_TRACER_FORMAT: &str = "LLM_TRACER_FORMAT";
/// Address of the agent's own metrics and health.
pub const LLM_TRACER_METRICS_LISTEN: &str = "LLM_TRACER_METRICS_LISTEN";
/// Provider names of the operator's own hosts.
pub const LLM_TRACER_PROVIDERS: &str = "LLM_TRACER_PROVIDERS";
/// Files with prices of the operator's own.
pub const LLM_TRACER_COST_PRICES: &str = "LLM_TRACER_COST_PRICES";
/// Whether the public list of prices is used.
pub const LLM_TRACER_COST_LIST: &str = "LLM_TRACER_COST_LIST";
/// Where the app of a call comes from.
pub const LLM_TRACER_ATTRIBUTION_APP: &str = "LLM_TRACER_ATTRIBUTION_APP";
/// Where the environment of a call comes from.
pub const LLM_TRACER_ATTRIBUTION_ENVIRONMENT: &str = "LLM_TRACER_ATTRIBUTION_ENVIRONMENT";
/// Where the workspace of a call comes from.
pub const LLM_TRACER_ATTRIBUTION_WORKSPACE: &str = "LLM_TRACER_ATTRIBUTION_WORKSPACE";
/// Where the feature of a call comes from.
pub const LLM_TRACER_ATTRIBUTION_FEATURE: &str = "LLM_TRACER_ATTRIBUTION_FEATURE";
/// Where the user of a call comes from.
pub const LLM_TRACER_ATTRIBUTION_USER: &str = "LLM_TRACER_ATTRIBUTION_USER";
/// Where the team of a call comes from.
pub const LLM_TRACER_ATTRIBUTION_TEAM: &str = "LLM_TRACER_ATTRIBUTION_TEAM";
/// Dimensions that metrics have.
pub const LLM_TRACER_ATTRIBUTION_METRICS: &str = "LLM_TRACER_ATTRIBUTION_METRICS";
/// Most values of each of them.
pub const LLM_TRACER_ATTRIBUTION_METRIC_VALUES: &str = "LLM_TRACER_ATTRIBUTION_METRIC_VALUES";
/// File with the salt of names of API keys.
pub const LLM_TRACER_ATTRIBUTION_SALT: &str = "LLM_TRACER_ATTRIBUTION_SALT";
/// How much may be spent.
pub const LLM_TRACER_BUDGETS: &str = "LLM_TRACER_BUDGETS";
/// File with the rules of what may leave.
pub const LLM_TRACER_POLICY_FILE: &str = "LLM_TRACER_POLICY_FILE";
/// Headers whose values are kept.
pub const LLM_TRACER_KEEP_HEADERS: &str = "LLM_TRACER_KEEP_HEADERS";
/// Who reads what is sent.
pub const LLM_TRACER_BACKEND: &str = "LLM_TRACER_BACKEND";
/// Bound of the queue between capture and export.
pub const LLM_TRACER_QUEUE_SIZE: &str = "LLM_TRACER_QUEUE_SIZE";

/// Attributes for every resource; in a traced process, attributes of its resource.
pub const OTEL_RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// In a traced process: its `service.name`.
pub const OTEL_SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// Whether nothing is sent at all.
pub const OTEL_SDK_DISABLED: &str = "OTEL_SDK_DISABLED";
/// Where spans go: `otlp` or `none`.
pub const OTEL_TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";
/// Where metrics go: `otlp` or `none`.
pub const OTEL_METRICS_EXPORTER: &str = "OTEL_METRICS_EXPORTER";
/// Where events go: `otlp` or `none`.
pub const OTEL_LOGS_EXPORTER: &str = "OTEL_LOGS_EXPORTER";
/// Where content goes that a policy lets out: `span_only`, `event_only`, `span_and_event` or
/// `no_content`.
pub const OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: &str =
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
/// How often metrics are sent, milliseconds.
pub const OTEL_METRIC_EXPORT_INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
/// Time limit of one attempt to send metrics, milliseconds.
pub const OTEL_METRIC_EXPORT_TIMEOUT: &str = "OTEL_METRIC_EXPORT_TIMEOUT";
/// How long a span may wait for its batch, milliseconds.
pub const OTEL_BSP_SCHEDULE_DELAY: &str = "OTEL_BSP_SCHEDULE_DELAY";
/// Largest batch of spans.
pub const OTEL_BSP_MAX_EXPORT_BATCH_SIZE: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
/// Time limit of one attempt to send spans, milliseconds.
pub const OTEL_BSP_EXPORT_TIMEOUT: &str = "OTEL_BSP_EXPORT_TIMEOUT";
/// Most spans that wait for export.
pub const OTEL_BSP_MAX_QUEUE_SIZE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";

/// Collector for all signals.
pub const OTEL_EXPORTER_OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Collector for spans, as is.
pub const OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// Collector for metrics, as is.
pub const OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
/// Collector for events, as is.
pub const OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
/// Protocol for all signals.
pub const OTEL_EXPORTER_OTLP_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
/// Protocol for spans.
pub const OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
/// Protocol for metrics.
pub const OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL";
/// Protocol for events.
pub const OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL";
/// Request headers for all signals, percent-encoded.
pub const OTEL_EXPORTER_OTLP_HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
/// Request headers for spans, percent-encoded.
pub const OTEL_EXPORTER_OTLP_TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
/// Request headers for metrics, percent-encoded.
pub const OTEL_EXPORTER_OTLP_METRICS_HEADERS: &str = "OTEL_EXPORTER_OTLP_METRICS_HEADERS";
/// Request headers for events, percent-encoded.
pub const OTEL_EXPORTER_OTLP_LOGS_HEADERS: &str = "OTEL_EXPORTER_OTLP_LOGS_HEADERS";
/// Time limit of one request for all signals, milliseconds.
pub const OTEL_EXPORTER_OTLP_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
/// Time limit of one request for spans, milliseconds.
pub const OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";
/// Time limit of one request for metrics, milliseconds.
pub const OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT";
/// Time limit of one request for events, milliseconds.
pub const OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT";
/// Compression for all signals.
pub const OTEL_EXPORTER_OTLP_COMPRESSION: &str = "OTEL_EXPORTER_OTLP_COMPRESSION";
/// Compression for spans.
pub const OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: &str = "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION";
/// Compression for metrics.
pub const OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: &str = "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION";
/// Compression for events.
pub const OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: &str = "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION";
/// Trusted certificates (PEM file) of the collector.
pub const OTEL_EXPORTER_OTLP_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
/// The agent's own certificate (PEM file) towards the collector.
pub const OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
/// Key (PEM file) of the agent's own certificate.
pub const OTEL_EXPORTER_OTLP_CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
/// No TLS for a gRPC endpoint without a scheme.
pub const OTEL_EXPORTER_OTLP_INSECURE: &str = "OTEL_EXPORTER_OTLP_INSECURE";
/// Trusted certificates (PEM file) of the collector for spans.
pub const OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE";
/// Trusted certificates (PEM file) of the collector for metrics.
pub const OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE";
/// Trusted certificates (PEM file) of the collector for events.
pub const OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE";
/// The agent's own certificate (PEM file) towards the collector for spans.
pub const OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: &str =
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE";
/// The agent's own certificate (PEM file) towards the collector for metrics.
pub const OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: &str =
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE";
/// The agent's own certificate (PEM file) towards the collector for events.
pub const OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: &str =
    "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE";
/// Key (PEM file) of the agent's own certificate towards the collector for spans.
pub const OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY";
/// Key (PEM file) of the agent's own certificate towards the collector for metrics.
pub const OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY";
/// Key (PEM file) of the agent's own certificate towards the collector for events.
pub const OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY";
/// No TLS for a gRPC endpoint for spans without a scheme.
pub const OTEL_EXPORTER_OTLP_TRACES_INSECURE: &str = "OTEL_EXPORTER_OTLP_TRACES_INSECURE";
/// No TLS for a gRPC endpoint for metrics without a scheme.
pub const OTEL_EXPORTER_OTLP_METRICS_INSECURE: &str = "OTEL_EXPORTER_OTLP_METRICS_INSECURE";
/// No TLS for a gRPC endpoint for events without a scheme.
pub const OTEL_EXPORTER_OTLP_LOGS_INSECURE: &str = "OTEL_EXPORTER_OTLP_LOGS_INSECURE";
/// Temporality of the exported metrics.
pub const OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: &str =
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
