//! Small ELF files for tests, assembled here from bytes: no toolchain, no binaries in the tree.

use std::fs::File;
use std::io::{Seek, Write};

use super::elf::ElfImage;

/// Where the code of every fixture lies: file offset and virtual address differ, as in real files.
pub const CODE_OFFSET: u64 = 0x1000;
pub const CODE_ADDRESS: u64 = 0x41000;
/// Where constants lie, in the same segment as the code.
pub const CONSTANTS_ADDRESS: u64 = CODE_ADDRESS + CONSTANTS_AT;
const CONSTANTS_AT: u64 = 0x2000;

/// A function by name, at an offset into the code.
pub struct Symbol(pub &'static str, pub u64);

/// An x86-64 or arm64 shared object with one code segment, `.dynsym`, `.dynstr` and `.rela.plt`.
#[derive(Default)]
pub struct Fixture {
    pub machine: Option<u16>,
    pub code: Vec<u8>,
    pub symbols: Vec<Symbol>,
    /// GOT slots bound to symbols: (address, index from 0 in `symbols`).
    pub slots: Vec<(u64, u32)>,
    /// Pointers that the loader fills in: (address, address pointed to).
    pub pointers: Vec<(u64, u64)>,
    /// Names of further, empty sections.
    pub sections: Vec<&'static str>,
    /// Constants, mapped behind the code as section `.rodata`.
    pub constants: Vec<u8>,
    /// What section `.data.rel.ro` covers: offset into the constants, and size.
    pub addresses: Option<(u64, u64)>,
    /// Functions that the table for unwinding knows, by their offsets into the code: begin and end.
    pub frames: Vec<(u64, u64)>,
}

impl Fixture {
    /// Appends a function, aligned as compilers do, and returns its offset into the code.
    pub fn function(&mut self, name: &'static str, code: &[u8]) -> u64 {
        let at = self.place(code);
        self.symbols.push(Symbol(name, at));
        at
    }

    /// Appends code without a symbol.
    pub fn place(&mut self, code: &[u8]) -> u64 {
        self.code.resize(self.code.len().next_multiple_of(16), 0xcc);
        let at = self.code.len() as u64;
        self.code.extend_from_slice(code);
        at
    }

    /// Appends code without a symbol that the table for unwinding knows.
    pub fn framed(&mut self, code: &[u8]) -> u64 {
        let at = self.place(code);
        self.frames.push((at, at + code.len() as u64));
        at
    }

    /// Makes the table for unwinding know all functions with a symbol, and those that begin at `others`
    /// and end where the next one begins.
    pub fn frame_all(&mut self, others: &[u64]) {
        let named = self.symbols.iter().map(|symbol| symbol.1);
        let mut begins: Vec<u64> = named.chain(others.iter().copied()).collect();
        begins.sort_unstable();
        let ends = begins.iter().skip(1).copied();
        let ends = ends.chain([self.code.len() as u64]);
        // Between functions there are breakpoints, which are sound instructions.
        self.frames = begins.iter().copied().zip(ends).collect();
    }

    /// The code, with the frames of its functions and the table of these behind it, and where the
    /// table is.
    fn framed_code(&self) -> (Vec<u8>, Option<u64>) {
        let mut code = self.code.clone();
        if self.frames.is_empty() {
            return (code, None);
        }
        code.resize(code.len().next_multiple_of(16), 0xcc);
        let relative = |to: u64, from: u64| (to.wrapping_sub(from) as u32).to_le_bytes();
        let mut entries = Vec::new();
        for &(begin, end) in &self.frames {
            let at = code.len() as u64;
            entries.push((begin, at));
            code.extend(12u32.to_le_bytes());
            code.extend(4u32.to_le_bytes());
            code.extend(relative(begin, at + 8));
            code.extend(((end - begin) as u32).to_le_bytes());
        }
        let table = code.len() as u64;
        code.extend([1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0]);
        code.extend((entries.len() as u32).to_le_bytes());
        for (begin, at) in entries {
            code.extend(relative(begin, table));
            code.extend(relative(at, table));
        }
        (code, Some(table))
    }

    /// Writes the 32-bit displacement of a branch that ends at `end`, both offsets into the code.
    pub fn link(&mut self, end: u64, target: u64) {
        let displacement = (target.wrapping_sub(end) as u32).to_le_bytes();
        let end = end as usize;
        self.code[end - 4..end].copy_from_slice(&displacement);
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (mut content, frames) = self.framed_code();
        if !self.constants.is_empty() {
            content.resize(CONSTANTS_AT as usize, 0xcc);
            content.extend_from_slice(&self.constants);
        }
        let mut strings = vec![0];
        let mut symbols = vec![0; 24];
        let ends = self
            .symbols
            .iter()
            .skip(1)
            .map(|symbol| symbol.1)
            .chain([self.code.len() as u64]);
        for (symbol, end) in self.symbols.iter().zip(ends) {
            symbols.extend((strings.len() as u32).to_le_bytes());
            symbols.extend([0x12, 0, 1, 0]);
            symbols.extend((CODE_ADDRESS + symbol.1).to_le_bytes());
            symbols.extend(end.saturating_sub(symbol.1).to_le_bytes());
            strings.extend(symbol.0.bytes().chain([0]));
        }
        let mut relocations = Vec::new();
        for &(slot, symbol) in &self.slots {
            relocations.extend(slot.to_le_bytes());
            relocations.extend((u64::from(symbol + 1) << 32 | 7).to_le_bytes());
            relocations.extend([0; 8]);
        }
        for &(address, target) in &self.pointers {
            relocations.extend(address.to_le_bytes());
            relocations.extend(8u64.to_le_bytes());
            relocations.extend(target.to_le_bytes());
        }
        let mut names = vec![0];
        let mut headers = vec![0; 64];
        let mut body = Vec::new();
        let start = CODE_OFFSET + content.len() as u64;
        let tables: [(&str, u32, &[u8], u32); 3] = [
            (".dynsym", 11, &symbols, 2),
            (".dynstr", 3, &strings, 0),
            (".rela.plt", 4, &relocations, 1),
        ];
        let extra = self.sections.iter().map(|name| (*name, 1, &[][..], 0));
        for (name, kind, content, link) in tables.into_iter().chain(extra) {
            let offset = start + body.len() as u64;
            headers.extend(section(names.len(), kind, offset, content.len(), link));
            names.extend(name.bytes().chain([0]));
            body.extend_from_slice(content);
        }
        if !self.constants.is_empty() {
            let (offset, size) = (CODE_OFFSET + CONSTANTS_AT, self.constants.len());
            headers.extend(section(names.len(), 1, offset, size, 0));
            names.extend(b".rodata\0");
        }
        if let Some((at, size)) = self.addresses {
            let offset = CODE_OFFSET + CONSTANTS_AT + at;
            let mut header = section(names.len(), 1, offset, size as usize, 0);
            header[16..24].copy_from_slice(&(CONSTANTS_ADDRESS + at).to_le_bytes());
            headers.extend(header);
            names.extend(b".data.rel.ro\0");
        }
        headers.extend(code_section(self.code.len() as u64));
        headers.extend(section(
            names.len(),
            3,
            start + body.len() as u64,
            names.len() + 11,
            0,
        ));
        names.extend(b".shstrtab\0\0");
        body.extend_from_slice(&names);

        let count = (headers.len() / 64) as u16;
        let mut file = self.header(
            start + body.len() as u64,
            count,
            content.len() as u64,
            frames,
        );
        file.resize(CODE_OFFSET as usize, 0);
        file.extend_from_slice(&content);
        file.extend(body);
        file.extend(headers);
        file
    }

    /// Appends a constant string and returns its virtual address.
    pub fn constant(&mut self, text: &str) -> u64 {
        if self.constants.is_empty() {
            self.constants.push(0);
        }
        let at = self.constants.len() as u64;
        self.constants.extend(text.bytes().chain([0]));
        CONSTANTS_ADDRESS + at
    }

    /// Appends constants that are no text.
    pub fn table(&mut self, bytes: &[u8]) {
        self.constants.extend(bytes);
    }

    pub fn image(&self) -> ElfImage {
        image(&self.bytes()).expect("fixture is sound")
    }

    fn header(&self, sections: u64, count: u16, size: u64, frames: Option<u64>) -> Vec<u8> {
        let machine = self.machine.unwrap_or(62);
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        file.extend(machine.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(0u64.to_le_bytes());
        file.extend(64u64.to_le_bytes());
        file.extend(sections.to_le_bytes());
        file.extend(0u32.to_le_bytes());
        let segments = 1 + u16::from(frames.is_some());
        for half in [64, 56, segments, 64, count, count - 1] {
            file.extend(u16::to_le_bytes(half));
        }
        file.extend(1u32.to_le_bytes());
        file.extend(5u32.to_le_bytes());
        for word in [CODE_OFFSET, CODE_ADDRESS, CODE_ADDRESS, size, size, 0x1000] {
            file.extend(word.to_le_bytes());
        }
        if let Some(table) = frames {
            // PT_GNU_EH_FRAME
            file.extend(0x6474_e550u32.to_le_bytes());
            file.extend(4u32.to_le_bytes());
            let (offset, address) = (CODE_OFFSET + table, CODE_ADDRESS + table);
            for word in [offset, address, address, size - table, size - table, 4] {
                file.extend(word.to_le_bytes());
            }
        }
        file
    }
}

/// Opens bytes as a file.
pub fn image(bytes: &[u8]) -> Result<ElfImage, super::ElfError> {
    let mut file: File = tempfile::tempfile().expect("temporary file");
    file.write_all(bytes).expect("write");
    file.rewind().expect("rewind");
    ElfImage::new(file)
}

/// The section of the code, which needs no name here.
fn code_section(size: u64) -> Vec<u8> {
    let mut header = section(0, 1, CODE_OFFSET, size as usize, 0);
    header[8] = 4; // SHF_EXECINSTR
    header[16..24].copy_from_slice(&CODE_ADDRESS.to_le_bytes());
    header
}

fn section(name: usize, kind: u32, offset: u64, size: usize, link: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(64);
    header.extend((name as u32).to_le_bytes());
    header.extend(kind.to_le_bytes());
    header.extend([0; 16]);
    header.extend(offset.to_le_bytes());
    header.extend((size as u64).to_le_bytes());
    header.extend(link.to_le_bytes());
    header.resize(64, 0);
    header
}
