//! Plans by build id: a file of hundreds of megabytes is read through once, however many copies of
//! it containers run or packages unpack.
//!
//! A build id says what a linker made. Somebody may have changed the file since, so the code at each
//! probe is compared as well.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};

use lru::LruCache;

use super::super::super::plan::ProbePlan;
use super::super::elf::{BuildId, ElfImage};

/// Plans kept.
const MOST: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// Bytes of code compared at each probe.
const COMPARED: u64 = 32;

static PLANS: LazyLock<Mutex<LruCache<BuildId, Remembered>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(MOST)));

struct Remembered {
    plan: ProbePlan,
    code: Vec<Vec<u8>>,
}

/// The plan made of another copy of this file, if it fits this one.
pub fn recall(image: &ElfImage, id: &BuildId) -> Option<ProbePlan> {
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = plans.get(id)?;
    (code(image, &known.plan)? == known.code).then(|| known.plan.clone())
}

/// Remembers a plan.
pub fn keep(image: &ElfImage, id: BuildId, plan: &ProbePlan) {
    if let Some(code) = code(image, plan) {
        let plan = plan.clone();
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        plans.put(id, Remembered { plan, code });
    }
}

/// The code at each point of a plan; nothing where this file has none.
fn code(image: &ElfImage, plan: &ProbePlan) -> Option<Vec<Vec<u8>>> {
    plan.points
        .iter()
        .map(|point| image.read_vec(point.file_offset, COMPARED).ok())
        .collect()
}
