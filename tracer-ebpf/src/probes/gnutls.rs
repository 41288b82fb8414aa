//! GnuTLS, beyond what it has in common with OpenSSL: reads and writes take the session and the buffer
//! first and return the count, as there.
//!
//! ```c
//! void gnutls_record_cork(gnutls_session_t session);
//! int gnutls_record_uncork(gnutls_session_t session, unsigned int flags);
//! ```
//!
//! What is written to a corked session is only kept; when it is uncorked, the library writes it by the
//! function that programs write with. So writes count while a session is not corked. Bias: one that
//! was not uncorked whole, since its socket took no more, and is written to before it is tried again,
//! has these bytes told twice.

use aya_ebpf::{macros::uprobe, programs::ProbeContext};

use super::openssl::cookie;
use crate::connection::{self, Caller};

/// `gnutls_record_cork`: writes are kept from now on.
#[uprobe]
pub fn cork(ctx: ProbeContext) -> u32 {
    if let Some(session) = ctx.arg::<u64>(0) {
        let key = Caller::current().key(session);
        if let Some(state) = connection::find_or_open(&key, || cookie(&ctx).source()) {
            state.corked = 1;
        }
    }
    0
}

/// `gnutls_record_uncork`: what was kept is written now.
#[uprobe]
pub fn uncork(ctx: ProbeContext) -> u32 {
    if let Some(session) = ctx.arg::<u64>(0)
        && let Some(state) = connection::find(&Caller::current().key(session))
    {
        state.corked = 0;
    }
    0
}
