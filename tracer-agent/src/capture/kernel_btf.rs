//! Finds kernel functions and members of kernel structures in the running kernel's type information.
//!
//! A walk over the raw records instead of a full parse: the table of a whole kernel would cost
//! tens of megabytes for a few names. Format: Linux, `Documentation/bpf/btf.rst`.

use std::{collections::HashMap, fs, io, path::Path};

/// Where kernels with `CONFIG_DEBUG_INFO_BTF` show it.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
const HEADER_LEN: usize = 24;
const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
const KIND_FUNC: u32 = 12;
/// Bytes of a record's common part.
const RECORD_LEN: usize = 12;
/// Bytes of a member's entry: name, type, offset in bits.
const MEMBER_LEN: usize = 12;
/// Structures without a name that are looked into, one in the other.
const MAX_NESTING: u8 = 4;

/// The type information cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BtfError {
    /// The file could not be read.
    #[error("cannot read {VMLINUX}: {0} (a kernel with CONFIG_DEBUG_INFO_BTF has it)")]
    Read(#[from] io::Error),
    /// The records make no sense.
    #[error("the kernel's type information is malformed at byte {0}")]
    Malformed(usize),
}

/// BTF ids of the named kernel functions; those the kernel lacks are left out.
///
/// # Errors
/// If the kernel shows no type information, or none that can be understood.
pub fn function_ids<'a>(names: &[&'a str]) -> Result<HashMap<&'a str, u32>, BtfError> {
    function_ids_in(&fs::read(Path::new(VMLINUX))?, names)
}

/// A kernel function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its BTF id.
    pub id: u32,
    /// How many parameters it has.
    pub parameters: usize,
}

/// The named kernel function, if the kernel has it.
///
/// # Errors
/// If the kernel shows no type information, or none that can be understood.
pub fn function(name: &str) -> Result<Option<Function>, BtfError> {
    function_in(&fs::read(Path::new(VMLINUX))?, name)
}

/// Offsets in bytes of the named members, as `(structure, member)`, from the start of their
/// structure; those the kernel lacks are left out. Members of anonymous parts count as its own.
///
/// # Errors
/// If the kernel shows no type information, or none that can be understood.
pub fn member_offsets<'a>(
    members: &[(&'a str, &'a str)],
) -> Result<HashMap<(&'a str, &'a str), u32>, BtfError> {
    member_offsets_in(&fs::read(Path::new(VMLINUX))?, members)
}

fn function_ids_in<'a>(btf: &[u8], names: &[&'a str]) -> Result<HashMap<&'a str, u32>, BtfError> {
    let btf = Btf::new(btf)?;
    let mut found = HashMap::new();
    let mut records = btf.records();
    while let Some(record) = records.next()? {
        if record.kind == KIND_FUNC
            && let Some(name) = names.iter().find(|name| btf.name_is(record.name, name))
        {
            found.entry(*name).or_insert(record.id);
            if found.len() == names.len() {
                break;
            }
        }
    }
    Ok(found)
}

fn function_in(btf: &[u8], name: &str) -> Result<Option<Function>, BtfError> {
    let btf = Btf::new(btf)?;
    let mut places = vec![0];
    let mut found = None;
    let mut records = btf.records();
    while let Some(record) = records.next()? {
        places.push(record.at);
        if record.kind == KIND_FUNC && btf.name_is(record.name, name) {
            found = Some(record);
        }
    }
    let Some(record) = found else {
        return Ok(None);
    };
    let signature = btf.word(record.at + 8)?;
    let at = places
        .get(signature as usize)
        .ok_or(BtfError::Malformed(record.at))?;
    Ok(Some(Function {
        id: record.id,
        parameters: btf.record(*at, signature)?.entries,
    }))
}

fn member_offsets_in<'a>(
    btf: &[u8],
    members: &[(&'a str, &'a str)],
) -> Result<HashMap<(&'a str, &'a str), u32>, BtfError> {
    let btf = Btf::new(btf)?;
    // Where each record is: an anonymous part is named by its number.
    let mut places = vec![0];
    let mut structures = Vec::new();
    let mut records = btf.records();
    while let Some(record) = records.next()? {
        places.push(record.at);
        if record.kind == KIND_STRUCT {
            let of_it = |(structure, _): &&(&str, &str)| btf.name_is(record.name, structure);
            structures.extend(members.iter().filter(of_it).map(|member| (*member, record)));
        }
    }
    let mut found = HashMap::new();
    for (member, record) in structures {
        if let Some(bits) = btf.member(&places, record, member.1, MAX_NESTING)? {
            found.entry(member).or_insert(bits / 8);
        }
    }
    Ok(found)
}

/// The table as bytes.
struct Btf<'a> {
    bytes: &'a [u8],
    types: usize,
    types_end: usize,
    strings: usize,
}

/// One type.
#[derive(Debug, Clone, Copy)]
struct Record {
    id: u32,
    /// Where it is.
    at: usize,
    /// Of its name.
    name: usize,
    kind: u32,
    /// How many entries follow the common part.
    entries: usize,
    /// Offsets of members are in the low 24 bits only.
    has_bit_fields: bool,
}

/// A walk over the types in order.
struct Records<'a> {
    btf: &'a Btf<'a>,
    at: usize,
    id: u32,
}

impl<'a> Btf<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, BtfError> {
        let mut btf = Self {
            bytes,
            types: 0,
            types_end: 0,
            strings: 0,
        };
        if bytes.get(..2) != Some(&MAGIC.to_ne_bytes()) {
            return Err(BtfError::Malformed(0));
        }
        let base = btf.word(4)? as usize;
        if base < HEADER_LEN {
            return Err(BtfError::Malformed(4));
        }
        btf.types = base + btf.word(8)? as usize;
        btf.types_end = btf.types + btf.word(12)? as usize;
        btf.strings = base + btf.word(16)? as usize;
        Ok(btf)
    }

    fn records(&'a self) -> Records<'a> {
        Records {
            btf: self,
            at: self.types,
            id: 0,
        }
    }

    fn record(&self, at: usize, id: u32) -> Result<Record, BtfError> {
        let info = self.word(at + 4)?;
        Ok(Record {
            id,
            at,
            name: self.word(at)? as usize,
            kind: (info >> 24) & 0x1f,
            entries: (info & 0xffff) as usize,
            has_bit_fields: info >> 31 != 0,
        })
    }

    /// Offset in bits of a member of a structure or union, or of an anonymous part of it.
    fn member(
        &self,
        places: &[usize],
        of: Record,
        name: &str,
        nesting: u8,
    ) -> Result<Option<u32>, BtfError> {
        let mask = if of.has_bit_fields {
            0xff_ffff
        } else {
            u32::MAX
        };
        for entry in 0..of.entries {
            let at = of.at + RECORD_LEN + entry * MEMBER_LEN;
            let offset = self.word(at + 8)? & mask;
            let member_name = self.word(at)? as usize;
            if member_name != 0 {
                if self.name_is(member_name, name) {
                    return Ok(Some(offset));
                }
                continue;
            }
            let id = self.word(at + 4)?;
            let Some(part) = places.get(id as usize).filter(|_| nesting > 0) else {
                continue;
            };
            let part = self.record(*part, id)?;
            if matches!(part.kind, KIND_STRUCT | KIND_UNION)
                && let Some(within) = self.member(places, part, name, nesting - 1)?
            {
                return Ok(Some(offset.saturating_add(within)));
            }
        }
        Ok(None)
    }

    fn name_is(&self, offset: usize, name: &str) -> bool {
        let start = self.strings.saturating_add(offset);
        let text = self.bytes.get(start..).unwrap_or_default();
        text.get(..name.len()) == Some(name.as_bytes()) && text.get(name.len()) == Some(&0)
    }

    fn word(&self, at: usize) -> Result<u32, BtfError> {
        self.bytes
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_ne_bytes)
            .ok_or(BtfError::Malformed(at))
    }
}

impl Records<'_> {
    fn next(&mut self) -> Result<Option<Record>, BtfError> {
        if self.at >= self.btf.types_end {
            return Ok(None);
        }
        self.id += 1;
        let record = self.btf.record(self.at, self.id)?;
        let tail = tail_len(record.kind, record.entries).ok_or(BtfError::Malformed(self.at))?;
        self.at += RECORD_LEN + tail;
        Ok(Some(record))
    }
}

/// Bytes behind the common part of a record of `kind` with `count` members.
fn tail_len(kind: u32, count: usize) -> Option<usize> {
    Some(match kind {
        1 | 14 | 17 => 4,              // INT, VAR, DECL_TAG
        2 | 7..=12 | 16 | 18 => 0,     // PTR, FWD … FUNC, FLOAT, TYPE_TAG
        3 => 12,                       // ARRAY
        4 | 5 | 15 | 19 => count * 12, // STRUCT, UNION, DATASEC, ENUM64
        6 | 13 => count * 8,           // ENUM, FUNC_PROTO
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRINGS: &[u8] = b"\0alpha\0beta\0outer\0first\0deep\0";

    fn name(wanted: &str) -> u32 {
        let wanted = format!("\0{wanted}\0");
        let found = STRINGS
            .windows(wanted.len())
            .position(|it| it == wanted.as_bytes());
        u32::try_from(found.unwrap() + 1).unwrap()
    }

    fn table(types: &[u32]) -> Vec<u8> {
        let types: Vec<u8> = types.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let mut btf = Vec::new();
        btf.extend(MAGIC.to_ne_bytes());
        btf.extend([1, 0]);
        for word in [HEADER_LEN, 0, types.len(), types.len(), STRINGS.len()] {
            btf.extend(u32::try_from(word).unwrap().to_ne_bytes());
        }
        btf.extend(types);
        btf.extend(STRINGS);
        btf
    }

    /// Two functions and a pointer, by hand.
    fn sample() -> Vec<u8> {
        let [alpha, beta] = ["alpha", "beta"].map(name);
        table(&[
            0,
            2 << 24,
            0,
            alpha,
            KIND_FUNC << 24,
            0,
            beta,
            KIND_FUNC << 24,
            0,
        ])
    }

    #[test]
    fn functions_are_found_by_their_whole_name() {
        let btf = sample();
        let found = function_ids_in(&btf, &["beta", "alph"]).unwrap();
        assert_eq!(found, HashMap::from([("beta", 3)]));
    }

    #[test]
    fn parameters_are_those_of_the_signature() {
        let [alpha, beta] = ["alpha", "beta"].map(name);
        let signature = [0, 13 << 24 | 2, 0, 0, 0, 0, 0];
        let types: Vec<u32> = [&[alpha, KIND_FUNC << 24, 2][..], &signature].concat();
        let (id, parameters) = (1, 2);
        let found = function_in(&table(&types), "alpha").unwrap();
        assert_eq!(found, Some(Function { id, parameters }));
        assert_eq!(function_in(&table(&types), "beta").unwrap(), None);
        let lost = [beta, KIND_FUNC << 24, 9];
        assert!(function_in(&table(&lost), "beta").is_err());
    }

    /// `struct outer { int first; union { struct { int alpha; int deep; }; int beta; }; }`, with the
    /// parts behind what holds them, and offsets that leave room for the sizes of bit fields.
    #[test]
    fn members_are_found_in_anonymous_parts() {
        let [outer, first, alpha, beta, deep] =
            ["outer", "first", "alpha", "beta", "deep"].map(name);
        let int = [0, 1 << 24, 4, 32];
        let whole = [
            outer,
            1 << 31 | KIND_STRUCT << 24 | 2,
            12,
            first,
            1,
            32 << 24,
            0,
            3,
            32,
        ];
        let union = [0, KIND_UNION << 24 | 2, 8, 0, 4, 0, beta, 1, 0];
        let part = [0, KIND_STRUCT << 24 | 2, 8, alpha, 1, 0, deep, 1, 32];
        let types: Vec<u32> = [&int[..], &whole, &union, &part].concat();
        let wanted = ["first", "deep", "beta", "gamma"].map(|member| ("outer", member));
        let found = member_offsets_in(&table(&types), &wanted).unwrap();
        let expected = [("first", 0), ("deep", 8), ("beta", 4)];
        assert_eq!(
            found,
            expected.map(|(name, at)| (("outer", name), at)).into()
        );
    }

    #[test]
    fn a_structure_that_holds_itself_is_no_endless_search() {
        let outer = name("outer");
        let types = [outer, KIND_STRUCT << 24 | 1, 4, 0, 1, 0];
        let found = member_offsets_in(&table(&types), &[("outer", "deep")]).unwrap();
        assert!(found.is_empty());
    }

    #[test]
    fn cut_records_are_an_error_and_no_panic() {
        let btf = sample();
        for len in 0..HEADER_LEN + 32 {
            assert!(
                function_ids_in(&btf[..len], &["gamma"]).is_err(),
                "length {len}"
            );
        }
    }
}
