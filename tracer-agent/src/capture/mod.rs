//! From the kernel to segments. The only place with `unsafe` and with aya.

pub mod plan;
