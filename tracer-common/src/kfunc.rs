//! Kernel functions that the loader links by name.
//!
//! Neither the BPF back-end for Rust nor aya can call a kfunc. The kernel half calls these helper
//! numbers, which no kernel has; before it loads a program, the loader turns each such call into
//! a call of the kfunc with the BTF id that the running kernel gives it.

/// `bool bpf_session_is_return(void)` (Linux 6.13), `(void *ctx)` since 7.0.
pub const SESSION_IS_RETURN: u32 = 0x7fff_0001;
/// `__u64 *bpf_session_cookie(void)` (Linux 6.13), `(void *ctx)` since 7.0.
pub const SESSION_COOKIE: u32 = 0x7fff_0002;

/// Number and name of each.
pub const ALL: [(u32, &str); 2] = [
    (SESSION_IS_RETURN, "bpf_session_is_return"),
    (SESSION_COOKIE, "bpf_session_cookie"),
];
