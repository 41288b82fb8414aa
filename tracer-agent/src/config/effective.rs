//! The configuration as the rest of the agent uses it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use tracer_core::{
    attribution::AttributionRules,
    correlate::Relations,
    http::allow_list::{AllowList, AllowListError},
    llm::content::ContentCapture,
    pipeline::PipelineConfig,
    semconv::ContentPlace,
};

use super::{
    attribution::{self, AttributionConfig},
    budgets::Budgets,
    choices::{JoinedBy, KernelLog, OutputFormat, ReaderPriority, ReturnProbes},
    error::ConfigError,
    evaluations::{self, EvaluationsConfig},
    header_name::HeaderName,
    kubernetes,
    layers::Layers,
    log_filter::LogFilter,
    otlp,
    provider_hosts::ProviderHosts,
    registry as keys,
};
use crate::{
    export::otlp::settings::OtlpSettings,
    host::{kubernetes::settings::KubernetesSettings, rules::Selection},
};

/// Everything the operator decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[capture]`.
    pub capture: CaptureConfig,
    /// `[processes]`: whom to trace.
    pub processes: Selection,
    /// `[kubernetes]`, if its API is to be asked.
    pub kubernetes: Option<KubernetesSettings>,
    /// `[export]`.
    pub export: ExportConfig,
    /// `metrics.listen`: address of the agent's own metrics and health.
    pub metrics_listen: Option<SocketAddr>,
    /// `[providers]`: whose the operator's own hosts are.
    pub providers: ProviderHosts,
    /// `[cost]`.
    pub cost: CostConfig,
    /// `[attribution]`: to whom calls belong.
    pub attribution: AttributionConfig,
    /// `[budgets]`: how much may be spent.
    pub budgets: Budgets,
    /// `policy.file`: the rules of what may leave.
    pub policy: Option<PathBuf>,
    /// `[privacy]`.
    pub privacy: PrivacyConfig,
    /// `[traces]`.
    pub traces: TracesConfig,
    /// `[evaluations]`: what is found of calls.
    pub evaluations: EvaluationsConfig,
    /// `[agent]`.
    pub agent: AgentConfig,
}

/// How bytes are captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureConfig {
    /// Bytes copied of one exchange and direction.
    pub exchange_cap: u64,
    /// Bytes that all exchanges under way may hold.
    pub memory_cap: u64,
    /// Bytes of the ring buffer, a power of two.
    pub ring_size: u32,
    /// Scheduling class of the reader.
    pub reader_priority: ReaderPriority,
    /// Whether return probes are used.
    pub return_probes: ReturnProbes,
    /// Whether calls without TLS are seen.
    pub plain_http: bool,
    /// Messages of the kernel half.
    pub kernel_log: KernelLog,
    /// Further files to attach.
    pub libraries: Vec<PathBuf>,
}

/// Where released calls go.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportConfig {
    /// What is printed for each call.
    pub terminal: OutputFormat,
    /// What is sent, where and how.
    pub otlp: OtlpSettings,
    /// `content.export`: where content goes that a policy lets out.
    pub content: ContentPlace,
}

/// What calls cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostConfig {
    /// Files with prices, the strongest first.
    pub prices: Vec<PathBuf>,
    /// Whether the public list comes behind them.
    pub list: bool,
}

/// What may leave the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyConfig {
    /// Headers whose values are kept.
    pub keep_headers: Vec<HeaderName>,
}

/// How calls become traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracesConfig {
    /// By what they are joined.
    pub joined_by: JoinedBy,
    /// Headers that name a session.
    pub session_headers: Vec<HeaderName>,
}

/// The agent as a process.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentConfig {
    /// What it says about itself.
    pub log: LogFilter,
    /// Whether it gives up capabilities once attached.
    pub drop_privileges: bool,
    /// How long a stop may take.
    pub shutdown_timeout: Duration,
    /// Where `/proc` of the host is.
    pub proc: PathBuf,
}

impl Config {
    /// Takes every key from the strongest source that has it.
    pub fn resolve(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            capture: CaptureConfig {
                exchange_cap: layers.get(&keys::EXCHANGE_CAP)?.0.0,
                memory_cap: layers.get(&keys::MEMORY_CAP)?.0.0,
                ring_size: layers.get(&keys::RING_SIZE)?.0,
                reader_priority: layers.get(&keys::READER_PRIORITY)?,
                return_probes: layers.get(&keys::RETURN_PROBES)?,
                plain_http: layers.get(&keys::PLAIN_HTTP)?,
                kernel_log: layers.get(&keys::KERNEL_LOG)?,
                libraries: layers.get(&keys::LIBRARIES)?,
            },
            processes: selection(layers)?,
            kubernetes: kubernetes::resolve(layers)?,
            export: ExportConfig {
                terminal: layers.get(&keys::TERMINAL_FORMAT)?,
                otlp: otlp::resolve(layers)?,
                content: layers.get(&keys::CONTENT_EXPORT)?.0,
            },
            metrics_listen: layers.get(&keys::METRICS_LISTEN)?,
            providers: layers.get(&keys::PROVIDERS)?,
            cost: CostConfig {
                prices: layers.get(&keys::COST_PRICES)?,
                list: layers.get(&keys::COST_LIST)?,
            },
            attribution: attribution::resolve(layers)?,
            budgets: layers.get(&keys::BUDGETS)?,
            policy: layers.get(&keys::POLICY_FILE)?,
            privacy: PrivacyConfig {
                keep_headers: layers.get(&keys::KEEP_HEADERS)?,
            },
            traces: TracesConfig {
                joined_by: layers.get(&keys::JOINED_BY)?,
                session_headers: layers.get(&keys::SESSION_HEADERS)?,
            },
            evaluations: evaluations::resolve(layers)?,
            agent: AgentConfig {
                log: layers.get(&keys::LOG)?,
                drop_privileges: layers.get(&keys::DROP_PRIVILEGES)?,
                shutdown_timeout: layers.get(&keys::SHUTDOWN_TIMEOUT)?,
                proc: layers.get(&keys::PROC)?,
            },
        })
    }
}

impl Config {
    /// The part that the core works by, with rules made of [`Config::attribution`], for outputs that
    /// want this of what calls say.
    ///
    /// # Errors
    /// If the core refuses a header that the operator wants to keep.
    pub fn pipeline(
        &self,
        attribution: &AttributionRules,
        content: ContentCapture,
    ) -> Result<PipelineConfig, AllowListError> {
        let names = self.privacy.keep_headers.iter().map(HeaderName::as_str);
        let sessions = self.traces.session_headers.iter().map(HeaderName::as_str);
        Ok(PipelineConfig {
            body_bytes: usize::try_from(self.capture.exchange_cap).unwrap_or(usize::MAX),
            held_bytes: usize::try_from(self.capture.memory_cap).unwrap_or(usize::MAX),
            headers: attribution
                .admitted(AllowList::with(names)?)
                .naming_sessions(sessions),
            relations: match self.traces.joined_by {
                JoinedBy::All => Relations::All,
                JoinedBy::Ids => Relations::ByIds,
                JoinedBy::None => Relations::Off,
            },
            evaluations: self.evaluations.checks,
            attribution: attribution.clone(),
            // What goes nowhere is not kept either.
            content: match self.export.content {
                ContentPlace::None => ContentCapture::Off,
                _ => content,
            },
            hosts: self.providers.rules().to_vec(),
            ..PipelineConfig::default()
        })
    }
}

fn selection(layers: &Layers) -> Result<Selection, ConfigError> {
    Ok(Selection {
        pids: layers.get(&keys::PIDS)?,
        exes: layers.get(&keys::EXES)?,
        include: layers.get(&keys::INCLUDE)?,
        exclude: layers.get(&keys::EXCLUDE)?,
    })
}
