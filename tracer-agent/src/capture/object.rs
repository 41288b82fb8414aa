//! The eBPF object that was built into this binary.

/// Alignment that ELF parsers want.
#[repr(align(8))]
struct Aligned<Bytes: ?Sized>(Bytes);

static EMBEDDED: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/tracer-ebpf.o")));

/// The binary was built without an eBPF toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this binary was built without the eBPF program and cannot trace: run `cargo xtask build`")]
pub struct NoObject;

/// The object's bytes.
///
/// # Errors
/// If the binary was built without it.
pub fn bytes() -> Result<&'static [u8], NoObject> {
    if EMBEDDED.0.is_empty() {
        Err(NoObject)
    } else {
        Ok(&EMBEDDED.0)
    }
}
