//! Calls that belong together, by scenarios: what was sent, and the tree that must come of it.

mod agents;
mod alike;
mod attempts;
mod bounds;
mod conversations;
mod gateways;
mod inbound;
mod orphans;
mod scene;
mod tree;
mod users;
