//! Tier 1: real clients, the release agent, real collectors. One file per concern.
//!
//! Run by `cargo xtask e2e`; a test whose needs are not met prints `skipped: reason`.

mod agents;
mod assistants;
mod attach;
mod backends;
mod both_ends;
mod busy;
mod clients;
mod collector;
mod containers;
mod costs;
mod dotnet;
mod endurance;
mod failures;
mod gnutls;
mod golang;
mod http2;
mod inbound;
mod judges;
mod kill;
mod large;
mod large_programs;
mod libraries;
mod no_btf;
mod nss;
mod outage;
mod outputs;
mod peers;
mod plain_probes;
mod privacy;
mod processes;
mod realtime;
mod rustls;
mod rustls_served;
mod short_lives;
mod sockets;
mod stop;
mod storms;
mod stripped;
mod tapes;
mod telemetry;
