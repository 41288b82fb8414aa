//! The command line.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    config::{
        effective::Config,
        environment,
        error::ConfigError,
        file,
        flags::{ProcessFlags, SettingFlags},
        layers::{Layer, Layers},
        setting::{Refusal, Scalar},
        units::Within,
    },
    env_vars::LLM_TRACER_CONFIG,
};

/// Sees every LLM call on this host and exports it as OpenTelemetry spans and metrics, with no
/// change to the applications.
#[derive(Debug, Parser)]
#[command(
    name = "tracer-agent",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Start here:
  tracer-agent doctor                 what this host allows and what can be traced on it
  tracer-agent run                    trace everything, print one line per call
  tracer-agent run --otlp-endpoint http://127.0.0.1:4318
                                      the same, and send spans and metrics to a collector

Prompts and answers never leave the agent unless a policy lets them out: see `policy --help`.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Trace this host until interrupted.
    ///
    /// Attaches to the TLS libraries of running and future processes, prints each LLM call as it
    /// completes and exports it where an endpoint is configured. Needs root or CAP_BPF,
    /// CAP_PERFMON, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. Prints a line with `ready` once
    /// attached.
    #[command(after_help = "\
Settings are taken from flags, then the environment (OTEL_* first), then the file, then defaults;
`tracer-agent config print` shows the outcome. Settings without a flag are in the reference.

Examples:
  tracer-agent run --exe '/usr/bin/python3*' --format json
  tracer-agent run --exclude name:curl --exclude 'cgroup:*/kubepods*'
  OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 tracer-agent run --format none

Exit status: 0 stopped by SIGTERM or SIGINT with everything delivered that waited then, 1 a failure,
2 a wrong command line or configuration, 3 stopped but not everything was delivered, at once by a
second signal.")]
    Run(SettingsArgs),

    /// Trace this host and record a tape of it, for a bug report.
    ///
    /// Does what `run` does, and writes down what it saw, so that it can be replayed without root
    /// and without this host. Prompts, answers, tool arguments and credentials are masked, see
    /// docs/tapes.md. Ends by SIGTERM or SIGINT, or with the tape.
    #[command(after_help = "\
Examples:
  tracer-agent record --output bug.jsonl.gz --exe '/usr/bin/python3*' --duration 30s
  tracer-agent replay bug.jsonl.gz")]
    Record(RecordArgs),

    /// Replay a tape through the whole pipeline, without root.
    ///
    /// Reads what `record` wrote, compressed or not, and reports its calls as `run` does. Exit status
    /// as of `run`; 3 if any of its calls was not delivered.
    #[command(after_help = "\
Examples:
  tracer-agent replay bug.jsonl.gz
  tracer-agent replay bug.jsonl --format json
  tracer-agent replay bug.jsonl --format none --otlp-endpoint http://127.0.0.1:4318")]
    Replay(ReplayArgs),

    /// Attach empty programs where `run` would attach real ones, for benchmarks.
    #[command(hide = true)]
    BareProbe(SettingsArgs),

    /// Say what this host allows, what can be traced on it, and what to do about the rest.
    ///
    /// Tries what the kernel offers, lists the capabilities the agent has and lacks, and looks at
    /// every process and its TLS libraries. Exit status 0 if this host can be traced.
    #[command(after_help = "\
Examples:
  tracer-agent doctor
  tracer-agent doctor --pid 4711
  tracer-agent doctor --format json")]
    Doctor(DoctorArgs),

    /// Show or check the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Check a policy, or show what it lets out of the calls of a tape.
    #[command(subcommand)]
    Policy(PolicyCommand),

    /// Print a completion script for a shell.
    #[command(after_help = "\
Examples:
  tracer-agent completions bash > /etc/bash_completion.d/tracer-agent
  tracer-agent completions zsh  > \"${fpath[1]}/_tracer-agent\"
  tracer-agent completions fish > ~/.config/fish/completions/tracer-agent.fish")]
    Completions {
        /// Which shell.
        shell: Shell,
    },

    /// Write the reference pages into a directory.
    #[command(hide = true)]
    GenerateDocs {
        /// Where to.
        directory: PathBuf,
    },
}

/// Where settings come from.
#[derive(Debug, Clone, Args)]
pub struct SettingsArgs {
    /// Configuration file (TOML) [default: /etc/llm-tracer/config.toml if present].
    #[arg(long, value_name = "FILE", env = LLM_TRACER_CONFIG, hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// Flags that are settings.
    #[command(flatten)]
    pub flags: SettingFlags,
}

impl SettingsArgs {
    /// All sources.
    pub fn layers(&self) -> Result<Layers, ConfigError> {
        layers(&self.flags.0, self.config.as_deref())
    }

    /// The effective configuration.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        Config::resolve(&self.layers()?)
    }
}

/// `record`.
#[derive(Debug, Clone, Args)]
pub struct RecordArgs {
    /// The tape, a new file; compressed if its name ends in `.gz`.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,

    /// End after this time, such as 30s or 5m.
    #[arg(long, value_name = "TIME", value_parser = word::<Duration>)]
    pub duration: Option<Duration>,

    /// End before the tape is larger than this, uncompressed.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = bytes)]
    pub max_bytes: u64,

    /// Record everything as it is: prompts, answers, tool arguments, credentials. Without it, calls over
    /// HTTP/2 and WebSockets are not on the tape, since they cannot be masked; how many is told at the end.
    #[arg(long)]
    pub content: bool,

    /// The settings of `run`.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// `replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// The tape.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The settings of `run`; those of the capture do nothing here.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// A word as the configuration file has it.
fn word<T: Scalar>(text: &str) -> Result<T, String> {
    T::from_text(text).map_err(|Refusal(why)| format!("{why}: expected {}", T::EXPECTS))
}

fn bytes(text: &str) -> Result<u64, String> {
    word::<Within<4096, { 1 << 40 }>>(text).map(|Within(size)| size.0)
}

/// `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// How to report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
    pub format: ReportFormat,

    /// Configuration file (TOML) [default: /etc/llm-tracer/config.toml if present].
    #[arg(long, value_name = "FILE", env = LLM_TRACER_CONFIG, hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// Which processes.
    #[command(flatten)]
    pub processes: ProcessFlags,
}

impl DoctorArgs {
    /// The effective configuration.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        Config::resolve(&layers(&self.processes.0, self.config.as_deref())?)
    }
}

/// Flags over environment over file.
fn layers(flags: &Layer, file: Option<&Path>) -> Result<Layers, ConfigError> {
    let file = match file {
        Some(path) => file::read(path)?,
        None => file::read_default()?,
    };
    let environment = environment::layer(|name| std::env::var_os(name));
    Ok(Layers::new([flags.clone(), environment, file]))
}

/// How `doctor` reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the effective configuration and where each value comes from.
    ///
    /// The output is itself a valid configuration file.
    Print(SettingsArgs),

    /// Check a configuration file and say what is wrong with it.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a policy, say what it means in words, and warn of what is likely not meant.
    ///
    /// Exit status 0 if it can be used, 2 if not.
    Check {
        /// The policy (TOML), see docs/policy.md.
        file: PathBuf,
    },

    /// Show what would leave of a tape, field by field.
    ///
    /// Replays the tape and says of each call which rule decides, what leaves with which value, and
    /// what stays for which reason; and what leaves of the turns and tools around it, of processes, and
    /// as metrics. That is all that a collector would be sent, as the configuration says. Nothing is
    /// sent anywhere. Texts on a tape are masked unless it was recorded with --content: then it cannot
    /// be told what masking would find in them.
    #[command(after_help = "\
Examples:
  tracer-agent record --content --output calls.jsonl --duration 30s
  tracer-agent policy explain policy.toml calls.jsonl
  tracer-agent policy explain policy.toml calls.jsonl --format json
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=event_only \\
      tracer-agent policy explain policy.toml calls.jsonl")]
    Explain(ExplainArgs),
}

/// `policy explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The policy (TOML).
    #[arg(value_name = "POLICY")]
    pub policy: PathBuf,

    /// The tape.
    #[arg(value_name = "TAPE")]
    pub tape: PathBuf,

    /// How to report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
    pub format: ReportFormat,

    /// Configuration file (TOML) [default: /etc/llm-tracer/config.toml if present].
    #[arg(long, value_name = "FILE", env = LLM_TRACER_CONFIG, hide_env_values = true)]
    pub config: Option<PathBuf>,
}

impl ExplainArgs {
    /// The effective configuration.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        Config::resolve(&layers(&Layer::new(), self.config.as_deref())?)
    }
}
