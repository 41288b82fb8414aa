//! The binary interface between the kernel half (`tracer-ebpf`) and the user half
//! (`tracer-agent::capture`).
//!
//! Both halves are built from one tree, but by two compilers: every layout is asserted at compile
//! time, so that a disagreement is a build error and never a wrong number.
#![no_std]

pub mod conn;
pub mod control;
pub mod cookie;
pub mod counters;
pub mod endpoints;
pub mod event;
pub mod go;
pub mod kfunc;
pub mod record;
pub mod socket;
pub mod verdict;
pub mod watch;
