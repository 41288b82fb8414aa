//! Segments in, calls and verdicts out. Owns every connection's state.
//!
//! ```text
//! segment / close / advance  ->  Pipeline  ->  poll: Verdict | Call | LostExchanges
//! ```

mod config;
mod core;
mod stats;

pub use self::{
    config::PipelineConfig,
    core::{Output, Pipeline},
    stats::Stats,
};
