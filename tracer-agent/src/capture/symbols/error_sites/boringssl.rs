//! BoringSSL and the libraries derived from it.
//!
//! ```c
//! void ERR_put_error(int library, int unused, int reason, const char *file, unsigned line);
//!
//! int SSL_read(SSL *ssl, void *buf, int num);         // takes SSL_peek in, raises 66
//! int SSL_peek(SSL *ssl, void *buf, int num);         // raises 66
//! static int ssl_read_impl(SSL *ssl);                 // raises 226, 215
//! int SSL_write(SSL *ssl, const void *buf, int num);  // raises 66, 226, 215, 111; until 2022 194 for 111
//! SSL *SSL_new(SSL_CTX *ctx);                         // raises 185
//! int SSL_shutdown(SSL *ssl);                         // raises 226, 291
//! ```
//!
//! The reasons are part of the interface (`ssl.h`, `err.h`) and do not change. They are the first
//! sign; the second is what the function does with its arguments:
//!
//! - `SSL_write` passes the object and the buffer to a method of the object, which is a call
//!   through a pointer.
//! - `SSL_read` passes the object to `ssl_read_impl`, which is known by its own reasons, and
//!   copies to the buffer. `SSL_peek` does the same and no more, while `SSL_read` also writes to
//!   the object what was consumed.
//! - `SSL_shutdown` passes the object to `ssl_read_impl`, too.
//! - `SSL_new` calls through a pointer of what it has made, and raises nothing else.

use super::super::super::plan::{CountLocation, ProbeRole};
use super::conduct::{Branch, BranchKind, Conduct};
use super::function::Function;
use super::known::{Known, only};

/// `ERR_LIB_SSL`.
const LIBRARY: u64 = 16;
/// `ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED`.
const NOT_TO_BE_CALLED: u64 = 66;
/// `SSL_R_BAD_LENGTH`.
const BAD_LENGTH: u64 = 111;
/// `SSL_R_PROTOCOL_IS_SHUTDOWN`.
const SHUT_DOWN: u64 = 194;
/// `SSL_R_NULL_SSL_CTX`.
const NULL_CONTEXT: u64 = 185;
/// `SSL_R_SSL_HANDSHAKE_FAILURE`.
const HANDSHAKE_FAILURE: u64 = 215;
/// `SSL_R_UNINITIALIZED`.
const UNINITIALIZED: u64 = 226;
/// `SSL_R_APPLICATION_DATA_ON_SHUTDOWN`.
const DATA_ON_SHUTDOWN: u64 = 291;

/// What can be recognised among the functions that raise errors of `ssl_lib.cc`, whose path lies
/// at one of `files`.
pub fn recognise(functions: &[Function], files: &[u64]) -> Vec<Known> {
    let raising: Vec<Raising<'_>> = functions
        .iter()
        .map(|function| Raising {
            function,
            reasons: reasons(&function.conduct, files),
        })
        .collect();
    let reader = only(raising.iter().filter(|it| it.is_read_impl())).map(|it| it.function.entry);
    let found = |role, name, count, is: &dyn Fn(&Raising<'_>) -> bool| {
        let it = only(raising.iter().filter(|it| is(it)))?;
        Some(Known {
            name,
            entry: it.function.entry,
            role,
            count,
        })
    };
    let (counted, none) = (CountLocation::Return, CountLocation::None);
    [
        reader.and_then(|reader| {
            found(ProbeRole::Read, "SSL_read", counted, &|it| {
                it.is_read(reader)
            })
        }),
        found(ProbeRole::Write, "SSL_write", counted, &|it| it.is_write()),
        found(ProbeRole::Open, "SSL_new", none, &|it| it.is_new()),
        reader.and_then(|reader| {
            found(ProbeRole::Shutdown, "SSL_shutdown", none, &|it| {
                it.is_shutdown(reader)
            })
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

struct Raising<'a> {
    function: &'a Function,
    reasons: Vec<u64>,
}

impl Raising<'_> {
    fn raises(&self, reason: u64) -> bool {
        self.reasons.contains(&reason)
    }

    fn calls(&self) -> impl Iterator<Item = &Branch> {
        self.function.conduct.calls()
    }

    fn passes_object_to(&self, callee: u64) -> bool {
        let mut calls = self.function.conduct.calls_of(callee);
        calls.any(|call| call.passes(0, 0))
    }

    fn is_read_impl(&self) -> bool {
        self.raises(UNINITIALIZED)
            && self.raises(HANDSHAKE_FAILURE)
            && !self.raises_of_writes()
            && !self.raises(NOT_TO_BE_CALLED)
    }

    fn is_read(&self, reader: u64) -> bool {
        self.raises(NOT_TO_BE_CALLED)
            && self.passes_object_to(reader)
            && self.calls().any(|call| call.passes(0, 1))
            && self.function.conduct.stores
    }

    fn is_write(&self) -> bool {
        self.raises(UNINITIALIZED)
            && self.raises_of_writes()
            && self.calls().any(|call| {
                call.kind == BranchKind::IndirectCall
                    && call.passes(0, 0)
                    && (2..4).any(|index| call.passes(index, 1))
            })
    }

    fn raises_of_writes(&self) -> bool {
        self.raises(BAD_LENGTH) || self.raises(SHUT_DOWN)
    }

    fn is_shutdown(&self, reader: u64) -> bool {
        self.raises(UNINITIALIZED) && self.raises(DATA_ON_SHUTDOWN) && self.passes_object_to(reader)
    }

    fn is_new(&self) -> bool {
        let mut calls = self.calls();
        self.reasons.iter().all(|reason| *reason == NULL_CONTEXT)
            && self.raises(NULL_CONTEXT)
            && calls.any(|call| call.kind == BranchKind::IndirectCall)
    }
}

/// Reasons of the errors that a function raises in the name of one of `files`.
fn reasons(conduct: &Conduct, files: &[u64]) -> Vec<u64> {
    let of_these = |branch: &&Branch| {
        branch.number(0) == Some(LIBRARY)
            && branch.number(1) == Some(0)
            && branch.address(3).is_some_and(|file| files.contains(&file))
    };
    let mut reasons: Vec<u64> = conduct
        .branches
        .iter()
        .filter(of_these)
        .filter_map(|branch| branch.number(2))
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}
