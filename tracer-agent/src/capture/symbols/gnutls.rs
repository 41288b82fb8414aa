//! GnuTLS, by the functions that it exports.
//!
//! ```c
//! ssize_t gnutls_record_recv(gnutls_session_t session, void *data, size_t size);
//! ssize_t gnutls_record_recv_seq(gnutls_session_t session, void *data, size_t size,
//!                                unsigned char *seq);
//! ssize_t gnutls_record_send(gnutls_session_t session, const void *data, size_t size);
//! ssize_t gnutls_record_send2(gnutls_session_t session, const void *data, size_t size,
//!                             size_t pad, unsigned flags);
//! ```
//!
//! Since 3.6.3 `gnutls_record_send` leaves to `gnutls_record_send2`, which is then probed alone.
//! What is written while a session is corked comes through them a second time when it is uncorked,
//! so both ends of that are probed, too. A write that the socket does not take is finished by a
//! later call, with the same data or with null: null cannot be read, and is a gap of known length.
//!
//! Not seen: early data, records taken whole (`gnutls_record_recv_packet`), and what is written with its
//! length hidden (`gnutls_record_send_range`).

use std::collections::HashMap;

use super::super::plan::{CountLocation, Located, ProbePlan, ProbePoint, ProbeRole, TlsFamily};
use super::elf::{ElfImage, Machine};
use super::elf_symbols::Function;
use super::flow::ENTRY;
use super::not_traceable::NotTraceable;
use super::probe_at::probe_at;
use super::{aarch64, x86_64};

const PREFIX: &str = "gnutls_";
const SEND: &str = "gnutls_record_send";
const SEND2: &str = "gnutls_record_send2";
const PROBED: [(&str, ProbeRole, CountLocation); 8] = [
    ("gnutls_record_recv", ProbeRole::Read, CountLocation::Return),
    (
        "gnutls_record_recv_seq",
        ProbeRole::Read,
        CountLocation::Return,
    ),
    (SEND, ProbeRole::Write, CountLocation::Return),
    (SEND2, ProbeRole::Write, CountLocation::Return),
    ("gnutls_record_cork", ProbeRole::Cork, CountLocation::None),
    (
        "gnutls_record_uncork",
        ProbeRole::Uncork,
        CountLocation::None,
    ),
    ("gnutls_bye", ProbeRole::Shutdown, CountLocation::None),
    ("gnutls_deinit", ProbeRole::Close, CountLocation::None),
];

/// Plans the probes of a GnuTLS; `None` if the file holds none.
///
/// # Errors
/// If it holds one of which not both directions are found.
pub fn plan(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    let functions = image.functions(PREFIX, &PROBED.map(|(name, ..)| name))?;
    if functions.is_empty() {
        return Ok(None);
    }
    let sent_by_other = sends_by_send2(image, &functions);
    let points: Vec<ProbePoint> = PROBED
        .into_iter()
        .filter(|(name, ..)| *name != SEND || !sent_by_other)
        .filter_map(|(name, role, count)| {
            probe_at(image, *functions.get(name)?, role, count, name.to_owned())
        })
        .collect();
    let sees = |role| points.iter().any(|point| point.role == role);
    if !sees(ProbeRole::Read) || !sees(ProbeRole::Write) {
        return Err(NotTraceable::GnuTls);
    }
    let plan = ProbePlan::new(TlsFamily::GnuTls, Located::Symbols, points);
    Ok(Some(plan))
}

/// Whether `gnutls_record_send` hands its data on to `gnutls_record_send2`.
fn sends_by_send2(image: &ElfImage, functions: &HashMap<&'static str, Function>) -> bool {
    let (Some(send), Some(send2)) = (functions.get(SEND), functions.get(SEND2)) else {
        return false;
    };
    let calls = match image.machine() {
        Machine::Aarch64 => aarch64::first_calls(image, send.address, send.size, ENTRY),
        _ => x86_64::first_calls(image, send.address, send.size, ENTRY),
    };
    calls.iter().any(|call| call.target == send2.address)
}

#[cfg(test)]
#[path = "gnutls_tests.rs"]
mod tests;
