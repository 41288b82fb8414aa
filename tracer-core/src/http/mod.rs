//! HTTP from ordered bytes: exchanges with their heads and decoded bodies.

pub mod allow_list;
pub mod exchange;
pub mod h1;
pub mod head;
