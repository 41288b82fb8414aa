//! Segments in, calls and verdicts out. Owns every connection's state.
//!
//! ```text
//! segment / close / advance  ->  Pipeline  ->  poll: Verdict | Call | LostExchanges
//!
//! Pipeline ─► Connection ─► Detector, then Http (h1 or h2) ─► Exchanges ─► CallBuilder per LLM call
//!                                   │                            ├─► Judge: verdict, Turns: losses
//!                                   │                            ├─► Tunnel: what a stream carries
//!                                   │                            ├─► BothEnds, Processes: who serves it
//!                                   ▼                            └─► Sessions, Unfinished: what other
//!                                RealtimeConnection                  connections tell of a call
//! ```

mod background;
mod both_ends;
mod config;
mod connection;
mod core;
mod exchanges;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod handshake;
mod holdings;
mod http;
mod judge;
mod output;
mod peers;
mod processes;
mod socket_pairs;
mod stats;
mod tunnel;
mod turns;
mod websocket;

pub use self::{config::PipelineConfig, core::Pipeline, output::Output, stats::Stats};
