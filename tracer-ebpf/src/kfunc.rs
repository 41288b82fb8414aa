//! Calls of kernel functions, see `tracer_common::kfunc`.

use tracer_common::kfunc;

/// Whether this run of a session program is the return side.
#[inline(always)]
pub fn session_is_return() -> bool {
    // SAFETY: the loader replaces the call; the kfunc takes nothing and returns a bool.
    let call: extern "C" fn() -> u64 =
        unsafe { core::mem::transmute(kfunc::SESSION_IS_RETURN as usize) };
    call() as u8 != 0
}

/// Eight bytes that live from the entry of a probed call to its return.
#[inline(always)]
pub fn session_cookie() -> *mut u64 {
    // SAFETY: the loader replaces the call; the kfunc takes nothing and never returns null.
    let call: extern "C" fn() -> *mut u64 =
        unsafe { core::mem::transmute(kfunc::SESSION_COOKIE as usize) };
    call()
}
