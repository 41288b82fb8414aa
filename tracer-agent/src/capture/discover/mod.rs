//! Which files to probe: every TLS library and TLS-carrying executable that any process maps now
//! or will map.
//!
//! [`Discoverer`] reports them as they appear, for capture; [`survey`] takes one look, for people.

mod analyst;
mod backlog;
mod census;
mod departed;
mod discoverer;
mod discovery;
mod events;
mod judge;
mod mapped;
mod perf_record;
mod perf_ring;
mod polling;
mod question;
mod readers;
mod recent;
mod starting;
mod survey;
mod system;
mod tracked;
mod under_probe;
mod watch;

pub use discoverer::{Audience, Discoverer};
pub use discovery::{
    BinaryFound, BlindSpot, Discovery, Failure, FileNews, Identity, LookedAt, Number, ProcessNews,
};
pub use mapped::{FileKey, process_ids};
pub use survey::{FileNumber, SurveyedContent, SurveyedFile, SurveyedProcess, survey};
pub use tracked::Finding;
pub use watch::{WatchMode, watch_mode};

#[cfg(test)]
mod census_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod tests;
