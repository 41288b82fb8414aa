//! Empty programs at the same places, for benchmarks: what the breakpoints alone cost.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use anyhow::{Context as _, Result};

use super::{
    preparation::prepare,
    prober::{Prober, ProberParts},
    shutdown::{NO_SIGNALS, StopSignals},
    sources::Sources,
    supervisor::{announce, listen, witness},
    threads::join,
};
use crate::{capture::mechanism::ProgramSet, config::effective::Config, telemetry::Telemetry};

/// Attaches them until a signal ends it.
///
/// # Errors
/// Whatever keeps the programs from being attached.
pub fn run(config: &Config) -> Result<ExitCode> {
    let (loaded, mechanism) = prepare(config)?;
    let (lives, _) = mpsc::channel();
    let telemetry = Telemetry::new();
    let witness = witness(config, &telemetry);
    let listener = listen(config, mechanism, &telemetry, &witness, lives)?;
    let prober = Prober::start(ProberParts {
        listener,
        loaded,
        sockets: None,
        mechanism,
        set: ProgramSet::Bare,
        sources: Sources::default(),
        witness,
        telemetry,
    })
    .context("cannot start a thread")?;
    announce(&prober, mechanism);
    let stop = Arc::new(AtomicBool::new(false));
    let thread = prober
        .spawn(stop.clone())
        .context("cannot start a thread")?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(async {
            let mut signals = StopSignals::listen().context(NO_SIGNALS)?;
            signals.next().await;
            anyhow::Ok(())
        })?;
    stop.store(true, Ordering::Relaxed);
    join(thread.into_thread());
    Ok(ExitCode::SUCCESS)
}
