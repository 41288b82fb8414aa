//! Programs of Go in small, assembled from bytes: code as the compiler leaves it, and the table of
//! functions behind it.

use super::super::fixture::{CODE_ADDRESS, CONSTANTS_ADDRESS, Fixture};
use super::function_table::Format;

/// Names that the locator looks for, and code for each: bytes, the calls in it (where they end, and
/// the name called).
#[derive(Clone, Default)]
pub struct Code {
    pub bytes: Vec<u8>,
    pub calls: Vec<(usize, &'static str)>,
}

pub const READ: &str = "crypto/tls.(*Conn).Read";
pub const WRITE: &str = "crypto/tls.(*Conn).Write";
pub const RECORD: &str = "crypto/tls.(*Conn).writeRecordLocked";
pub const CLOSE: &str = "crypto/tls.(*Conn).Close";
pub const MORESTACK: &str = "runtime.morestack_noctxt";
pub const MEMMOVE: &str = "runtime.memmove";
pub const PANIC: &str = "runtime.panicBounds";
pub const OTHER: &str = "crypto/tls.(*Conn).readRecordOrCCS";

/// Bytes from the start of a function to the jump of its check.
pub const CHECK: u64 = 4;

impl Code {
    /// A function with a frame of 32 bytes beside the saved `rbp`, around `body`, which may jump to
    /// `leave`, right behind it.
    pub fn function(body: Self) -> Self {
        // cmp rsp, [r14+16]; jbe growth; push rbp; mov rbp, rsp; sub rsp, 32
        let mut code = Self::default()
            .then(&[0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0, 0, 0, 0])
            .then(&[0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20])
            .followed_by(&body)
            // add rsp, 32; pop rbp; ret
            .then(LEAVE);
        // Where the stack is enlarged.
        let distance = (code.bytes.len() - 10) as u32;
        code.bytes[6..10].copy_from_slice(&distance.to_le_bytes());
        // mov [rsp+8], rax; mov [rsp+16], rbx; call; mov rax, [rsp+8]; mov rbx, [rsp+16]; jmp start
        code = code
            .then(&[0x48, 0x89, 0x44, 0x24, 8, 0x48, 0x89, 0x5c, 0x24, 16])
            .call(MORESTACK)
            .then(&[0x48, 0x8b, 0x44, 0x24, 8, 0x48, 0x8b, 0x5c, 0x24, 16, 0xe9]);
        let back = -(code.bytes.len() as i32 + 4);
        code.then(&back.to_le_bytes())
    }

    pub fn then(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn call(mut self, name: &'static str) -> Self {
        self.bytes.extend([0xe8, 0, 0, 0, 0]);
        self.calls.push((self.bytes.len(), name));
        self
    }

    pub fn followed_by(mut self, other: &Self) -> Self {
        let start = self.bytes.len();
        let moved = other.calls.iter().map(|(end, name)| (end + start, *name));
        self.calls.extend(moved);
        self.then(&other.bytes)
    }

    /// Skips `skipped` if the zero flag is set: `je` over it.
    pub fn unless_zero(self, skipped: &Self) -> Self {
        self.then(&[0x74, skipped.bytes.len() as u8])
            .followed_by(skipped)
    }
}

/// The end of a function: `add rsp, 32; pop rbp; ret`.
pub const LEAVE: &[u8] = &[0x48, 0x83, 0xc4, 0x20, 0x5d, 0xc3];
/// `test rax, rax`.
const TEST_RAX: &[u8] = &[0x48, 0x85, 0xc0];
/// `test rcx, rcx`.
const TEST_RCX: &[u8] = &[0x48, 0x85, 0xc9];
/// `xor eax, eax`.
const ZERO_RAX: &[u8] = &[0x31, 0xc0];
/// `mov [rsp+24], rcx` and back.
const KEEP_RCX: &[u8] = &[0x48, 0x89, 0x4c, 0x24, 0x18];
const BACK_RCX: &[u8] = &[0x48, 0x8b, 0x4c, 0x24, 0x18];

/// `Read`, up to where its result is tested, which `tested` says how.
pub fn read(tested: &[u8]) -> Code {
    let more = Code::default().then(KEEP_RCX).call(OTHER).then(BACK_RCX);
    // mov [rsp+48], rax; mov [rsp+56], rbx: the caller's room for the receiver and the buffer.
    let body = Code::default()
        .then(&[0x48, 0x89, 0x44, 0x24, 0x30, 0x48, 0x89, 0x5c, 0x24, 0x38])
        .call(OTHER)
        .then(TEST_RAX)
        .unless_zero(&Code::default().then(ZERO_RAX).then(LEAVE))
        // mov rcx, [rsi+8]
        .then(&[0x48, 0x8b, 0x4e, 0x08])
        .then(TEST_RCX)
        .unless_zero(&Code::default().then(&[0x75, 0x05]).call(PANIC))
        .then(KEEP_RCX)
        .call(MEMMOVE)
        .then(BACK_RCX)
        .then(tested)
        .unless_zero(&more)
        // mov rax, rcx
        .then(&[0x48, 0x89, 0xc8]);
    Code::function(body)
}

/// The test that `Read` makes of its result.
pub const TESTED: &[u8] = TEST_RCX;

/// `Write`, which calls `writeRecordLocked` with this content type.
pub fn write(kind: u8) -> Code {
    // mov ebx, kind; mov rcx, rdx
    let body = Code::default()
        .then(&[0xbb, kind, 0, 0, 0, 0x48, 0x89, 0xd1])
        .call(RECORD);
    Code::function(body)
}

/// A program: its functions in this order, and what is to be found.
pub struct Program {
    pub functions: Vec<(&'static str, Code)>,
    pub format: Format,
    /// The start of the code, as the header of the table says.
    pub text_start: u64,
    /// Add `runtime.moduledata`.
    pub module: bool,
}

impl Default for Program {
    fn default() -> Self {
        let simple = || Code::function(Code::default().call(OTHER));
        let end = || Code::default().then(&[0xc3]);
        Self {
            functions: vec![
                (MORESTACK, end()),
                (MEMMOVE, end()),
                (PANIC, Code::default().then(&[0x0f, 0x0b])),
                (OTHER, simple()),
                (RECORD, simple()),
                (WRITE, write(23)),
                (READ, read(TESTED)),
                (CLOSE, simple()),
            ],
            format: Format::Go118,
            text_start: CODE_ADDRESS,
            module: false,
        }
    }
}

impl Program {
    /// Puts other code in the place of a function.
    pub fn with(mut self, name: &'static str, code: Code) -> Self {
        for function in &mut self.functions {
            if function.0 == name {
                function.1 = code.clone();
            }
        }
        self
    }

    /// Takes a function out of the table (but not out of the code).
    pub fn without(mut self, name: &'static str) -> Self {
        for function in &mut self.functions {
            if function.0 == name {
                function.0 = "";
            }
        }
        self
    }

    /// The file, and where each function begins in the code.
    pub fn build(&self) -> (Fixture, Vec<u64>) {
        let mut fixture = Fixture {
            sections: vec![".go.buildinfo"],
            ..Fixture::default()
        };
        let starts: Vec<u64> = self
            .functions
            .iter()
            .map(|(_, code)| fixture.place(&code.bytes))
            .collect();
        for ((_, code), start) in self.functions.iter().zip(&starts) {
            for (end, callee) in &code.calls {
                let at = self.functions.iter().position(|(name, _)| name == callee);
                if let Some(target) = at.and_then(|at| starts.get(at)) {
                    fixture.link(start + *end as u64, *target);
                }
            }
        }
        let end = fixture.code.len() as u64;
        fixture.constants = self.table(&starts, end);
        if self.module {
            self.add_module(&mut fixture);
        }
        (fixture, starts)
    }

    fn is_wide(&self) -> bool {
        self.format == Format::Go116
    }

    fn table(&self, starts: &[u64], end: u64) -> Vec<u8> {
        let words = if self.is_wide() { 7 } else { 8 };
        let names_at = 8 + 8 * words;
        let mut names = vec![0];
        let offsets: Vec<u32> = self
            .functions
            .iter()
            .map(|(name, _)| {
                let at = names.len() as u32;
                names.extend(name.bytes().chain([0]));
                at
            })
            .collect();
        names.resize(names.len().next_multiple_of(8), 0);
        let units_at = names_at + names.len() as u64;
        let entries_at = units_at + 8;
        let magic = match self.format {
            Format::Go12 => 0xfffffffb_u32,
            Format::Go116 => 0xfffffffa,
            Format::Go118 => 0xfffffff1,
        };
        let mut table = magic.to_le_bytes().to_vec();
        table.extend([0, 0, 1, 8]);
        let count = self.functions.len() as u64;
        let text = (!self.is_wide()).then_some(self.text_start);
        let places = [names_at, units_at, units_at, units_at, entries_at];
        let header = [count, 1].into_iter().chain(text).chain(places);
        table.extend(header.flat_map(u64::to_le_bytes));
        table.extend(names);
        table.extend([0; 8]);
        table.extend(self.entries(starts, end, &offsets));
        table
    }

    fn entries(&self, starts: &[u64], end: u64, names: &[u32]) -> Vec<u8> {
        let word = |value: u64| {
            let bytes = value.to_le_bytes().to_vec();
            if self.is_wide() {
                bytes
            } else {
                bytes[..4].to_vec()
            }
        };
        let base = if self.is_wide() { CODE_ADDRESS } else { 0 };
        let size = word(0).len() as u64;
        let records_at = (2 * starts.len() as u64 + 1) * size;
        let (mut entries, mut records) = (Vec::new(), Vec::new());
        for (start, name) in starts.iter().zip(names) {
            entries.extend(word(base + start));
            entries.extend(word(records_at + records.len() as u64));
            records.extend(word(base + start));
            records.extend(name.to_le_bytes());
            records.extend([0; 36]);
        }
        entries.extend(word(base + end));
        entries.extend(records);
        entries
    }

    /// `runtime.moduledata` behind the table, its pointers left to the loader.
    fn add_module(&self, fixture: &mut Fixture) {
        let size = fixture.constants.len().next_multiple_of(8);
        fixture.constants.resize(size + 24 * 8, 0);
        let module = CONSTANTS_ADDRESS + size as u64;
        let names_at = if self.is_wide() { 64 } else { 72 };
        fixture.pointers.extend([
            (module, CONSTANTS_ADDRESS),
            (module + 8, CONSTANTS_ADDRESS + names_at),
            (module + 22 * 8, CODE_ADDRESS),
        ]);
    }
}
