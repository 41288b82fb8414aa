//! TLS functions of stripped files, found by the errors that they raise.
//!
//! BoringSSL and OpenSSL raise an error by a call with constants: the library, a code for the
//! reason, the path of the source file, and in OpenSSL the name of the function itself. The path
//! stays among the constants of a stripped file, so its references lead to the functions that
//! raise; and which reasons a function raises, together with what it calls and where its arguments
//! go, tells which function it is. Compilers, versions and the inlining of neighbours change
//! prologues and line numbers, but none of that.
//!
//! [`marks`] finds the paths, [`references`] the places in the code that mention them,
//! [`function`] the functions around those, [`conduct`] what each does. [`boringssl`] and
//! [`openssl`] recognise the functions that matter, each by two signs, and [`locate`] makes a plan
//! of them.

mod aarch64_conduct;
mod boringssl;
mod conduct;
mod function;
mod known;
mod locate;
mod marks;
mod openssl;
mod references;
mod x86_64_conduct;

pub(super) use locate::plan;
pub(super) use marks::places_of;
pub(super) use references::{each_chunk, references};

#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod tests;
