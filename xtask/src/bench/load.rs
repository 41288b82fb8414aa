//! Runs of the load client.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

/// Time given to every load before it is measured: the handshake, and the verdict on what is no
/// LLM traffic.
const WARMUP: Duration = Duration::from_millis(300);

/// A kind of load. The names are those of the client's `--mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// 16 KiB records sent, no LLM traffic.
    BulkTx,
    /// 16 KiB records received, no LLM traffic.
    BulkRx,
    /// `SSL_write` into nothing, no LLM traffic: the cost of the call alone.
    Discard,
    /// Chat completions of 2 KB each way.
    Json,
    /// Chat completions streamed in 200 chunks.
    Stream,
}

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// What kind.
    pub mode: Mode,
    /// Exchanges a second, or as many as possible.
    pub rate: Option<u32>,
    /// For people and for the detail of the JSON file.
    pub name: &'static str,
}

impl Load {
    /// Bulk sent at full rate.
    pub const BULK_TX: Self = Self {
        mode: Mode::BulkTx,
        rate: None,
        name: "bulk_tx",
    };
    /// Bulk received at full rate.
    pub const BULK_RX: Self = Self {
        mode: Mode::BulkRx,
        rate: None,
        name: "bulk_rx",
    };
    /// Calls of an ignored connection, and nothing else.
    pub const DISCARD: Self = Self {
        mode: Mode::Discard,
        rate: None,
        name: "discard",
    };
    /// JSON exchanges at full rate.
    pub const JSON: Self = Self {
        mode: Mode::Json,
        rate: None,
        name: "json",
    };
    /// Streams at full rate.
    pub const STREAM: Self = Self {
        mode: Mode::Stream,
        rate: None,
        name: "stream",
    };
    /// 2,000 JSON exchanges a second.
    pub const JSON_2000: Self = Self {
        mode: Mode::Json,
        rate: Some(2000),
        name: "json_2000",
    };
    /// 200 streams a second.
    pub const STREAM_200: Self = Self {
        mode: Mode::Stream,
        rate: Some(200),
        name: "stream_200",
    };

    /// All that a round measures, in this order.
    pub const ALL: [Self; 7] = [
        Self::BULK_TX,
        Self::BULK_RX,
        Self::DISCARD,
        Self::JSON,
        Self::STREAM,
        Self::JSON_2000,
        Self::STREAM_200,
    ];

    /// Whether it makes calls that the agent has to report.
    pub const fn is_llm(self) -> bool {
        matches!(self.mode, Mode::Json | Mode::Stream)
    }

    /// Runs the client against the provider on `port`.
    pub fn run(self, client: &Path, port: u16, seconds: f64) -> anyhow::Result<Sample> {
        let mut command = Command::new(client);
        command
            .args(["--mode", self.mode.name(), "--port", &port.to_string()])
            .args(["--connections", &self.mode.connections().to_string()])
            .args([
                "--seconds",
                &seconds.to_string(),
                "--warmup",
                &WARMUP.as_secs_f64().to_string(),
            ]);
        if let Some(rate) = self.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        let output = command
            .output()
            .with_context(|| format!("cannot run {}", client.display()))?;
        ensure!(
            output.status.success(),
            "the load client failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        serde_json::from_slice(&output.stdout).context("the load client printed no result")
    }
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::BulkTx => "bulk-tx",
            Self::BulkRx => "bulk-rx",
            Self::Discard => "discard",
            Self::Json => "json",
            Self::Stream => "stream",
        }
    }

    /// One long connection for bulk; enough for exchanges that no processor waits.
    const fn connections(self) -> u32 {
        match self {
            Self::BulkTx | Self::BulkRx | Self::Discard => 1,
            Self::Json | Self::Stream => 4,
        }
    }
}

/// What the client measured.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct Sample {
    /// Exchanges made in all, warm-up included.
    pub made: u64,
    /// Exchanges measured: what follows is of these.
    pub measured: u64,
    /// Calls of `SSL_read` and `SSL_write`.
    pub calls: u64,
    /// Plaintext, both directions.
    pub bytes: u64,
    /// Duration.
    pub seconds: f64,
    /// Processor time in user mode, microseconds.
    pub user_us: f64,
    /// Processor time in the kernel, microseconds.
    pub system_us: f64,
    /// Median latency, microseconds.
    pub p50_us: f64,
    /// Latency that one in a hundred exceeds, microseconds.
    pub p99_us: f64,
}

impl Sample {
    /// Exchanges a second.
    pub fn rate(&self) -> f64 {
        self.measured as f64 / self.seconds
    }

    /// Processor time of the client per exchange, microseconds.
    pub fn cpu_us(&self) -> f64 {
        (self.user_us + self.system_us) / self.measured as f64
    }
}
