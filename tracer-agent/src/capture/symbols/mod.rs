//! Finding the TLS functions of one ELF file, and the cheapest safe place to probe each.
//!
//! [`ElfImage`] reads the file by positioned reads in small pieces; [`plan`] turns it into a
//! [`ProbePlan`](super::plan::ProbePlan), or says why it cannot.

mod aarch64;
mod elf;
mod elf_symbols;
mod flow;
mod not_traceable;
mod probe_point;
mod x86_64;

pub use elf::{BuildId, ElfError, ElfImage, Machine};
pub use elf_symbols::Function;
pub use not_traceable::NotTraceable;
pub use probe_point::plan;

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;
