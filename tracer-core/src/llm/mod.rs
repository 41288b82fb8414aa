//! From exchanges to calls: who is the provider, what was asked, what came back.

pub mod call;
mod hosts;
pub mod provider;
pub mod recognise;
pub mod usage;
