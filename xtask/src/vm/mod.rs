//! `cargo xtask vm`: boots Debian kernels and traces real exchanges inside.
//!
//! ```text
//! packages (apt) -> unpacked -> initramfs (agent, providers, families, plan) -> qemu -> GuestReport
//!     -> a judgement for each family
//! ```

mod architecture;
mod archive;
mod command;
mod cross;
mod debian;
mod families;
mod guest;
mod initramfs;
mod judge;
mod libraries;
mod machine;
mod modules;
mod plan;
mod programs;

pub use command::{Arguments, run};
