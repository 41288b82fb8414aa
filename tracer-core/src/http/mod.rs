//! HTTP from ordered bytes: exchanges with their heads and decoded bodies.

pub mod exchange;
pub mod head;
