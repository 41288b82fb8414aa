//! The parts of an ELF file that probing needs, read without trusting it.
//!
//! The file is read with positioned reads, never mapped: whoever owns a mapped file can truncate
//! it and kill the agent with SIGBUS, and a pass over the symbols of a 300 MB executable would
//! count as resident memory.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use object::LittleEndian;
use object::elf;
use object::pod::{Pod, from_bytes, slice_from_all_bytes};

/// Program headers looked at; real files have about a dozen.
const MAX_SEGMENTS: u16 = 128;
/// Section headers looked at; real files have about forty.
const MAX_SECTIONS: u16 = 4096;
/// Bytes of section names and of one note segment looked at.
const MAX_SMALL_TABLE: u64 = 64 * 1024;
/// Sections of constants looked at; real files have one or two.
const MAX_CONSTANT_SECTIONS: usize = 8;

/// An open ELF file with its headers parsed.
#[derive(Debug)]
pub struct ElfImage {
    file: File,
    machine: Machine,
    segments: Vec<Segment>,
    pub(super) sections: Vec<Section>,
}

/// The instruction set of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Machine {
    /// `EM_X86_64`, 64 bit.
    X86_64,
    /// `EM_AARCH64`, 64 bit, little endian.
    Aarch64,
    /// Anything else, including 32-bit and big-endian files: the raw `e_machine`.
    Other(u16),
}

/// The GNU build id of a file: identifies its content across paths and hosts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BuildId(Vec<u8>);

#[cfg(test)]
impl BuildId {
    /// One that a test makes up.
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

/// Why a file cannot be read as ELF.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// The file could not be opened or read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    /// The file is a directory, device, pipe or socket.
    #[error("not a regular file")]
    NotRegular,
    /// The file does not begin with the ELF magic.
    #[error("not an elf file")]
    NotElf,
    /// A header points outside the file or contradicts itself.
    #[error("malformed elf file: {0}")]
    Malformed(&'static str),
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u32,
    executable: bool,
    address: u64,
    offset: u64,
    size: u64,
}

/// One section header, its name resolved.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) kind: u32,
    /// Holds instructions.
    pub(super) executable: bool,
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Index of the linked section: the string table of a symbol table.
    pub(super) link: u32,
}

impl ElfImage {
    /// Opens the file at `path` without blocking on pipes or following it into a device.
    pub fn open(path: &Path) -> Result<Self, ElfError> {
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)?;
        Self::new(file)
    }

    /// Reads the headers of an open file.
    pub fn new(file: File) -> Result<Self, ElfError> {
        if !file.metadata()?.is_file() {
            return Err(ElfError::NotRegular);
        }
        let mut image = Self {
            file,
            machine: Machine::Other(0),
            segments: Vec::new(),
            sections: Vec::new(),
        };
        image.read_headers()?;
        Ok(image)
    }

    /// The instruction set. Segments and sections are known only for the supported ones.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The open file: its identity is what was analysed.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the open file back.
    pub fn into_file(self) -> File {
        self.file
    }

    /// The GNU build id, when the file has one.
    pub fn build_id(&self) -> Option<BuildId> {
        self.segments
            .iter()
            .filter(|segment| segment.kind == elf::PT_NOTE && segment.size <= MAX_SMALL_TABLE)
            .filter_map(|segment| self.read_vec(segment.offset, segment.size).ok())
            .find_map(|notes| build_id_in(&notes))
    }

    /// Whether a section of this name exists.
    pub fn has_section(&self, name: &str) -> bool {
        self.sections.iter().any(|section| section.name == name)
    }

    /// The addresses of instructions.
    pub(super) fn code(&self) -> Vec<Range<u64>> {
        let holds_code = |section: &&Section| section.executable && section.kind != elf::SHT_NOBITS;
        self.sections
            .iter()
            .filter(holds_code)
            .map(|section| section.address..section.address.saturating_add(section.size))
            .collect()
    }

    /// The addresses of what is loaded from the file and is not executable.
    pub(super) fn data(&self) -> Vec<Range<u64>> {
        self.segments
            .iter()
            .filter(|segment| segment.kind == elf::PT_LOAD && !segment.executable)
            .map(|segment| segment.address..segment.address.saturating_add(segment.size))
            .collect()
    }

    /// The offset in the file of code at a virtual address; `None` outside executable segments.
    pub fn file_offset(&self, address: u64) -> Option<u64> {
        let segment = self.executable_segment(address)?;
        segment.offset.checked_add(address - segment.address)
    }

    /// The virtual address of what lies at an offset in the file.
    pub(super) fn address_of(&self, offset: u64) -> Option<u64> {
        let segment = self.segments.iter().find(|segment| {
            segment.kind == elf::PT_LOAD
                && offset >= segment.offset
                && offset - segment.offset < segment.size
        })?;
        segment.address.checked_add(offset - segment.offset)
    }

    /// Virtual address and size of each executable segment.
    pub(super) fn executable_ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.segments
            .iter()
            .filter(|segment| segment.kind == elf::PT_LOAD && segment.executable)
            .map(|segment| (segment.address, segment.size))
    }

    /// Where read-only constants lie: offset in the file and size. Without section headers they
    /// are anywhere in what is mapped, often beside the code.
    pub(super) fn constants(&self) -> Vec<(u64, u64)> {
        let named = self
            .sections
            .iter()
            .filter(|section| section.name.starts_with(".rodata"))
            .map(|section| (section.offset, section.size));
        let found: Vec<_> = named.take(MAX_CONSTANT_SECTIONS).collect();
        if !found.is_empty() || !self.sections.is_empty() {
            return found;
        }
        self.segments
            .iter()
            .filter(|segment| segment.kind == elf::PT_LOAD)
            .map(|segment| (segment.offset, segment.size))
            .collect()
    }

    /// Virtual address of the index of unwind tables (`.eh_frame_hdr`).
    pub(super) fn unwind_index(&self) -> Option<u64> {
        self.segments
            .iter()
            .find(|segment| segment.kind == elf::PT_GNU_EH_FRAME)
            .map(|segment| segment.address)
    }

    /// Up to `length` bytes of code from a virtual address, fewer at the end of the segment or of
    /// the file, none outside executable segments.
    pub fn code_at(&self, address: u64, length: usize) -> Vec<u8> {
        let Some(segment) = self.executable_segment(address) else {
            return Vec::new();
        };
        self.bytes_of(segment, address, length)
    }

    /// Up to `length` bytes of any segment from a virtual address, as they are in the file.
    pub(super) fn data_at(&self, address: u64, length: usize) -> Vec<u8> {
        let segment = self.segments.iter().find(|segment| {
            segment.kind == elf::PT_LOAD
                && address >= segment.address
                && address - segment.address < segment.size
        });
        segment.map_or_else(Vec::new, |segment| self.bytes_of(segment, address, length))
    }

    /// Exactly `length` bytes at a file offset. The caller bounds `length`.
    pub(super) fn read_vec(&self, offset: u64, length: u64) -> Result<Vec<u8>, ElfError> {
        let bytes = self.read_up_to(offset, length)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(ElfError::Malformed("a table ends beyond the file"))
        }
    }

    /// `address` must lie in the segment.
    fn bytes_of(&self, segment: &Segment, address: u64, length: usize) -> Vec<u8> {
        let into = address - segment.address;
        let length = (segment.size - into).min(length as u64);
        let Some(offset) = segment.offset.checked_add(into) else {
            return Vec::new();
        };
        self.read_up_to(offset, length).unwrap_or_default()
    }

    fn read_up_to(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let Some(at) = offset.checked_add(filled as u64) else {
                break;
            };
            match self.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn executable_segment(&self, address: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| {
            segment.kind == elf::PT_LOAD
                && segment.executable
                && address >= segment.address
                && address - segment.address < segment.size
        })
    }

    fn read_headers(&mut self) -> Result<(), ElfError> {
        let bytes = self.read_up_to(0, size_of::<elf::FileHeader64<LittleEndian>>() as u64)?;
        if !bytes.starts_with(&elf::ELFMAG) {
            return Err(ElfError::NotElf);
        }
        let little_64 = bytes.get(4..6) == Some(&[elf::ELFCLASS64, elf::ELFDATA2LSB]);
        if !little_64 {
            let machine = bytes.get(18..20).map_or(0, |field| match bytes.get(5) {
                Some(&elf::ELFDATA2MSB) => u16::from_be_bytes([field[0], field[1]]),
                _ => u16::from_le_bytes([field[0], field[1]]),
            });
            self.machine = Machine::Other(machine);
            return Ok(());
        }
        let header = pod::<elf::FileHeader64<LittleEndian>>(&bytes)?;
        self.machine = match header.e_machine.get(LittleEndian) {
            elf::EM_X86_64 => Machine::X86_64,
            elf::EM_AARCH64 => Machine::Aarch64,
            other => Machine::Other(other),
        };
        self.read_segments(header)?;
        self.read_sections(header)
    }

    fn read_segments(&mut self, header: &elf::FileHeader64<LittleEndian>) -> Result<(), ElfError> {
        let count = header.e_phnum.get(LittleEndian).min(MAX_SEGMENTS);
        let headers: Vec<elf::ProgramHeader64<LittleEndian>> =
            self.table(header.e_phoff.get(LittleEndian), count)?;
        // Addresses of user space are below 2^63: with that checked, small sums do not overflow.
        let is_sound = |segment: &Segment| {
            let end = segment.address.checked_add(segment.size);
            end.is_some_and(|end| i64::try_from(end).is_ok())
        };
        self.segments = headers
            .iter()
            .map(|segment| Segment {
                kind: segment.p_type.get(LittleEndian),
                executable: segment.p_flags.get(LittleEndian) & elf::PF_X != 0,
                address: segment.p_vaddr.get(LittleEndian),
                offset: segment.p_offset.get(LittleEndian),
                size: segment.p_filesz.get(LittleEndian),
            })
            .filter(is_sound)
            .collect();
        Ok(())
    }

    /// Section headers are optional in a loadable file: without them there are no symbols here.
    fn read_sections(&mut self, header: &elf::FileHeader64<LittleEndian>) -> Result<(), ElfError> {
        let offset = header.e_shoff.get(LittleEndian);
        if offset == 0 {
            return Ok(());
        }
        let count = header.e_shnum.get(LittleEndian).min(MAX_SECTIONS);
        let headers: Vec<elf::SectionHeader64<LittleEndian>> = self.table(offset, count)?;
        let names = headers
            .get(usize::from(header.e_shstrndx.get(LittleEndian)))
            .map(|section| {
                let size = section.sh_size.get(LittleEndian).min(MAX_SMALL_TABLE);
                self.read_up_to(section.sh_offset.get(LittleEndian), size)
            })
            .transpose()?
            .unwrap_or_default();
        self.sections = headers
            .iter()
            .map(|section| Section {
                name: string_at(&names, section.sh_name.get(LittleEndian)),
                kind: section.sh_type.get(LittleEndian),
                executable: section.sh_flags.get(LittleEndian) & u64::from(elf::SHF_EXECINSTR) != 0,
                address: section.sh_addr.get(LittleEndian),
                offset: section.sh_offset.get(LittleEndian),
                size: section.sh_size.get(LittleEndian),
                link: section.sh_link.get(LittleEndian),
            })
            .collect();
        Ok(())
    }

    fn table<T: Pod>(&self, offset: u64, count: u16) -> Result<Vec<T>, ElfError> {
        let size = size_of::<T>() as u64 * u64::from(count);
        let bytes = self.read_vec(offset, size)?;
        let entries = slice_from_all_bytes::<T>(&bytes)
            .map_err(|()| ElfError::Malformed("a header table is misaligned"))?;
        Ok(entries.to_vec())
    }
}

/// The value at the start of `bytes`.
pub(super) fn pod<T: Pod>(bytes: &[u8]) -> Result<&T, ElfError> {
    from_bytes(bytes)
        .map(|(value, _)| value)
        .map_err(|()| ElfError::Malformed("a header is cut off"))
}

fn string_at(names: &[u8], offset: u32) -> String {
    let rest = names.get(offset as usize..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(rest.len());
    String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned()
}

/// Walks the notes of one segment (`Elf64_Nhdr`, name, description, each padded to four bytes).
fn build_id_in(mut notes: &[u8]) -> Option<BuildId> {
    loop {
        let (header, rest) = from_bytes::<elf::NoteHeader64<LittleEndian>>(notes).ok()?;
        let name_size = header.n_namesz.get(LittleEndian) as usize;
        let size = header.n_descsz.get(LittleEndian) as usize;
        let name = rest.get(..name_size)?;
        let rest = rest.get(name_size.checked_next_multiple_of(4)?..)?;
        let description = rest.get(..size)?;
        if name == b"GNU\0" && header.n_type.get(LittleEndian) == elf::NT_GNU_BUILD_ID {
            return Some(BuildId(description.to_vec()));
        }
        notes = rest.get(size.checked_next_multiple_of(4)?..)?;
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildId({self})")
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86_64 => f.write_str("x86-64"),
            Self::Aarch64 => f.write_str("arm64"),
            Self::Other(elf::EM_386) => f.write_str("32-bit x86"),
            Self::Other(elf::EM_ARM) => f.write_str("32-bit arm"),
            Self::Other(other) => write!(f, "machine {other}"),
        }
    }
}
