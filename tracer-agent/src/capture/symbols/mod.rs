//! Finding the TLS functions of one ELF file, and the cheapest safe place to probe each.
//!
//! [`ElfImage`] reads the file by positioned reads in small pieces; [`plan`] turns it into a
//! [`ProbePlan`](super::plan::ProbePlan), or says why it cannot.

mod aarch64;
mod call_sites;
mod elf;
mod elf_data;
mod elf_references;
mod elf_symbols;
mod error_sites;
mod flow;
mod gnutls;
mod go;
mod locators;
mod not_traceable;
mod nss;
mod openssl;
mod probe_at;
mod read_result;
mod remembered;
mod rustls;
mod unwind_index;
mod x86_64;
mod x86_64_body;
mod x86_64_frame;
mod x86_64_reader;

pub use elf::{BuildId, ElfError, ElfImage, Machine};
pub use elf_symbols::Function;
pub use locators::plan;
pub use not_traceable::NotTraceable;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod host_libssl_tests;
#[cfg(test)]
mod read_result_tests;
#[cfg(test)]
mod tests;
