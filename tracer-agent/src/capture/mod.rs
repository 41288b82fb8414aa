//! From the kernel to segments. The only place with `unsafe` and with aya.

pub mod attach;
mod bpf_call;
pub mod discover;
mod kernel_btf;
pub mod load;
pub mod mechanism;
pub mod object;
pub mod plan;
pub mod symbols;
