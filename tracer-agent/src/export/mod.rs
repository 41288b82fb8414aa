//! Released calls out: OTLP, terminal, JSON lines. Sees nothing that the policy did not release.

pub mod otlp;
pub mod record;
