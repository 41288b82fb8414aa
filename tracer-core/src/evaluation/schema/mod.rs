//! Checks of answers and of arguments of tools against the schemas that requests give.
//!
//! Schemas come from outside, and so do the texts that are checked: a schema is [admitted] only if
//! it refers to nothing but itself and the work of a check has a bound.
//!
//! [admitted]: admission

mod admission;
mod checker;
mod compiled;
#[cfg(any(test, feature = "fuzzing"))]
mod fuzz;
mod google;

pub(crate) use checker::Checker;
#[cfg(any(test, feature = "fuzzing"))]
pub use fuzz::fuzz_schema;
