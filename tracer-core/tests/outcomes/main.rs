//! What is found of calls, by what goes over the wire.

mod checks;
mod gateways;
mod judges;
mod moderation;
mod providers;
mod results;
#[expect(dead_code, reason = "not all of it is needed here")]
#[path = "../scene/mod.rs"]
mod scene;
mod tools;
