//! Finds kernel functions in the running kernel's type information.
//!
//! A walk over the raw records instead of a full parse: the table of a whole kernel would cost
//! tens of megabytes for two names. Format: Linux, `Documentation/bpf/btf.rst`.

use std::{collections::HashMap, fs, io, path::Path};

/// Where kernels with `CONFIG_DEBUG_INFO_BTF` show it.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
const HEADER_LEN: usize = 24;
const KIND_FUNC: u32 = 12;

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

fn function_ids_in<'a>(btf: &[u8], names: &[&'a str]) -> Result<HashMap<&'a str, u32>, BtfError> {
    let word = |at: usize| -> Result<u32, BtfError> {
        btf.get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_ne_bytes)
            .ok_or(BtfError::Malformed(at))
    };
    if btf.get(..2) != Some(&MAGIC.to_ne_bytes()) {
        return Err(BtfError::Malformed(0));
    }
    let base = word(4)? as usize;
    let types = base + word(8)? as usize;
    let types_end = types + word(12)? as usize;
    let strings = base + word(16)? as usize;
    if base < HEADER_LEN {
        return Err(BtfError::Malformed(4));
    }
    let name_is = |offset: usize, name: &str| {
        let start = strings + offset;
        btf.get(start..start + name.len()) == Some(name.as_bytes())
            && btf.get(start + name.len()) == Some(&0)
    };

    let mut found = HashMap::new();
    let mut at = types;
    let mut id = 1;
    while at < types_end {
        let info = word(at + 4)?;
        let kind = (info >> 24) & 0x1f;
        if kind == KIND_FUNC {
            let offset = word(at)? as usize;
            if let Some(name) = names.iter().find(|name| name_is(offset, name)) {
                found.entry(*name).or_insert(id);
                if found.len() == names.len() {
                    break;
                }
            }
        }
        at += 12 + tail_len(kind, (info & 0xffff) as usize).ok_or(BtfError::Malformed(at))?;
        id += 1;
    }
    Ok(found)
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

    /// Two functions and a pointer, by hand.
    fn sample() -> Vec<u8> {
        let strings = b"\0alpha\0beta\0";
        let mut types = Vec::new();
        for (name, kind) in [(0_u32, 2_u32), (1, KIND_FUNC), (7, KIND_FUNC)] {
            types.extend(name.to_ne_bytes());
            types.extend((kind << 24).to_ne_bytes());
            types.extend(0_u32.to_ne_bytes());
        }
        let mut btf = Vec::new();
        btf.extend(MAGIC.to_ne_bytes());
        btf.extend([1, 0]);
        for word in [HEADER_LEN, 0, types.len(), types.len(), strings.len()] {
            btf.extend(u32::try_from(word).unwrap().to_ne_bytes());
        }
        btf.extend(types);
        btf.extend(strings);
        btf
    }

    #[test]
    fn functions_are_found_by_their_whole_name() {
        let btf = sample();
        let found = function_ids_in(&btf, &["beta", "alph"]).unwrap();
        assert_eq!(found, HashMap::from([("beta", 3)]));
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
