//! `cargo xtask vm`: boots Debian kernels and traces real exchanges inside.
//!
//! ```text
//! packages (apt) -> unpacked -> initramfs (agent, load, server) -> qemu -> GuestReport -> checks
//! ```

mod archive;
mod command;
mod debian;
mod guest;
mod initramfs;
mod machine;

pub use command::{Arguments, run};
