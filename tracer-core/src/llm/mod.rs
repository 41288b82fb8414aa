//! From exchanges to calls: who is the provider, what was asked, what came back.

pub mod call;
pub mod usage;
