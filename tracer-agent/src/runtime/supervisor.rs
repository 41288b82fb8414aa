//! Starts the parts in the right order, waits, and stops them in the reverse order.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use aya::maps::RingBuf;
use tracer_common::control::Control;
use tracer_core::pipeline::Pipeline;

use super::{
    driver::{Driver, DriverParts},
    prober::{Prober, ProberParts, Sources},
};
use crate::{
    capture::{
        control::ControlPage,
        load::{LoadError, LoadOptions, Loaded},
        mechanism::{Mechanism, ProgramSet},
        ring::RingReader,
        self_test,
        tables::{Caps, Tables},
    },
    config::effective::Config,
};
