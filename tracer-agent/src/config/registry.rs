//! The table of keys: the only place where a key, its variable, its flag, its default and its
//! documentation are written down.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    attribution::{DimensionName, SourceName},
    budgets::Budgets,
    choices::{
        Backend, Compression, EvaluationPlace, Exporter, JoinedBy, KernelLog, OtlpProtocol,
        OutputFormat, ReaderPriority, ReturnProbes, Temporality,
    },
    content_export::ContentExport,
    endpoint::Endpoint,
    evaluations::CheckName,
    header_name::HeaderName,
    key::{AnyKey, Key},
    kubernetes::{ApiHost, ApiPort, LabelKey, NodeName},
    log_filter::LogFilter,
    provider_hosts::ProviderHosts,
    setting::Pairs,
    units::{Interval, RingSize, TimeLimit, Within},
};
use crate::{
    env_vars::*,
    host::rules::{Glob, Rule},
};

/// Cap per exchange: large enough for any real prompt, small enough for the kernel's counters.
pub type ExchangeCap = Within<0x1_0000, 0x4000_0000>;
/// Bound over all exchanges.
pub type MemoryCap = Within<0x10_0000, 0x10_0000_0000>;
/// Bound of the export queue.
pub type QueueSize = Within<0x4_0000, 0x1_0000_0000>;

/// Declares the statics and the table that lists them in the same order.
macro_rules! keys {
    ($($name:ident: $type:ty = $key:expr;)+) => {
        $(
            #[doc = concat!("See [`KEYS`] for what `", stringify!($name), "` does.")]
            pub static $name: Key<$type> = $key;
        )+

        /// Every key, in the order of the reference.
        pub static KEYS: &[&dyn AnyKey] = &[$(&$name),+];
    };
}

keys! {
    EXCHANGE_CAP: ExchangeCap = Key::new("capture.exchange_cap", "4MiB",
        "Bytes copied of one exchange in each direction. What goes beyond is counted, not copied, and the call says that it was not seen whole (`llm_tracer.capture_state`).")
        .env(&[LLM_TRACER_EXCHANGE_CAP]).flag("exchange-cap");
    MEMORY_CAP: MemoryCap = Key::new("capture.memory_cap", "64MiB",
        "Memory for all exchanges under way together: bodies, events and decoders. Beyond it the exchange that holds most goes on as metadata, and the call says that it was not seen whole (`llm_tracer.capture_state`).")
        .env(&[LLM_TRACER_MEMORY_CAP]);
    RING_SIZE: RingSize = Key::new("capture.ring_size", "8MiB",
        "Size of the ring buffer between kernel and agent. A larger one rides out longer stalls of the agent; it is allocated once.")
        .env(&[LLM_TRACER_RING_SIZE]).flag("ring-size");
    READER_PRIORITY: ReaderPriority = Key::new("capture.reader_priority", "none",
        "Scheduling class of the thread that reads the ring buffer. On a saturated host a normal thread may wake seconds late and lose events; `rt:5` (SCHED_RR, needs CAP_SYS_NICE) keeps up at the price of taking its time from the workload.")
        .env(&[LLM_TRACER_READER_PRIORITY]).flag("reader-priority");
    RETURN_PROBES: ReturnProbes = Key::new("capture.return_probes", "auto",
        "Whether the kernel may be asked to put probes on return addresses: `auto`, where a self-test shows that it harms nobody, or `never`. Without them, files are traced whose calls can be seen to return by plain probes (`tracer-agent doctor` says which cannot).")
        .env(&[LLM_TRACER_RETURN_PROBES]);
    PLAIN_HTTP: bool = Key::new("capture.plain_http", "true",
        "Whether calls without TLS are seen: to models on this host or in the cluster (Ollama, vLLM), and to gateways. What sockets send and receive is looked at where the kernel allows it (`tracer-agent doctor` says whether it does); connections that are not HTTP cost a look-up.")
        .env(&[LLM_TRACER_PLAIN_HTTP]).flag("plain-http");
    KERNEL_LOG: KernelLog = Key::new("capture.kernel_log", "off",
        "Messages of the programs in the kernel, for debugging the agent. Off costs nothing.")
        .env(&[LLM_TRACER_KERNEL_LOG]).flag("kernel-log");
    LIBRARIES: Vec<PathBuf> = Key::new("capture.libraries", "",
        "Further libraries or executables to attach to, beside those that are found. One that is not there yet is probed within a minute of its coming.")
        .env(&[LLM_TRACER_LIBRARIES]).flag("library");

    PIDS: Vec<u32> = Key::new("processes.pids", "",
        "Trace only these process ids.")
        .env(&[LLM_TRACER_PIDS]).flag("pid");
    EXES: Vec<Glob> = Key::new("processes.exes", "",
        "Trace only processes whose executable path matches one of these patterns.")
        .env(&[LLM_TRACER_EXES]).flag("exe");
    INCLUDE: Vec<Rule> = Key::new("processes.include", "",
        "Trace only processes that match one of these rules: `name:PATTERN`, `exe:PATTERN` or `cgroup:PATTERN`; a bare pattern means the name.")
        .env(&[LLM_TRACER_INCLUDE]).flag("include");
    EXCLUDE: Vec<Rule> = Key::new("processes.exclude", "",
        "Never trace processes that match one of these rules. Stronger than every other choice of processes. A process that ended before it could be looked at is not traced either if there is a rule, and counted.")
        .env(&[LLM_TRACER_EXCLUDE]).flag("exclude");

    KUBERNETES_ENABLED: bool = Key::new("kubernetes.enabled", "false",
        "Ask the Kubernetes API for the pods of this node, whose names, labels and workloads become attributes of their calls. Needs a service account that may list and watch pods.")
        .env(&[LLM_TRACER_KUBERNETES]).flag("kubernetes");
    KUBERNETES_NODE: Option<NodeName> = Key::new("kubernetes.node", "",
        "Name of this node, from the pod's field `spec.nodeName`.")
        .env(&[K8S_NODE_NAME, NODE_NAME]);
    KUBERNETES_LABELS: Vec<LabelKey> = Key::new("kubernetes.labels", "",
        "Keys of pod labels that become attributes, as `k8s.pod.label.<key>`.")
        .env(&[LLM_TRACER_KUBERNETES_LABELS]).flag("pod-label");
    KUBERNETES_SERVICE_LABELS: bool = Key::new("kubernetes.service_labels", "false",
        "Let the pod labels `app.kubernetes.io/instance`, `…/name` and `…/version` name the service and its version. Else the workload does.")
        .env(&[LLM_TRACER_KUBERNETES_SERVICE_LABELS]);
    KUBERNETES_WAIT: Duration = Key::new("kubernetes.wait", "3s",
        "How long the first calls of a process may be held back for its pod to become known; to within half a second. Nothing waits while the API is away.")
        .env(&[LLM_TRACER_KUBERNETES_WAIT]);
    KUBERNETES_HOST: Option<ApiHost> = Key::new("kubernetes.host", "",
        "Host of the API.")
        .env(&[KUBERNETES_SERVICE_HOST]);
    KUBERNETES_PORT: ApiPort = Key::new("kubernetes.port", "443",
        "Port of the API, with TLS.")
        .env(&[KUBERNETES_SERVICE_PORT]);
    KUBERNETES_CREDENTIALS: PathBuf = Key::new("kubernetes.credentials", "/var/run/secrets/kubernetes.io/serviceaccount",
        "Folder with the service account's `token` and the API's `ca.crt`. They are read again when they have been replaced.")
        .env(&[LLM_TRACER_KUBERNETES_CREDENTIALS]);

    EXPORT_DISABLED: bool = Key::new("export.disabled", "false",
        "Send nothing by OTLP, whatever else is said.")
        .env(&[OTEL_SDK_DISABLED]);
    TRACES_EXPORTER: Exporter = Key::new("export.traces", "otlp",
        "Where spans go. OTLP needs an endpoint.")
        .env(&[OTEL_TRACES_EXPORTER]);
    METRICS_EXPORTER: Exporter = Key::new("export.metrics", "otlp",
        "Where metrics go. OTLP needs an endpoint.")
        .env(&[OTEL_METRICS_EXPORTER]);
    LOGS_EXPORTER: Exporter = Key::new("export.logs", "otlp",
        "Where events go, as log records. OTLP needs an endpoint.")
        .env(&[OTEL_LOGS_EXPORTER]);
    CONTENT_EXPORT: ContentExport = Key::new("content.export", "span",
        "Where content goes that a policy lets out: to the `span`, to an `event` (a log record that is linked to the span), to `both`, or to `none`, whatever a policy says. By itself it lets nothing out. See docs/content.md.")
        .env(&[OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT]);
    RESOURCE_ATTRIBUTES: Pairs = Key::new("export.resource_attributes", "",
        "Attributes added to the resource of every traced process, such as the cluster. Names beginning with `service.` are not taken: they would say of a process what is true of the agent.")
        .env(&[OTEL_RESOURCE_ATTRIBUTES]);
    QUEUE_SIZE: QueueSize = Key::new("export.queue_size", "16MiB",
        "Memory for calls that wait for export, and as much again for events. When it is full, calls go without their content first, then they are counted and dropped; capture never waits.")
        .env(&[LLM_TRACER_QUEUE_SIZE]);
    METRIC_INTERVAL: Interval = Key::new("export.metric_interval", "60s",
        "How often metrics are sent.")
        .env(&[OTEL_METRIC_EXPORT_INTERVAL]);
    METRIC_TIMEOUT: TimeLimit = Key::new("export.metric_timeout", "30s",
        "Time limit of one attempt to send metrics; `export.otlp.timeout` holds if it is shorter.")
        .env(&[OTEL_METRIC_EXPORT_TIMEOUT]);
    BATCH_DELAY: Duration = Key::new("export.batch_delay", "5s",
        "How long a span or an event may wait for others to share its request.")
        .env(&[OTEL_BSP_SCHEDULE_DELAY]);
    BATCH_SIZE: u32 = Key::new("export.batch_size", "512",
        "Most spans or events in one request, which never holds more than 3 MiB of them.")
        .env(&[OTEL_BSP_MAX_EXPORT_BATCH_SIZE]);
    BATCH_TIMEOUT: TimeLimit = Key::new("export.batch_timeout", "30s",
        "Time limit of one attempt to send spans or events; `export.otlp.timeout` holds if it is shorter.")
        .env(&[OTEL_BSP_EXPORT_TIMEOUT]);
    MAX_QUEUED_SPANS: Option<u32> = Key::new("export.max_queued_spans", "",
        "Most spans that wait for export, and most events, beside the bound in bytes.")
        .env(&[OTEL_BSP_MAX_QUEUE_SIZE]);

    OTLP_ENDPOINT: Option<Endpoint> = Key::new("export.otlp.endpoint", "",
        "Collector for spans, metrics and events. Over HTTP, /v1/traces, /v1/metrics and /v1/logs are appended. Without one, nothing is sent.")
        .env(&[OTEL_EXPORTER_OTLP_ENDPOINT]).flag("otlp-endpoint");
    OTLP_BACKEND: Backend = Key::new("export.otlp.backend", "generic",
        "Who reads what is sent: `phoenix`, `mlflow` and `langfuse` get what they would read differently or miss, beside what the conventions say; docs/reference/backends.md has the list. These three take no metrics: none are sent, unless `export.otlp.metrics.endpoint` says where.")
        .env(&[LLM_TRACER_BACKEND]).flag("backend");
    OTLP_PROTOCOL: OtlpProtocol = Key::new("export.otlp.protocol", "http/protobuf",
        "How the collector is spoken to.")
        .env(&[OTEL_EXPORTER_OTLP_PROTOCOL]).flag("otlp-protocol");
    OTLP_HEADERS: Pairs = Key::new("export.otlp.headers", "",
        "Headers of every request to the collector, such as its API key. Never shown.")
        .env(&[OTEL_EXPORTER_OTLP_HEADERS]).secret();
    OTLP_TIMEOUT: TimeLimit = Key::new("export.otlp.timeout", "10s",
        "Time limit of one request to the collector.")
        .env(&[OTEL_EXPORTER_OTLP_TIMEOUT]);
    OTLP_COMPRESSION: Compression = Key::new("export.otlp.compression", "none",
        "Compression of requests to the collector.")
        .env(&[OTEL_EXPORTER_OTLP_COMPRESSION]);
    OTLP_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.certificate", "",
        "PEM file with the certificates to trust, instead of the system's.")
        .env(&[OTEL_EXPORTER_OTLP_CERTIFICATE]);
    OTLP_CLIENT_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.client_certificate", "",
        "PEM file with the agent's own certificate, for mutual TLS.")
        .env(&[OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE]);
    OTLP_CLIENT_KEY: Option<PathBuf> = Key::new("export.otlp.client_key", "",
        "PEM file with the key of the agent's own certificate.")
        .env(&[OTEL_EXPORTER_OTLP_CLIENT_KEY]);
    OTLP_INSECURE: bool = Key::new("export.otlp.insecure", "false",
        "No TLS for a gRPC endpoint that is written without http:// or https://.")
        .env(&[OTEL_EXPORTER_OTLP_INSECURE]);
    OTLP_TEMPORALITY: Temporality = Key::new("export.otlp.temporality", "cumulative",
        "What a metric point covers.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE]);

    OTLP_TRACES_ENDPOINT: Option<Endpoint> = Key::new("export.otlp.traces.endpoint", "",
        "Collector for spans, used as it is written.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_ENDPOINT]);
    OTLP_TRACES_PROTOCOL: Option<OtlpProtocol> = Key::new("export.otlp.traces.protocol", "",
        "Overrides `export.otlp.protocol` for spans.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_PROTOCOL]);
    OTLP_TRACES_HEADERS: Pairs = Key::new("export.otlp.traces.headers", "",
        "Overrides `export.otlp.headers` for spans, all of them. Never shown.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_HEADERS]).secret();
    OTLP_TRACES_TIMEOUT: Option<TimeLimit> = Key::new("export.otlp.traces.timeout", "",
        "Overrides `export.otlp.timeout` for spans.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_TIMEOUT]);
    OTLP_TRACES_COMPRESSION: Option<Compression> = Key::new("export.otlp.traces.compression", "",
        "Overrides `export.otlp.compression` for spans; `none` in a file does not undo OTEL_EXPORTER_OTLP_COMPRESSION=gzip.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_COMPRESSION]);
    OTLP_TRACES_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.traces.certificate", "",
        "Overrides `export.otlp.certificate` for spans.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE]);
    OTLP_TRACES_CLIENT_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.traces.client_certificate", "",
        "Overrides `export.otlp.client_certificate` for spans.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE]);
    OTLP_TRACES_CLIENT_KEY: Option<PathBuf> = Key::new("export.otlp.traces.client_key", "",
        "Overrides `export.otlp.client_key` for spans.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY]);
    OTLP_TRACES_INSECURE: Option<bool> = Key::new("export.otlp.traces.insecure", "",
        "Overrides `export.otlp.insecure` for spans.")
        .env(&[OTEL_EXPORTER_OTLP_TRACES_INSECURE]);

    OTLP_METRICS_ENDPOINT: Option<Endpoint> = Key::new("export.otlp.metrics.endpoint", "",
        "Collector for metrics, used as it is written.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_ENDPOINT]);
    OTLP_METRICS_PROTOCOL: Option<OtlpProtocol> = Key::new("export.otlp.metrics.protocol", "",
        "Overrides `export.otlp.protocol` for metrics.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_PROTOCOL]);
    OTLP_METRICS_HEADERS: Pairs = Key::new("export.otlp.metrics.headers", "",
        "Overrides `export.otlp.headers` for metrics, all of them. Never shown.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_HEADERS]).secret();
    OTLP_METRICS_TIMEOUT: Option<TimeLimit> = Key::new("export.otlp.metrics.timeout", "",
        "Overrides `export.otlp.timeout` for metrics.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_TIMEOUT]);
    OTLP_METRICS_COMPRESSION: Option<Compression> = Key::new("export.otlp.metrics.compression", "",
        "Overrides `export.otlp.compression` for metrics; `none` in a file does not undo OTEL_EXPORTER_OTLP_COMPRESSION=gzip.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_COMPRESSION]);
    OTLP_METRICS_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.metrics.certificate", "",
        "Overrides `export.otlp.certificate` for metrics.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE]);
    OTLP_METRICS_CLIENT_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.metrics.client_certificate", "",
        "Overrides `export.otlp.client_certificate` for metrics.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE]);
    OTLP_METRICS_CLIENT_KEY: Option<PathBuf> = Key::new("export.otlp.metrics.client_key", "",
        "Overrides `export.otlp.client_key` for metrics.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY]);
    OTLP_METRICS_INSECURE: Option<bool> = Key::new("export.otlp.metrics.insecure", "",
        "Overrides `export.otlp.insecure` for metrics.")
        .env(&[OTEL_EXPORTER_OTLP_METRICS_INSECURE]);

    OTLP_LOGS_ENDPOINT: Option<Endpoint> = Key::new("export.otlp.logs.endpoint", "",
        "Collector for events, used as it is written.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_ENDPOINT]);
    OTLP_LOGS_PROTOCOL: Option<OtlpProtocol> = Key::new("export.otlp.logs.protocol", "",
        "Overrides `export.otlp.protocol` for events.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_PROTOCOL]);
    OTLP_LOGS_HEADERS: Pairs = Key::new("export.otlp.logs.headers", "",
        "Overrides `export.otlp.headers` for events, all of them. Never shown.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_HEADERS]).secret();
    OTLP_LOGS_TIMEOUT: Option<TimeLimit> = Key::new("export.otlp.logs.timeout", "",
        "Overrides `export.otlp.timeout` for events.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_TIMEOUT]);
    OTLP_LOGS_COMPRESSION: Option<Compression> = Key::new("export.otlp.logs.compression", "",
        "Overrides `export.otlp.compression` for events; `none` in a file does not undo OTEL_EXPORTER_OTLP_COMPRESSION=gzip.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_COMPRESSION]);
    OTLP_LOGS_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.logs.certificate", "",
        "Overrides `export.otlp.certificate` for events.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE]);
    OTLP_LOGS_CLIENT_CERTIFICATE: Option<PathBuf> = Key::new("export.otlp.logs.client_certificate", "",
        "Overrides `export.otlp.client_certificate` for events.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE]);
    OTLP_LOGS_CLIENT_KEY: Option<PathBuf> = Key::new("export.otlp.logs.client_key", "",
        "Overrides `export.otlp.client_key` for events.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY]);
    OTLP_LOGS_INSECURE: Option<bool> = Key::new("export.otlp.logs.insecure", "",
        "Overrides `export.otlp.insecure` for events.")
        .env(&[OTEL_EXPORTER_OTLP_LOGS_INSECURE]);

    TERMINAL_FORMAT: OutputFormat = Key::new("export.terminal.format", "text",
        "What is printed for each call: a line for people, a JSON object a line, or nothing.")
        .env(&[LLM_TRACER_FORMAT]).flag("format");

    METRICS_LISTEN: Option<SocketAddr> = Key::new("metrics.listen", "127.0.0.1:9469",
        "Where the agent serves its own metrics and health: /metrics, /healthz, /readyz. `none` switches it off.")
        .env(&[LLM_TRACER_METRICS_LISTEN]).flag("metrics-listen");

    PROVIDERS: ProviderHosts = Key::new("providers", "",
        "Provider names for hosts of your own, such as a gateway: `\"llm.example.com\" = \"openai\"`. A host may hold one `*` and end in a port; the most specific one wins.")
        .env(&[LLM_TRACER_PROVIDERS]);

    COST_PRICES: Vec<PathBuf> = Key::new("cost.prices", "",
        "Files with prices of your own, which come before the public list: `.toml`, or `.json` in the same form or in LiteLLM's. The first price that fits counts, in the order of the files and within each; what a provider says that a call costs comes before all of them. See docs/cost.md.")
        .env(&[LLM_TRACER_COST_PRICES]).flag("prices");
    COST_LIST: bool = Key::new("cost.list", "true",
        "Whether calls that none of those prices fits are priced by the public list that the agent carries (`genai-prices`).")
        .env(&[LLM_TRACER_COST_LIST]);

    ATTRIBUTION_APP: Vec<SourceName> = Key::new("attribution.app", "baggage:app,header:helicone-property-app,header:x-portkey-metadata#app,header:cf-aig-metadata#app,body:metadata.app,header:x-openrouter-title,header:x-title,resource:service.name",
        "Where the name of the application comes from. Sources, the best first: `header:NAME`, `header:NAME#MEMBER` (of the JSON object in it), `response:NAME`, `baggage:KEY`, `body:PATH` (such as `metadata.user_id`), `resource:NAME` (of the process) and `api-key`. An empty list switches it off. See docs/attribution.md.")
        .env(&[LLM_TRACER_ATTRIBUTION_APP]);
    ATTRIBUTION_ENVIRONMENT: Vec<SourceName> = Key::new("attribution.environment", "baggage:environment,baggage:deployment.environment.name,header:helicone-property-environment,header:x-portkey-metadata#environment,header:cf-aig-metadata#environment,body:metadata.environment,resource:deployment.environment.name,resource:deployment.environment,resource:k8s.namespace.name",
        "Where its environment comes from. See `attribution.app`.")
        .env(&[LLM_TRACER_ATTRIBUTION_ENVIRONMENT]);
    ATTRIBUTION_WORKSPACE: Vec<SourceName> = Key::new("attribution.workspace", "baggage:workspace,header:helicone-property-workspace,header:x-portkey-metadata#workspace,header:cf-aig-metadata#workspace,response:anthropic-workspace-id,header:openai-project,header:openai-organization,header:x-goog-user-project,api-key",
        "Where the account, organisation or project at the provider comes from. With `api-key`, calls with the same API key have the same name, a keyed hash of it; the key itself is never kept. See `attribution.app`.")
        .env(&[LLM_TRACER_ATTRIBUTION_WORKSPACE]);
    ATTRIBUTION_FEATURE: Vec<SourceName> = Key::new("attribution.feature", "baggage:feature,header:helicone-property-feature,header:x-portkey-metadata#feature,header:cf-aig-metadata#feature,body:metadata.feature,body:labels.feature,body:requestMetadata.feature",
        "Where the part of the application comes from. See `attribution.app`.")
        .env(&[LLM_TRACER_ATTRIBUTION_FEATURE]);
    ATTRIBUTION_USER: Vec<SourceName> = Key::new("attribution.user", "baggage:user.id,baggage:enduser.id,header:helicone-user-id,header:x-litellm-end-user-id,header:x-litellm-customer-id,header:x-portkey-metadata#_user,header:cf-aig-metadata#user",
        "Where the user comes from. Members of bodies (`body:user`, `body:safety_identifier`, `body:metadata.user_id`) are not read unless you name them: they are personal data as a rule. See `attribution.app`.")
        .env(&[LLM_TRACER_ATTRIBUTION_USER]);
    ATTRIBUTION_TEAM: Vec<SourceName> = Key::new("attribution.team", "baggage:team,header:helicone-property-team,header:x-portkey-metadata#team,header:cf-aig-metadata#team,body:metadata.team,body:labels.team,body:requestMetadata.team,resource:k8s.pod.label.team",
        "Where the team comes from. See `attribution.app`.")
        .env(&[LLM_TRACER_ATTRIBUTION_TEAM]);
    ATTRIBUTION_METRICS: Vec<DimensionName> = Key::new("attribution.metrics", "",
        "Which of these the metrics of calls have as well: `app`, `environment`, `workspace`, `feature`, `user`, `team`. Spans have all of them.")
        .env(&[LLM_TRACER_ATTRIBUTION_METRICS]);
    ATTRIBUTION_METRIC_VALUES: u32 = Key::new("attribution.metric_values", "64",
        "Most values of each of them in metrics, as the agent comes to see them; the rest are `_OTHER`.")
        .env(&[LLM_TRACER_ATTRIBUTION_METRIC_VALUES]);
    ATTRIBUTION_SALT: Option<PathBuf> = Key::new("attribution.salt", "",
        "File with the salt of names of API keys, made for the owner alone if it is not there: the names stay the same when the agent starts anew, and on all hosts that share it. Without one, each run has its own.")
        .env(&[LLM_TRACER_ATTRIBUTION_SALT]);

    BUDGETS: Budgets = Key::new("budgets", "",
        "How much may be spent, by a name of its own: `search = \"team=search 100 USD per day\"`. Whose: `all`, a value of a dimension, or `*` for each of its values; per hour, day, week or month, UTC. The call that goes beyond is marked (`llm_tracer.budget.exceeded`), logged and counted, once in each period; no call is held up. What was spent is forgotten when the agent ends.")
        .env(&[LLM_TRACER_BUDGETS]);

    POLICY_FILE: Option<PathBuf> = Key::new("policy.file", "",
        "File with the rules of what may leave of each call (docs/policy.md): nothing, metadata, masked content, or content as it is. Without one: metadata of every call, never prompts, answers or tool arguments. It is read when the agent starts, which it does not do with one that makes no sense; `tracer-agent policy check` says what is wrong.")
        .env(&[LLM_TRACER_POLICY_FILE]).flag("policy");
    KEEP_HEADERS: Vec<HeaderName> = Key::new("privacy.keep_headers", "",
        "Request headers whose values become span attributes. Headers that may hold credentials are refused.")
        .env(&[LLM_TRACER_KEEP_HEADERS]).flag("keep-header");

    JOINED_BY: JoinedBy = Key::new("traces.joined_by", "all",
        "By what calls are joined: attempts, turns of agents, tools, conversations. `all` reads what is said into digests that never leave; `ids` goes by headers and ids alone; with `none` each call begins a trace, or joins that of its caller.")
        .env(&[LLM_TRACER_JOINED_BY]);
    SESSION_HEADERS: Vec<HeaderName> = Key::new("traces.session_headers", "",
        "Request headers that name a session, before those that agents and gateways are known to send. Headers that may hold credentials are refused.")
        .env(&[LLM_TRACER_SESSION_HEADERS]);

    EVALUATIONS_CHECKS: Vec<CheckName> = Key::new("evaluations.checks", "refusal,content_filter,guardrail,moderation,judgement,structured_output,tool_arguments,truncated,empty_answer,unanswered_tool_call,repeated_call,repeated_tool_call,tool_error",
        "What is looked at in calls, by name: see docs/outcomes.md. Some of it follows from what is said, which is read for it and dropped. An empty list switches all off.")
        .env(&[LLM_TRACER_EVALUATIONS_CHECKS]);
    EVALUATIONS_EXPORT: EvaluationPlace = Key::new("evaluations.export", "span",
        "Where evaluations go that are known when a span leaves: to the `span`, as its events, where backends without logs have them, too; to the `log`, as events `gen_ai.evaluation.result` of their own; or to `both`. Those of spans that have left always go to the log, to lines, and to backends that take them by an interface of their own.")
        .env(&[LLM_TRACER_EVALUATIONS_EXPORT]);
    EVALUATIONS_RECEIVE: bool = Key::new("evaluations.receive", "false",
        "Whether other programs may post evaluations of calls, to /v1/evaluations where the agent serves its metrics (`metrics.listen`). Whoever reaches that address may.")
        .env(&[LLM_TRACER_EVALUATIONS_RECEIVE]);

    LOG: LogFilter = Key::new("agent.log", "info",
        "What the agent says about itself on standard error: a level, or a filter such as `info,tracer_agent::capture=debug`.")
        .env(&[LLM_TRACER_LOG]).flag("log");
    DROP_PRIVILEGES: bool = Key::new("agent.drop_privileges", "true",
        "Give up every capability that is not needed once the agent is attached.")
        .env(&[LLM_TRACER_DROP_PRIVILEGES]);
    SHUTDOWN_TIMEOUT: Duration = Key::new("agent.shutdown_timeout", "5s",
        "How long a stop may take to send what is waiting.")
        .env(&[LLM_TRACER_SHUTDOWN_TIMEOUT]);
    PROC: PathBuf = Key::new("agent.proc", "/proc",
        "Where the host's /proc is, for an agent in a container.")
        .env(&[LLM_TRACER_PROC]);
}

/// Looks a key up by its place in the file.
pub fn find(path: &str) -> Option<&'static dyn AnyKey> {
    KEYS.iter().copied().find(|key| key.path() == path)
}
