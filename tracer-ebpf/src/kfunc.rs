//! Calls of kernel functions, see `tracer_common::kfunc`.

use core::ffi::c_void;

use tracer_common::kfunc;

/// Whether this run of a session program is the return side.
#[inline(always)]
pub fn session_is_return(context: *mut c_void) -> bool {
    // SAFETY: the loader replaces the call; the kfunc takes the context (Linux 7.0) or nothing
    // (before), and returns a bool.
    let call: extern "C" fn(*mut c_void) -> u64 =
        unsafe { core::mem::transmute(kfunc::SESSION_IS_RETURN as usize) };
    call(context) as u8 != 0
}

/// Eight bytes that live from the entry of a probed call to its return.
#[inline(always)]
pub fn session_cookie(context: *mut c_void) -> *mut u64 {
    // SAFETY: as above; the kfunc never returns null.
    let call: extern "C" fn(*mut c_void) -> *mut u64 =
        unsafe { core::mem::transmute(kfunc::SESSION_COOKIE as usize) };
    call(context)
}
