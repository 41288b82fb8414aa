//! TLS libraries as compilers leave them, assembled here from bytes: one way each to get the
//! recognition right, and the ways to refuse it.

use super::super::super::plan::{
    CountLocation, Implementation, Located, ProbePlan, ProbeRole, Returns, TlsFamily,
};
use super::super::fixture::{CODE_ADDRESS, CODE_OFFSET, Fixture, image};
use super::super::{NotTraceable, plan};

const RETURN: &[u8] = &[0xc3];
/// Reasons, see `boringssl`.
const NOT_TO_BE_CALLED: u32 = 66;
const BAD_LENGTH: u32 = 111;
const NULL_CONTEXT: u32 = 185;
const SHUT_DOWN: u32 = 194;
const HANDSHAKE_FAILURE: u32 = 215;
const UNINITIALIZED: u32 = 226;
const DATA_ON_SHUTDOWN: u32 = 291;

/// Code under construction: bytes, and calls to be linked (where they end, offset called).
#[derive(Default)]
struct Code {
    bytes: Vec<u8>,
    calls: Vec<(usize, u64)>,
}

impl Code {
    /// A function that keeps its first two arguments in `rbx` and `r14`.
    fn function() -> Self {
        // push rbx; push r14; mov rbx, rdi; mov r14, rsi
        Self::default().then(&[0x53, 0x41, 0x56, 0x48, 0x89, 0xfb, 0x49, 0x89, 0xf6])
    }

    fn then(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn call(mut self, function: u64) -> Self {
        self.bytes.extend([0xe8, 0, 0, 0, 0]);
        self.calls.push((self.bytes.len(), function));
        self
    }

    /// Skips `skipped` if a flag is set: `je` over it.
    fn unless(self, skipped: Self) -> Self {
        let mut code = self.then(&[0x74, skipped.bytes.len() as u8]);
        let start = code.bytes.len();
        let moved = skipped.calls.iter().map(|(end, to)| (end + start, *to));
        code.calls.extend(moved);
        code.then(&skipped.bytes)
    }

    /// `ERR_put_error(16, 0, reason, file, 7)`.
    fn raise(self, put_error: u64, reason: u32, file: u64) -> Self {
        let site = Self::default()
            .then(&[0xb9])
            .then(&(file as u32).to_le_bytes())
            .then(&[0xbf, 16, 0, 0, 0, 0x31, 0xf6, 0xba])
            .then(&reason.to_le_bytes())
            .then(&[0x41, 0xb8, 7, 0, 0, 0])
            .call(put_error);
        self.unless(site)
    }

    /// pop r14; pop rbx; ret
    fn end(self) -> Self {
        self.then(&[0x41, 0x5e, 0x5b, 0xc3])
    }
}

/// A stripped program with BoringSSL in it, and where its functions are.
#[derive(Default)]
struct Program {
    fixture: Fixture,
    all: Vec<u64>,
}

impl Program {
    fn place(&mut self, code: Code) -> u64 {
        let at = self.fixture.place(&code.bytes);
        for (end, target) in code.calls {
            self.fixture.link(at + end as u64, target);
        }
        self.all.push(at);
        at
    }

    /// Ends with a function that calls all others, as those are found by what calls them.
    fn plan(mut self) -> Result<ProbePlan, NotTraceable> {
        let all = std::mem::take(&mut self.all);
        let main = all.into_iter().fold(Code::default(), Code::call);
        self.place(main.then(RETURN));
        plan(&self.fixture.image(), Returns::Probed)
    }
}

/// Changes to the library under test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twist {
    None,
    /// As before 2022.
    Old,
    /// `SSL_read` does not note what was consumed: it could as well be `SSL_peek`.
    ReadOnlyPeeks,
    /// `SSL_read` does not pass its buffer to anything.
    ReadWithoutBuffer,
    /// Two functions raise what `SSL_write` raises and do what it does.
    TwoWriters,
    /// `SSL_write` does not pass its buffer on.
    WriteWithoutBuffer,
}

fn boringssl(twist: Twist) -> (Program, [u64; 4]) {
    let mut program = Program::default();
    // Where code jumps to from here: backwards, and so by numbers that have no zero bytes.
    let table = [0xa1, 0xd6, 0xe8, 0xff, 0xba, 0xd6, 0xe8, 0xff];
    program.fixture.table(&table);
    let file = program
        .fixture
        .constant("../../vendor/boringssl/ssl/ssl_lib.cc");
    let put_error = program.place(Code::default().then(RETURN));
    let copy = program.place(Code::default().then(RETURN));
    let object: &[u8] = &[0x48, 0x89, 0xdf]; // mov rdi, rbx
    let to_buffer: &[u8] = &[0x4c, 0x89, 0xf7]; // mov rdi, r14
    let consume: &[u8] = &[0x48, 0x89, 0x43, 0x08]; // mov [rbx + 8], rax
    let read_impl = program.place(
        Code::function()
            .raise(put_error, UNINITIALIZED, file)
            .raise(put_error, HANDSHAKE_FAILURE, file)
            .end(),
    );
    let reading = |buffer: &[u8], consumed: &[u8]| {
        Code::function()
            .raise(put_error, NOT_TO_BE_CALLED, file)
            .then(object)
            .call(read_impl)
            .then(buffer)
            .call(copy)
            .then(consumed)
            .end()
    };
    program.place(reading(to_buffer, &[]));
    let read = program.place(match twist {
        Twist::ReadOnlyPeeks => reading(to_buffer, &[]),
        Twist::ReadWithoutBuffer => reading(object, consume),
        _ => reading(to_buffer, consume),
    });
    let writing = || {
        let buffer: &[u8] = if twist == Twist::WriteWithoutBuffer {
            &[0x48, 0x89, 0xd9] // mov rcx, rbx
        } else {
            &[0x4c, 0x89, 0xf1] // mov rcx, r14
        };
        let refused = if twist == Twist::Old {
            SHUT_DOWN
        } else {
            BAD_LENGTH
        };
        Code::function()
            .raise(put_error, NOT_TO_BE_CALLED, file)
            .raise(put_error, UNINITIALIZED, file)
            .raise(put_error, HANDSHAKE_FAILURE, file)
            .raise(put_error, refused, file)
            .then(object)
            .then(buffer)
            // mov rax, [rbx]; call [rax + 0x48]
            .then(&[0x48, 0x8b, 0x03, 0xff, 0x50, 0x48])
            .end()
    };
    let write = program.place(writing());
    if twist == Twist::TwoWriters {
        program.place(writing());
    }
    let new = program.place(
        Code::function()
            .raise(put_error, NULL_CONTEXT, file)
            .then(&[0xff, 0x50, 0x08]) // call [rax + 8]
            .end(),
    );
    let shutdown = program.place(
        Code::function()
            .raise(put_error, UNINITIALIZED, file)
            .then(object)
            .call(read_impl)
            .raise(put_error, DATA_ON_SHUTDOWN, file)
            .end(),
    );
    (program, [read, write, new, shutdown])
}

fn offset_of(plan: &ProbePlan, role: ProbeRole) -> Option<u64> {
    let mut points = plan.points.iter().filter(|point| point.role == role);
    let point = points.next()?;
    assert!(points.next().is_none(), "{role:?} has several points");
    Some(point.file_offset)
}

#[test]
fn boringssl_is_recognised_by_its_errors() {
    recognised(Twist::None);
    recognised(Twist::Old);
}

fn recognised(twist: Twist) {
    let (program, [read, write, new, shutdown]) = boringssl(twist);
    let plan = program.plan().expect("a plan");
    let found = Implementation {
        family: TlsFamily::BoringSsl,
        located: Located::ErrorSites,
    };
    assert_eq!(plan.found, [found]);
    let expected = [
        (ProbeRole::Read, read),
        (ProbeRole::Write, write),
        (ProbeRole::Open, new),
        (ProbeRole::Shutdown, shutdown),
    ];
    for (role, function) in expected {
        assert_eq!(
            offset_of(&plan, role),
            Some(CODE_OFFSET + function),
            "{role:?}"
        );
    }
    assert_eq!(plan.points.len(), expected.len());
    assert_eq!(plan.points[0].count, CountLocation::Return);
}

#[test]
fn what_is_not_certain_is_not_probed() {
    for twist in [
        Twist::ReadOnlyPeeks,
        Twist::ReadWithoutBuffer,
        Twist::TwoWriters,
        Twist::WriteWithoutBuffer,
    ] {
        let (program, _) = boringssl(twist);
        assert_eq!(program.plan(), Err(NotTraceable::StrippedBoringSsl));
    }
}

/// A library of OpenSSL 3, stripped. `peeks` tells whether `SSL_peek` comes to the function that
/// is called `ssl_read_internal`.
fn openssl(peeks: bool) -> (Program, [u64; 3]) {
    let mut program = Program::default();
    let file = program.fixture.constant("../ssl/ssl_lib.c");
    let set_debug = program.place(Code::default().then(RETURN));
    // ERR_set_debug(file, 9, name), addresses relative as in code that may be moved.
    let raising = |program: &mut Program, name: &str, before: Code| {
        let name = program.fixture.constant(name);
        let at = program.fixture.code.len().next_multiple_of(16) + before.bytes.len();
        let relative = |end: usize, to: u64| {
            let from = CODE_ADDRESS + (at + 2 + end) as u64;
            (to.wrapping_sub(from) as u32).to_le_bytes()
        };
        let site = Code::default()
            .then(&[0x48, 0x8d, 0x15])
            .then(&relative(7, name))
            .then(&[0xbe, 9, 0, 0, 0, 0x48, 0x8d, 0x3d])
            .then(&relative(19, file))
            .call(set_debug);
        let code = before.unless(site).end();
        program.place(code)
    };
    let read_internal = raising(&mut program, "ssl_read_internal", Code::function());
    let write_internal = raising(&mut program, "ssl_write_internal", Code::function());
    let on_to = |callee| {
        // mov rdi, rbx; mov rsi, r14; mov rcx, rsp; the count lies on the stack
        let arguments = [0x48, 0x89, 0xdf, 0x4c, 0x89, 0xf6, 0x48, 0x89, 0xe1];
        Code::function().then(&arguments).call(callee)
    };
    raising(&mut program, "SSL_read", on_to(read_internal));
    raising(&mut program, "SSL_write", on_to(write_internal));
    let peeked = if peeks { read_internal } else { set_debug };
    raising(&mut program, "SSL_peek", on_to(peeked));
    let new = raising(&mut program, "SSL_new", Code::function());
    (program, [read_internal, write_internal, new])
}

#[test]
fn openssl_is_recognised_by_the_names_in_its_errors() {
    let (program, [read, write, new]) = openssl(false);
    let plan = program.plan().expect("a plan");
    assert_eq!(plan.found[0].family, TlsFamily::OpenSsl);
    assert_eq!(offset_of(&plan, ProbeRole::Read), Some(CODE_OFFSET + read));
    assert_eq!(
        offset_of(&plan, ProbeRole::Write),
        Some(CODE_OFFSET + write)
    );
    assert_eq!(offset_of(&plan, ProbeRole::Open), Some(CODE_OFFSET + new));
    assert_eq!(plan.points[0].count, CountLocation::FourthArgument);
}

#[test]
fn a_reader_that_peeking_shares_is_not_probed() {
    let (program, _) = openssl(true);
    assert_eq!(program.plan(), Err(NotTraceable::StrippedOpenSsl));
}

/// Whatever is wrong with a file, it is refused; a plan stays within the code.
#[test]
fn damaged_files_are_harmless() {
    for (program, _) in [boringssl(Twist::None)] {
        let bytes = program.fixture.bytes();
        for (round, at) in (0..bytes.len()).step_by(7).enumerate() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (round % 8);
            damaged[(at * 31) % bytes.len()] = round as u8;
            if let Ok(image) = image(&damaged)
                && let Ok(plan) = plan(&image, Returns::Probed)
            {
                let end = bytes.len() as u64;
                assert!(plan.points.iter().all(|point| point.file_offset < end));
            }
        }
    }
}
