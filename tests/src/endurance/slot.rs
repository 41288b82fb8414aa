//! One of the processes that run at once: it calls, ends or is killed, and is started anew.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::{
    clients::Client,
    driver::Driver,
    life::{CALLS, Life, mark},
};
use crate::{harness::chance::Chance, provider::running::Provider};

/// Shortest and longest pause after a call.
const PAUSE: (Duration, Duration) = (Duration::from_millis(150), Duration::from_millis(700));
/// Longest wait before a call under way is cut.
const CUT_WITHIN: Duration = Duration::from_millis(120);

/// What all slots share.
#[derive(Debug)]
pub struct Shared<'a> {
    /// Serves them all.
    pub provider: &'a Provider,
    /// Shortest and longest life.
    pub lifetime: (Duration, Duration),
    /// Lives so far, complete only when every slot has stopped.
    pub lives: Mutex<Vec<Life>>,
    /// No new call after this is set.
    pub stop: AtomicBool,
    /// Lives begun.
    pub begun: AtomicU64,
}

impl<'a> Shared<'a> {
    /// Nothing has lived yet.
    pub fn new(provider: &'a Provider, lifetime: (Duration, Duration)) -> Self {
        Self {
            provider,
            lifetime,
            lives: Mutex::default(),
            stop: AtomicBool::new(false),
            begun: AtomicU64::new(0),
        }
    }

    /// What was lived.
    pub fn into_lives(self) -> Vec<Life> {
        self.lives
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// One life after the other until all stop.
///
/// # Errors
/// If a client fails where nobody killed it.
pub fn run(client: &Client, slot: usize, shared: &Shared<'_>) -> Result<()> {
    let mut chance = Chance::new(slot as u64 + 1);
    while !shared.is_over() {
        live(client, slot, shared, &mut chance)
            .with_context(|| format!("{} (process {slot})", client.name))?;
    }
    Ok(())
}

fn live(client: &Client, slot: usize, shared: &Shared<'_>, chance: &mut Chance) -> Result<()> {
    let mut driver = Driver::start(client, shared.provider)?;
    let mut life = Life {
        number: shared.begun.fetch_add(1, Ordering::Relaxed) + 1,
        slot,
        pid: driver.id(),
        answered: 0,
        cut: false,
    };
    let result = calls(client, &mut driver, &mut life, shared, chance);
    let cut = life.cut;
    let mut lives = shared.lives.lock().unwrap_or_else(PoisonError::into_inner);
    lives.push(life);
    drop(lives);
    result?;
    if cut {
        driver.kill();
        Ok(())
    } else {
        driver.finish()
    }
}

/// Calls until the life is over. Every other life is cut in the middle of a call.
fn calls(
    client: &Client,
    driver: &mut Driver,
    life: &mut Life,
    shared: &Shared<'_>,
    chance: &mut Chance,
) -> Result<()> {
    let end = Instant::now() + chance.between(shared.lifetime);
    let is_cut = chance.is(1, 2);
    while Instant::now() < end && !shared.is_over() && life.answered + 1 < CALLS {
        let n = life.call(life.answered);
        driver.begin(n, &words(client, life.slot, chance, false))?;
        driver.answered(n)?;
        life.answered += 1;
        thread::sleep(chance.between(PAUSE));
    }
    if is_cut && !shared.is_over() {
        let n = life.call(life.answered);
        driver.begin(n, &words(client, life.slot, chance, true))?;
        life.cut = true;
        thread::sleep(chance.between((Duration::ZERO, CUT_WITHIN)));
    }
    Ok(())
}

/// Whole answers and streams; one that is to be cut takes its time.
fn words(client: &Client, slot: usize, chance: &mut Chance, slow: bool) -> String {
    let kind = match (slow, client.streams() && chance.is(1, 2)) {
        (true, true) => "-stream-20-pace-10",
        (true, false) => "-delay-60",
        (false, true) => "-stream-12-pace-2",
        (false, false) => "",
    };
    mark(slot) + kind
}
