//! The kernel half: sees TLS calls return and sockets move bytes, keeps offsets and verdicts, forwards
//! bytes.
//!
//! It does not know what the bytes mean. One file per TLS family under `probes`; every probe
//! names the prototype that it assumes.
#![no_std]
#![no_main]

mod connection;
mod emit;
mod endpoints;
mod frame;
mod goroutine;
mod kfunc;
mod maps;
mod probes;
mod socket;
mod syscall;
mod vector;
mod watch;

#[cfg(not(test))]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier accepts no program that can get here.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
