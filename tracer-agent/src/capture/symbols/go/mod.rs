//! Go's `crypto/tls`, in programs with and without symbols.
//!
//! The runtime of Go carries a table of all functions with their names, for traces of stacks and
//! for its garbage collector, so stripping a program cannot take it away. [`function_table`] finds
//! and reads it, [`text_start`] finds the address that its places are relative to. The code itself
//! is the second sign: [`x86_64`] and [`aarch64`] take a function only if it begins with the check
//! of the goroutine's stack, made the way of the register ABI, and leads to the function that the
//! table knows to enlarge it. [`x86_64_read`] finds the place within `(*Conn).Read` at which one
//! probe sees a read; where that cannot be proven, and on arm64, its entry and all its returns are
//! probed. Return probes are never used: Go moves stacks. [`locate`] makes a plan of all this.

mod aarch64;
mod function_table;
mod locate;
mod text_start;
mod x86_64;
mod x86_64_read;

pub(super) use locate::plan;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod tests;
