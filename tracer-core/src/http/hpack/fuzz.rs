//! Any header blocks, in any pieces: what comes out does not depend on the pieces, nothing is kept
//! that the allow list does not admit, and whoever comes late or loses a block knows less, but nothing
//! that is wrong.

use super::{
    decoder::{Decoder, Item},
    dynamic_table::Kept,
    keep::Keep,
};
use crate::http::allow_list::AllowList;

/// A field, as a decoder reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Field(Vec<u8>, Vec<u8>),
    Withheld,
    Unknown,
}

/// Decodes a whole block in pieces of `cut` bytes; a block that makes no sense is forgotten.
pub(super) fn decode(
    decoder: &mut Decoder,
    block: &[u8],
    keep: Keep<'_>,
    cut: usize,
) -> Option<Vec<Seen>> {
    let mut seen = Vec::new();
    let mut on_item = |item: Item<'_>| {
        seen.push(match item {
            Item::Field { name, value } => Seen::Field(name.to_vec(), value.to_vec()),
            Item::Withheld => Seen::Withheld,
            Item::Unknown => Seen::Unknown,
        });
    };
    let mut result = Ok(());
    for piece in block.chunks(cut) {
        result = result.and_then(|()| decoder.decode(piece, keep, &mut on_item));
    }
    if result.and_then(|()| decoder.end()).is_err() {
        decoder.forget();
        return None;
    }
    decoder.table().size();
    Some(seen)
}

/// Runs blocks: a byte of length and flags before each.
pub fn fuzz_hpack(data: &[u8]) {
    let [cut, program @ ..] = data else {
        return;
    };
    let mut program = program;
    let list = AllowList::default();
    let cut = usize::from(cut % 16) + 1;
    let (mut full, mut cut_up, mut private) = (Decoder::new(), Decoder::new(), Decoder::new());
    let mut late = Decoder::attached();
    while let [what, rest @ ..] = program {
        let (block, after) = rest.split_at(usize::from(what & 0x7f).min(rest.len()));
        program = after;
        let all = decode(&mut full, block, Keep::Everything, usize::MAX);
        assert_eq!(all, decode(&mut cut_up, block, Keep::Everything, cut));
        let Some(all) = all else {
            private.forget();
            late.forget();
            continue;
        };
        let kept = decode(&mut private, block, Keep::Listed(&list), cut).unwrap_or_default();
        assert_eq!(all.len(), kept.len());
        assert_eq!(full.table().size(), private.table().size());
        for (all, kept) in all.iter().zip(&kept) {
            assert_tells_no_more(all, kept);
        }
        for entry in private.table().entries() {
            let name = entry.name().and_then(|name| std::str::from_utf8(name).ok());
            let admitted = name
                .is_some_and(|name| list.admits(name) || name.starts_with(':') || name == "host");
            assert!(admitted || entry.text.is_empty());
            assert!(entry.kept != Kept::Name || entry.text.len() == entry.name_length as usize);
        }
        // One that came late or lost a block now and then.
        if what & 0x80 != 0 {
            late.forget();
        } else if let Some(known) = decode(&mut late, block, Keep::Everything, cut) {
            assert_eq!(all.len(), known.len());
            for (all, known) in all.iter().zip(&known) {
                assert!(known == all || *known == Seen::Unknown, "{all:?} {known:?}");
            }
        } else {
            panic!("what makes sense to one who knows all makes sense to one who knows less");
        }
    }
}

/// The kept field is this one, or nothing of it.
fn assert_tells_no_more(all: &Seen, kept: &Seen) {
    match (all, kept) {
        (Seen::Unknown, Seen::Unknown) | (_, Seen::Withheld) => {}
        (Seen::Field(name, value), Seen::Field(kept_name, kept_value)) => {
            assert_eq!(name, kept_name);
            let changes = matches!(name.as_slice(), b":path" | b":authority" | b"host");
            assert!(changes || value == kept_value);
        }
        _ => panic!("{all:?} {kept:?}"),
    }
}
