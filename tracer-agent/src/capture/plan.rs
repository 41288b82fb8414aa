//! Where to probe one binary, and how to read its arguments there.

use std::fmt;

use tracer_common::{cookie::ReadRegisters, go::ReadPlace, record::RecordPlaces};

use super::symbols::NotTraceable;

/// Everything to attach to one file (library or executable).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePlan {
    /// The TLS implementations that are probed, at least one.
    pub found: Vec<Implementation>,
    /// Why others that the file holds besides are not.
    pub missed: Vec<NotTraceable>,
    /// Points to attach, at most one per role and function.
    pub points: Vec<ProbePoint>,
}

/// A TLS implementation in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Implementation {
    /// Which.
    pub family: TlsFamily,
    /// How its functions were found.
    pub located: Located,
}

impl ProbePlan {
    /// The plan for a file with one implementation.
    pub fn new(family: TlsFamily, located: Located, points: Vec<ProbePoint>) -> Self {
        Self {
            found: vec![Implementation { family, located }],
            missed: Vec::new(),
            points,
        }
    }

    /// Takes in what another locator has planned for the same file.
    pub fn join(&mut self, other: Self) {
        self.found.extend(other.found);
        self.missed.extend(other.missed);
        self.points.extend(other.points);
    }

    /// Whether a thread sends what it wrote on its connections in that order, so that order and length
    /// tell their sockets. Records of rustls wait in its buffer until some thread sends them.
    pub fn sends_in_order(&self) -> bool {
        !self.found.iter().any(|it| it.family == TlsFamily::Rustls)
    }

    /// The names of what is probed, for people.
    pub fn families(&self) -> String {
        let names = self.found.iter().map(|found| found.family.name());
        names.collect::<Vec<_>>().join(", ")
    }

    /// How each was found, in the same order.
    pub fn located_by(&self) -> String {
        let names = self.found.iter().map(|found| found.located.name());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether some of its calls are seen by their return.
    pub fn needs_returns(&self) -> bool {
        let by_return = |point: &ProbePoint| {
            matches!(
                point.role,
                ProbeRole::Read | ProbeRole::Write | ProbeRole::Open
            )
        };
        self.points.iter().any(by_return)
    }
}

/// Which TLS implementation a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFamily {
    /// OpenSSL (1.1 or 3.x) or a library with its interface, found by exported symbols.
    OpenSsl,
    /// BoringSSL or a library derived from it, without symbols.
    BoringSsl,
    /// GnuTLS.
    GnuTls,
    /// Mozilla's NSS.
    Nss,
    /// `crypto/tls` of Go.
    Go,
    /// rustls, whatever its cryptography.
    Rustls,
}

impl TlsFamily {
    /// Its name in reports and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::BoringSsl => "boringssl",
            Self::GnuTls => "gnutls",
            Self::Nss => "nss",
            Self::Go => "go",
            Self::Rustls => "rustls",
        }
    }
}

/// How the functions of a file were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Located {
    /// By their names.
    Symbols,
    /// By the errors that they raise, and what they do with their arguments.
    ErrorSites,
    /// By the tables that hold their addresses, and what they do with their arguments.
    Tables,
    /// By the table of functions that the runtime of Go carries.
    FunctionTable,
    /// By the limits of records that they keep to, and the boxes that they call.
    RecordLayer,
}

impl Located {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Symbols => "symbols",
            Self::ErrorSites => "error sites",
            Self::Tables => "tables",
            Self::FunctionTable => "function table",
            Self::RecordLayer => "record layer",
        }
    }
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePoint {
    /// What it sees.
    pub role: ProbeRole,
    /// Offset in the file (not a virtual address), as the kernel wants it.
    pub file_offset: u64,
    /// Where the number of moved bytes is found when the function returns.
    pub count: CountLocation,
    /// The function or the place in it, for people: `ssl_read_internal (from SSL_read_ex+0x4)`.
    pub name: String,
    /// What the kernel does with the instruction under the breakpoint.
    pub cost: ProbeCost,
}

/// What a probe sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeRole {
    /// Bytes read: `(ssl, buf, num, …)`; entry and return are needed.
    Read,
    /// Bytes read, seen where the result is: one probe without a return.
    ReadResult,
    /// Bytes written: `(ssl, buf, num, …)`; entry and return are needed.
    Write,
    /// A new TLS object is returned (`SSL_new`): whatever had its address before has ended. Return
    /// only; for libraries where no function that ends one is found.
    Open,
    /// Where a call of a [`ProbeRole::Read`] has come back to, its result at hand: all such places
    /// together stand for the return probe.
    ReadReturned,
    /// The same of a [`ProbeRole::Write`].
    WriteReturned,
    /// The record layer of rustls is about to encrypt a message: no return.
    RecordWritten,
    /// The record layer of rustls has decrypted a message: no return.
    RecordRead,
    /// The TLS object in the first argument ends its life (`SSL_free`, `SSL_clear`): entry only.
    Close,
    /// The TLS object in the first argument says goodbye (`SSL_shutdown`): entry only.
    Shutdown,
    /// From here on the TLS object in the first argument keeps what is written (`gnutls_record_cork`):
    /// entry only.
    Cork,
    /// What it kept is written, by a call that [`ProbeRole::Write`] sees (`gnutls_record_uncork`):
    /// entry only.
    Uncork,
    /// Bytes that a Go program writes: entry of `writeRecordLocked`.
    GoWrite,
    /// Bytes that a Go program has read, seen within `Read`.
    GoReadResult,
    /// Entry of Go's `Read`, where its result is seen by [`ProbeRole::GoReadReturned`].
    GoRead,
    /// A place where Go's `Read` returns: all of them together see each result.
    GoReadReturned,
    /// Entry of Go's `Close`.
    GoClose,
}

impl ProbeRole {
    /// All of them, in the order in which they are attached. Where calls come back to is first: a call
    /// must not be noted at its entry and then never be finished.
    pub const ALL: [Self; 17] = [
        Self::GoReadReturned,
        Self::GoRead,
        Self::GoReadResult,
        Self::GoWrite,
        Self::GoClose,
        Self::ReadReturned,
        Self::WriteReturned,
        Self::Read,
        Self::ReadResult,
        Self::Write,
        Self::Open,
        Self::RecordWritten,
        Self::RecordRead,
        Self::Close,
        Self::Shutdown,
        Self::Cork,
        Self::Uncork,
    ];

    /// Its name in reports and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read
            | Self::ReadResult
            | Self::ReadReturned
            | Self::GoRead
            | Self::GoReadResult
            | Self::GoReadReturned
            | Self::RecordRead => "read",
            Self::Write | Self::WriteReturned | Self::GoWrite | Self::RecordWritten => "write",
            Self::Open => "open",
            Self::Close | Self::GoClose => "close",
            Self::Shutdown => "shutdown",
            Self::Cork => "cork",
            Self::Uncork => "uncork",
        }
    }
}

/// How the return of a call is seen where it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returns {
    /// By a return probe, which the kernel puts on the return address.
    Probed,
    /// By plain probes at all places that such calls come back to.
    Plain,
}

/// Where the byte count of a successful call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountLocation {
    /// The return value itself (`SSL_read`, `SSL_write`), positive on success.
    Return,
    /// The return value, unless the fourth argument has the flag `PR_MSG_PEEK` of NSPR: then nothing is
    /// consumed.
    ReturnUnlessPeeked,
    /// Behind the pointer in the fourth argument; the return value is positive on success.
    FourthArgument,
    /// Behind the pointer in the fifth argument; the return value is positive on success.
    FifthArgument,
    /// Behind a pointer in a register, as are the arguments; the result is at hand.
    Registers(ReadRegisters),
    /// In a register, with the arguments on the stack: Go's `Read` from within.
    Within(ReadPlace),
    /// In the message of a record layer.
    Record(RecordPlaces),
    /// There is no count: entry-only probes.
    None,
}

/// Cost class of the probed instruction (see ADR on probe points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeCost {
    /// The kernel emulates the instruction.
    Emulated,
    /// The kernel single-steps a copy of it: several times dearer, most of all in a virtual machine.
    SingleStepped,
}

impl fmt::Display for ProbeCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Emulated => "emulated",
            Self::SingleStepped => "single-stepped",
        })
    }
}
