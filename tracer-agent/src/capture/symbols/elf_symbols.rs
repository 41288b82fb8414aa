//! Symbols by name, streamed: the string table is searched for the few names that matter, then
//! the symbol table for the entries that use them. Memory stays at one chunk for any file.

use std::collections::HashMap;

use memchr::memmem;
use object::LittleEndian;
use object::elf;
use object::pod::slice_from_all_bytes;

use super::elf::{ElfError, ElfImage, Section, pod};

/// Bytes per read.
const CHUNK: u64 = 64 * 1024;
/// Bytes of one table looked at; the string table of an unstripped browser stays below.
const MAX_TABLE: u64 = 256 * 1024 * 1024;
/// Relocations are looked up only for calls through the PLT, which are few.
const MAX_RELOCATIONS: u64 = 32 * 1024 * 1024;
/// `.rela.dyn` and `.rela.plt`; object files have more, but are never mapped.
const MAX_RELOCATION_TABLES: usize = 4;

/// A defined function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Virtual address of its first byte.
    pub address: u64,
    /// Size in bytes as the symbol table says, 0 when it does not.
    pub size: u64,
}

impl ElfImage {
    /// Looks the `wanted` names up in `.dynsym`, and in `.symtab` when none is there. Names carry
    /// no version: the first definition of a versioned symbol is taken.
    ///
    /// All wanted names must begin with `prefix`, which is what the string table is searched for.
    pub fn functions(
        &self,
        prefix: &str,
        wanted: &[&'static str],
    ) -> Result<HashMap<&'static str, Function>, ElfError> {
        for kind in [elf::SHT_DYNSYM, elf::SHT_SYMTAB] {
            let Some(table) = self.sections.iter().find(|section| section.kind == kind) else {
                continue;
            };
            let found = self.functions_in(table, prefix, wanted)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(HashMap::new())
    }

    /// The function a GOT slot is bound to when the loader finds it in this same file; `None` when
    /// it comes from elsewhere.
    pub fn import_at(&self, slot: u64) -> Option<Function> {
        for table in self.relocation_tables() {
            let symbols = self.sections.get(table.link as usize)?;
            let mut index = None;
            self.relocations(table, |entries| {
                index = entries
                    .iter()
                    .find(|entry| entry.r_offset.get(LittleEndian) == slot)
                    .map(|entry| entry.r_sym(LittleEndian, false));
                index.is_none()
            })
            .ok()?;
            if let Some(index) = index {
                return self.symbol(symbols, index);
            }
        }
        None
    }

    /// The tables of relocations, as many as are looked at.
    pub(super) fn relocation_tables(&self) -> impl Iterator<Item = &Section> {
        self.sections
            .iter()
            .filter(|section| section.kind == elf::SHT_RELA)
            .take(MAX_RELOCATION_TABLES)
    }

    /// Shows the entries of a table of relocations, many at a time, until `visit` returns false.
    pub(super) fn relocations(
        &self,
        table: &Section,
        mut visit: impl FnMut(&[Rela]) -> bool,
    ) -> Result<(), ElfError> {
        let size = size_of::<Rela>() as u64;
        self.chunks(table, MAX_RELOCATIONS, size, |_, bytes| {
            visit(slice_from_all_bytes::<Rela>(whole::<Rela>(bytes)).unwrap_or_default())
        })
    }

    fn functions_in(
        &self,
        table: &Section,
        prefix: &str,
        wanted: &[&'static str],
    ) -> Result<HashMap<&'static str, Function>, ElfError> {
        let strings = self
            .sections
            .get(table.link as usize)
            .ok_or(ElfError::Malformed("a symbol table has no string table"))?;
        let names = self.name_offsets(strings, prefix, wanted)?;
        let mut found = HashMap::new();
        if names.is_empty() {
            return Ok(found);
        }
        self.chunks(table, MAX_TABLE, size_of::<Sym>() as u64, |_, bytes| {
            let symbols = slice_from_all_bytes::<Sym>(whole::<Sym>(bytes)).unwrap_or_default();
            for symbol in symbols {
                if let Some(name) = names.get(&symbol.st_name.get(LittleEndian))
                    && let Some(function) = self.defined_function(symbol)
                {
                    found.entry(*name).or_insert(function);
                }
            }
            true
        })?;
        Ok(found)
    }

    /// Every offset of the string table at which a wanted name reads whole.
    fn name_offsets(
        &self,
        strings: &Section,
        prefix: &str,
        wanted: &[&'static str],
    ) -> Result<HashMap<u32, &'static str>, ElfError> {
        let overlap = wanted
            .iter()
            .map(|name| name.len() + 1)
            .max()
            .unwrap_or_default() as u64;
        let finder = memmem::Finder::new(prefix);
        let mut offsets = HashMap::new();
        let size = strings.size.min(MAX_TABLE);
        let mut at = 0;
        while at < size {
            let length = (CHUNK + overlap).min(size - at);
            let bytes = self.read_vec(strings.offset.saturating_add(at), length)?;
            for start in finder.find_iter(&bytes) {
                let rest = bytes.get(start..).unwrap_or_default();
                let name = wanted.iter().find(|name| {
                    rest.strip_prefix(name.as_bytes())
                        .is_some_and(|tail| tail.first() == Some(&0))
                });
                if let (Some(name), Ok(offset)) = (name, u32::try_from(at + start as u64)) {
                    offsets.insert(offset, *name);
                }
            }
            at += CHUNK;
        }
        Ok(offsets)
    }

    /// Feeds a table chunk by chunk, whole entries each, until `visit` returns false.
    pub(super) fn chunks(
        &self,
        table: &Section,
        cap: u64,
        entry: u64,
        mut visit: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), ElfError> {
        let size = table.size.min(cap);
        let step = CHUNK - CHUNK % entry;
        let mut at = 0;
        while at < size {
            let bytes = self.read_vec(table.offset.saturating_add(at), step.min(size - at))?;
            if !visit(at, &bytes) {
                break;
            }
            at += step;
        }
        Ok(())
    }

    fn symbol(&self, table: &Section, index: u32) -> Option<Function> {
        let size = size_of::<Sym>() as u64;
        let offset = table.offset.checked_add(u64::from(index) * size)?;
        let bytes = self.read_vec(offset, size).ok()?;
        self.defined_function(pod::<Sym>(&bytes).ok()?)
    }

    fn defined_function(&self, symbol: &Sym) -> Option<Function> {
        let address = symbol.st_value.get(LittleEndian);
        let defined = symbol.st_shndx.get(LittleEndian) != elf::SHN_UNDEF;
        let function = symbol.st_info & 0xf == elf::STT_FUNC;
        (defined && function && self.file_offset(address).is_some()).then(|| Function {
            address,
            size: symbol.st_size.get(LittleEndian),
        })
    }
}

type Sym = elf::Sym64<LittleEndian>;
pub(super) type Rela = elf::Rela64<LittleEndian>;

/// The part of `bytes` that holds whole entries of `T`.
fn whole<T>(bytes: &[u8]) -> &[u8] {
    let length = bytes.len() - bytes.len() % size_of::<T>();
    bytes.get(..length).unwrap_or_default()
}
