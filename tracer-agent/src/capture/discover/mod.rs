//! Which files to probe: every TLS library and TLS-carrying executable that any process maps now
//! or will map.
//!
//! [`Discoverer`] reports them as they appear, for capture; [`survey`] takes one look, for people.

mod analyst;
mod backlog;
mod discoverer;
mod discovery;
mod judge;
mod mapped;
mod perf_record;
mod perf_ring;
mod polling;
mod recent;
mod starting;
mod survey;
mod system;
mod tracked;

pub use discoverer::{Discoverer, LeftAlone, WatchMode, watch_mode};
pub use discovery::{BinaryFound, Discovery, Identity};
pub use mapped::process_ids;
pub use survey::{SurveyedFile, SurveyedProcess, survey};

#[cfg(test)]
mod tests;
