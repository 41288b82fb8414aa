//! Calls that belong together, by scenarios: what was sent, and the tree that must come of it.

mod agents;
mod alike;
mod attempts;
mod bounds;
mod conversations;
mod forced;
mod gateways;
mod hops;
mod inbound;
mod orphans;
mod retrieval;
#[expect(dead_code, reason = "not all of it is needed here")]
#[path = "../scene/mod.rs"]
mod scene;
mod tree;
mod users;
