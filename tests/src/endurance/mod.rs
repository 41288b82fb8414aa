//! What only time shows: calls of many runtimes over minutes, processes by the ten thousand, an agent that
//! comes and goes a thousand times. The tests run short forms of what `cargo xtask soak`, `churn` and
//! `cycles` run.

pub mod check;
pub mod churn;
pub mod clients;
pub mod cycles;
pub mod driver;
pub mod life;
pub mod slot;
pub mod soak;
pub mod verdict;
pub mod vitals;
