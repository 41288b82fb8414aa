//! The agent itself.

use std::fs;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};

use super::registry;

/// Reads the agent's memory at each scrape.
#[derive(Debug)]
pub(super) struct ProcessCollector;

/// Resident memory in bytes: `VmRSS` of `/proc/self/status` (proc(5)), there in KiB.
fn resident_bytes() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kib.checked_mul(1024)
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(bytes) = resident_bytes() else {
            return Ok(());
        };
        let info = registry::RESIDENT_MEMORY;
        let encoder = encoder.encode_descriptor(info.name, info.help, None, MetricType::Gauge)?;
        ConstGauge::new(bytes).encode(encoder)
    }
}
