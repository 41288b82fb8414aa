//! What may leave the core: metadata of calls, bounded and cleaned.

mod bounds;
mod release;

pub use release::release;
