//! Plans by build id: a file of hundreds of megabytes is read through once, however many copies of
//! it containers run or packages unpack.
//!
//! A build id says what a linker made. Somebody may have changed the file since, so the code at each
//! probe is compared as well.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};

use lru::LruCache;

use super::super::plan::{Located, ProbePlan};
use super::elf::{BuildId, ElfImage};
use super::not_traceable::NotTraceable;

/// Plans kept.
const MOST: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// Bytes of code compared at each probe.
const COMPARED: u64 = 32;

/// Which file, and which way of locating.
type Key = (BuildId, Located);

static PLANS: LazyLock<Mutex<LruCache<Key, Remembered>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(MOST)));

struct Remembered {
    plan: ProbePlan,
    code: Vec<Vec<u8>>,
}

/// What `locate` plans, or what it planned for another copy of the file.
///
/// # Errors
/// Those of `locate`.
pub fn plan_once(
    image: &ElfImage,
    located: Located,
    locate: impl FnOnce(&ElfImage) -> Result<Option<ProbePlan>, NotTraceable>,
) -> Result<Option<ProbePlan>, NotTraceable> {
    let Some(id) = image.build_id() else {
        return locate(image);
    };
    let key = (id, located);
    if let Some(plan) = recall(image, &key) {
        return Ok(Some(plan));
    }
    let found = locate(image)?;
    if let Some(plan) = &found {
        keep(image, key, plan);
    }
    Ok(found)
}

/// The plan made of another copy of this file, if it fits this one.
fn recall(image: &ElfImage, key: &Key) -> Option<ProbePlan> {
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = plans.get(key)?;
    (code(image, &known.plan)? == known.code).then(|| known.plan.clone())
}

fn keep(image: &ElfImage, key: Key, plan: &ProbePlan) {
    if let Some(code) = code(image, plan) {
        let plan = plan.clone();
        let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        plans.put(key, Remembered { plan, code });
    }
}

/// The code at each point of a plan; nothing where this file has none.
fn code(image: &ElfImage, plan: &ProbePlan) -> Option<Vec<Vec<u8>>> {
    plan.points
        .iter()
        .map(|point| image.read_vec(point.file_offset, COMPARED).ok())
        .collect()
}
