//! NSS, by the tables of operations that its TLS sockets are switched between.
//!
//! Programs read and write by NSPR (`PR_Recv`, `PR_Send`), which serves files and plain sockets, too.
//! Below it the TLS layer keeps a table of functions for sockets with TLS and one for sockets that are
//! not there yet, both of the same twelve entries (`sslSocketOps` of its sources):
//!
//! ```c
//! connect, accept (null), bind, listen, shutdown, close, recv, send, read, write, getpeername,
//! getsockname
//! // of the first:
//! int ssl_SecureRecv(sslSocket *ss, unsigned char *buf, int len, int flags);
//! int ssl_SecureSend(sslSocket *ss, const unsigned char *buf, int len, int flags);
//! int ssl_SecureRead(sslSocket *ss, unsigned char *buf, int len);   // recv with flags 0
//! int ssl_SecureWrite(sslSocket *ss, const unsigned char *buf, int len);
//! int ssl_SecureClose(sslSocket *ss);
//! ```
//!
//! So plain sockets and files pay nothing. None of these has a name in the file. They are taken only
//! if all of this holds: the file exports `SSL_ImportFD`; two tables have this shape and share bind,
//! listen and the two names; and in exactly one of them read and write are nothing but its own recv
//! and send without flags.

use super::super::plan::{CountLocation, Located, ProbePlan, ProbeRole, TlsFamily};
use super::elf::{ElfImage, Machine};
use super::elf_symbols::Function;
use super::flow::{ENTRY, Value};
use super::not_traceable::NotTraceable;
use super::probe_at::probe_at;
use super::unwind_index::UnwindIndex;
use super::{aarch64, x86_64};

const IMPORT: &str = "SSL_ImportFD";
/// Where constants that hold addresses are.
const SECTION: &str = ".data.rel.ro";
/// Bytes of it that are looked at; NSS alone has 13 KB.
const MAX_SECTION: u64 = 4 << 20;

const ENTRIES: usize = 12;
const ACCEPT: usize = 1;
const CLOSE: usize = 5;
const RECV: usize = 6;
const SEND: usize = 7;
const READ: usize = 8;
const WRITE: usize = 9;
/// What both tables have in common: bind, listen, getpeername, getsockname.
const SHARED: [usize; 4] = [2, 3, 10, 11];
const ADDRESS: u64 = 8;

/// Addresses of functions.
type Table = [u64; ENTRIES];

/// Plans the probes of an NSS; `None` if the file holds none.
///
/// # Errors
/// If it holds one whose functions are not recognised with certainty.
pub fn plan(image: &ElfImage) -> Result<Option<ProbePlan>, NotTraceable> {
    if image.functions(IMPORT, &[IMPORT])?.is_empty() {
        return Ok(None);
    }
    let table = secure_table(image).ok_or(NotTraceable::Nss)?;
    let probed = [
        (
            RECV,
            ProbeRole::Read,
            CountLocation::ReturnUnlessPeeked,
            "ssl_SecureRecv",
        ),
        (
            SEND,
            ProbeRole::Write,
            CountLocation::Return,
            "ssl_SecureSend",
        ),
        (
            CLOSE,
            ProbeRole::Close,
            CountLocation::None,
            "ssl_SecureClose",
        ),
    ];
    let points: Option<Vec<_>> = probed
        .into_iter()
        .map(|(entry, role, count, name)| {
            let function = Function {
                address: table[entry],
                size: 0,
            };
            probe_at(
                image,
                function,
                role,
                count,
                format!("{name} (by its table)"),
            )
        })
        .collect();
    let points = points.ok_or(NotTraceable::Nss)?;
    let plan = ProbePlan::new(TlsFamily::Nss, Located::Tables, points);
    Ok(Some(plan))
}

/// The table of sockets with TLS, if there is exactly one that may be.
fn secure_table(image: &ElfImage) -> Option<Table> {
    let tables = tables(image);
    let with_sibling = |table: &&Table| tables.iter().any(|other| are_siblings(table, other));
    let mut secure = tables
        .iter()
        .filter(with_sibling)
        .filter(|table| reads_and_writes_by_its_own(image, table));
    let found = *secure.next()?;
    secure.next().is_none().then_some(found)
}

/// Everything in the data that has the shape of such a table.
fn tables(image: &ElfImage) -> Vec<Table> {
    let code = |address: u64| image.file_offset(address).is_some();
    let is_table = |table: &Table| {
        table.iter().enumerate().all(|(entry, &address)| {
            if entry == ACCEPT {
                address == 0
            } else {
                code(address)
            }
        })
    };
    let sections = image
        .sections
        .iter()
        .filter(|section| section.name == SECTION && section.size <= MAX_SECTION);
    sections
        .flat_map(|section| {
            let count = usize::try_from(section.size / ADDRESS).unwrap_or_default();
            let addresses = image.pointers_at(section.address, count);
            let windows = addresses.windows(ENTRIES);
            let tables = windows.filter_map(|window| window.first_chunk().copied());
            tables.filter(is_table).collect::<Vec<Table>>()
        })
        .collect()
}

/// Whether two tables differ in what TLS does differently, and in nothing else.
fn are_siblings(one: &Table, other: &Table) -> bool {
    one.iter()
        .zip(other)
        .enumerate()
        .filter(|(entry, _)| *entry != ACCEPT)
        .all(|(entry, (one, other))| (one == other) == SHARED.contains(&entry))
}

fn reads_and_writes_by_its_own(image: &ElfImage, table: &Table) -> bool {
    is_without_flags(image, table[READ], table[RECV])
        && is_without_flags(image, table[WRITE], table[SEND])
}

/// Whether a function hands its three arguments on to another one, with 0 for the fourth.
fn is_without_flags(image: &ElfImage, function: u64, other: u64) -> bool {
    let known = UnwindIndex::of(image).and_then(|index| index.function_at(function));
    let size = known.map_or(0, |range| range.end.saturating_sub(function));
    let calls = match image.machine() {
        Machine::Aarch64 => aarch64::first_calls(image, function, size, ENTRY),
        _ => x86_64::first_calls(image, function, size, ENTRY),
    };
    let [call] = calls.as_slice() else {
        return false;
    };
    let passes_on = call
        .arguments
        .iter()
        .zip(ENTRY)
        .take(3)
        .all(|(passed, own)| *passed == own);
    call.target == other && passes_on && call.arguments[3] == Value::Zero
}

#[cfg(test)]
#[path = "nss_tests.rs"]
mod tests;
