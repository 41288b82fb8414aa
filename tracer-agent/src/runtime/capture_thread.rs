//! The thread that reads the ring buffer and drives the core.

use std::sync::{Arc, atomic::AtomicBool};

use anyhow::{Context as _, Result};
use aya::maps::RingBuf;
use tracer_common::control::Control;

use super::{driver::Driver, threads::Watched, traced::TracedProcesses};
use crate::{
    capture::{
        control::ControlPage,
        load::{LoadError, Loaded},
        priority,
        ring::RingReader,
        tables::Caps,
    },
    config::{choices::ReaderPriority, effective::Config},
};

/// Starts the reader's thread.
pub(super) fn spawn(
    mut reader: RingReader,
    mut driver: Driver<TracedProcesses>,
    priority: ReaderPriority,
    stop: Arc<AtomicBool>,
) -> Result<Watched> {
    Watched::spawn("capture", move || {
        if let ReaderPriority::RealTime(level) = priority
            && let Err(error) = priority::make_real_time(level)
        {
            tracing::warn!("cannot raise the reader's priority: {error} (needs CAP_SYS_NICE)");
        }
        reader.run(&mut driver, &stop);
    })
    .context("cannot start a thread")
}

/// The reader of the ring, and what the kernel half is told.
///
/// # Errors
/// If the object lacks a map, or one cannot be mapped.
pub(super) fn reader(
    loaded: &mut Loaded,
    config: &Config,
) -> Result<(RingReader, Arc<ControlPage>)> {
    let missing = |name: &str| LoadError::Object(format!("no map `{name}`"));
    let control = match loaded
        .ebpf
        .take_map("CONTROL")
        .ok_or_else(|| missing("CONTROL"))?
    {
        aya::maps::Map::Array(data) => data,
        _ => return Err(missing("CONTROL").into()),
    };
    let settings = Control {
        // The reader begins by polling: nobody pays for waking it when it starts under load.
        wake: 0,
        own_tgid: std::process::id(),
        head: caps(config).unknown,
        sockets: 0,
        zero: 0,
    };
    let page = ControlPage::new(control, settings).context("cannot map the control page")?;
    let page = Arc::new(page);
    let events = loaded
        .ebpf
        .take_map("EVENTS")
        .ok_or_else(|| missing("EVENTS"))?;
    let ring = RingBuf::try_from(events).context("cannot map the ring buffer")?;
    tracing::debug!(bytes = config.capture.ring_size, "ring buffer mapped");
    let reader = RingReader::new(ring, page.clone()).context("cannot map the ring's positions")?;
    Ok((reader, page))
}

/// How many bytes are forwarded, as configured.
pub(super) fn caps(config: &Config) -> Caps {
    Caps::new(u32::try_from(config.capture.exchange_cap).unwrap_or(u32::MAX))
}
