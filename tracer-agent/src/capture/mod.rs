//! From the kernel to segments. The only place with `unsafe` and with aya.

pub mod attach;
mod bpf_call;
pub mod clock;
pub mod control;
pub mod detach;
pub mod discover;
mod endpoints;
pub mod features;
mod kernel_btf;
mod kernel_error;
pub mod kernel_event;
mod kernel_function;
pub mod load;
pub mod mechanism;
pub mod object;
mod perf_event;
pub mod plan;
pub mod priority;
pub mod ring;
mod ring_fill;
pub mod self_test;
pub mod socket_hook;
pub mod sockets;
pub mod symbols;
pub mod tables;
#[cfg(test)]
mod test_needs;
