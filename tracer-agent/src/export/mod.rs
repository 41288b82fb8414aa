//! Released calls out: OTLP, terminal, JSON lines. Sees nothing that the policy did not release.

pub mod attributor;
pub mod delivery;
pub mod fanout;
pub mod fields;
pub mod finish;
pub mod ids;
pub mod jsonl;
pub mod lines;
pub mod otlp;
pub mod queue;
pub mod recent;
pub mod record;
pub mod size;
pub mod spending;
pub mod terminal;
mod withholder;

#[cfg(test)]
pub(crate) mod samples;
