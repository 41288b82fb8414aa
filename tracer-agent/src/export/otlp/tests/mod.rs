//! The OTLP output against a collector that decodes what it gets.

mod annotations;
mod collector;
mod delivery;
mod events;
mod metrics;
mod outages;
mod security;

use std::time::Duration;

use collector::Collector;

use super::settings::{Endpoint, OtlpSettings, Protocol, SignalSettings};
use crate::{
    export::fanout::{Outputs, Running},
    telemetry::Telemetry,
};

/// Sends to `address`, quickly.
fn settings(address: &str, protocol: Protocol) -> OtlpSettings {
    let signal = SignalSettings {
        protocol,
        timeout: Some(Duration::from_secs(2)),
        ..SignalSettings::new(Endpoint::Base(address.to_owned()))
    };
    let mut settings = OtlpSettings {
        traces: Some(signal.clone()),
        metrics: Some(signal.clone()),
        logs: Some(signal),
        ..Default::default()
    };
    settings.batch.schedule_delay = Duration::from_millis(20);
    settings.metric_interval = Duration::from_secs(3600);
    settings
}

fn plain(collector: &Collector, protocol: Protocol) -> OtlpSettings {
    settings(&format!("http://{}", collector.address), protocol)
}

/// The OTLP output alone.
fn start(settings: &OtlpSettings) -> (Outputs, Running, Telemetry) {
    let telemetry = Telemetry::new();
    let (mut outputs, mut running) = (Outputs::default(), Running::default());
    outputs
        .add_otlp(&mut running, settings, &telemetry)
        .unwrap();
    (outputs, running, telemetry)
}
