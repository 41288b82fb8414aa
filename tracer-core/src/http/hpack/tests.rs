//! What the decoder makes of header blocks, however they are cut.

mod other_decoder;
mod rfc_examples;
mod vectors;

use proptest::prelude::*;

use super::{
    decoder::{Decoder, HpackError, Item},
    fuzz::{Seen, decode, fuzz_hpack},
    keep::Keep,
};
use crate::http::allow_list::AllowList;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("hex"))
        .collect()
}

fn fields(pairs: &[(&str, &str)]) -> Option<Vec<Seen>> {
    let field = |(name, value): &(&str, &str)| {
        Seen::Field(name.as_bytes().to_vec(), value.as_bytes().to_vec())
    };
    Some(pairs.iter().map(field).collect())
}

#[test]
fn what_makes_no_sense_is_told() {
    for (block, error) in [
        ("80", HpackError::Index),
        ("be", HpackError::Index),
        ("7e00", HpackError::Index),
        ("82 20", HpackError::LateSize),
        ("ff ffff ffff 7f", HpackError::Integer),
        ("0001 6181 fe", HpackError::Huffman),
        ("0001 61", HpackError::Unfinished),
        ("0001", HpackError::Unfinished),
    ] {
        let mut decoder = Decoder::new();
        let result = decoder
            .decode(&bytes(block), Keep::Everything, &mut |_| {})
            .and_then(|()| decoder.end());
        assert_eq!(result, Err(error), "{block}");
    }
}

#[test]
fn nothing_secret_is_kept_and_nothing_can_bring_it_back() {
    let list = AllowList::default();
    let literal = |name: &str, value: &str| {
        let length = |text: &str| u8::try_from(text.len()).expect("short");
        [
            &[0x40, length(name)],
            name.as_bytes(),
            &[length(value)],
            value.as_bytes(),
        ]
        .concat()
    };
    let block = [
        literal("authorization", "Bearer canary"),
        literal("x-api-key", "canary"),
        literal(":path", "/v1/models?key=canary&alt=sse"),
        literal(":authority", "user:canary@host"),
        literal("user-agent", "probe"),
    ]
    .concat();
    let mut decoder = Decoder::new();
    let seen = decode(&mut decoder, &block, Keep::Listed(&list), 7).expect("a block");
    let kept = fields(&[
        (":path", "/v1/models?alt=sse"),
        (":authority", "host"),
        ("user-agent", "probe"),
    ]);
    assert_eq!(seen[..2], [Seen::Withheld, Seen::Withheld]);
    assert_eq!(Some(seen[2..].to_vec()), kept);
    assert!(!format!("{decoder:?}").contains("canary"));
    // Each entry by its index, then its name with another value.
    let again = decode(
        &mut decoder,
        &[0xc2, 0xc1, 0xc0, 0xbf, 0xbe],
        Keep::Listed(&list),
        1,
    );
    assert_eq!(again, Some(seen));
    let mut named = vec![0x7f, 0x03, 6];
    named.extend_from_slice(b"canary");
    let named = decode(&mut decoder, &named, Keep::Listed(&list), 1);
    assert_eq!(named, Some(vec![Seen::Withheld]));
    assert!(!format!("{decoder:?}").contains("canary"));
    // The sizes are those of the wire.
    let size =
        |name: &str, value: &str| u32::try_from(name.len() + value.len() + 32).expect("small");
    let expected = size("authorization", "Bearer canary")
        + size("x-api-key", "canary")
        + size(":path", "/v1/models?key=canary&alt=sse")
        + size(":authority", "user:canary@host")
        + size("user-agent", "probe")
        + size("authorization", "canary");
    assert_eq!(decoder.table().size(), expected);
}

#[test]
fn a_late_comer_knows_what_was_added_since() {
    let mut late = Decoder::attached();
    let keep = Keep::Everything;
    // An entry from before, a new one, then both.
    assert_eq!(
        decode(&mut late, &[0xbe], keep, 1),
        Some(vec![Seen::Unknown])
    );
    let added = decode(&mut late, &[0x40, 1, b'a', 1, b'b'], keep, 1);
    assert_eq!(added, fields(&[("a", "b")]));
    let both = decode(&mut late, &[0xbe, 0xbf], keep, 1).expect("a block");
    assert_eq!(
        both,
        [fields(&[("a", "b")]).expect("one"), vec![Seen::Unknown]].concat()
    );
    // A new value for an unknown name is an unknown field.
    let named = decode(&mut late, &[0x7f, 0, 1, b'c', 0xbe, 0xbf], keep, 1).expect("a block");
    assert_eq!(named[..2], [Seen::Unknown, Seen::Unknown]);
    assert_eq!(Some(named[2..].to_vec()), fields(&[("a", "b")]));
    // An empty table hides nothing.
    assert_eq!(decode(&mut late, &[0x20, 0xbe], keep, 1), None);
}

#[test]
fn bombs_cost_what_they_weigh() {
    let list = AllowList::default();
    let mut decoder = Decoder::new();
    // A value of a megabyte, of which nothing is kept and which empties the table.
    let mut literal = b"\x40\x0auser-agent\x7f\x81\xff\x3f".to_vec();
    literal.resize(literal.len() + (1 << 20), b'x');
    for (number, piece) in literal.chunks(16 << 10).enumerate() {
        decoder
            .decode(piece, Keep::Listed(&list), &mut |item| {
                assert_eq!((number, item), (64, Item::Withheld));
            })
            .expect("a literal");
    }
    assert_eq!((decoder.end(), decoder.table().size()), (Ok(()), 0));
    // As many entries as the largest table has room for.
    let flood = [b"\x3f\xe1\xff\x03".as_slice(), &b"\x40\0\0".repeat(100_000)].concat();
    decode(&mut decoder, &flood, Keep::Listed(&list), 16 << 10).expect("a block");
    assert_eq!(decoder.table().entries().count(), 2048);
}

proptest! {
    #[test]
    fn any_program(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_hpack(&data);
    }

    /// Blocks that make sense as a rule.
    #[test]
    fn any_fields(
        blocks in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(
                prop_oneof![
                    (0u8..70).prop_map(|index| vec![0x80 | index]),
                    (0u8..60, 0usize..30).prop_map(|(name, length)| {
                        let mut field = vec![0x40 | name];
                        if name == 0 {
                            field.extend(*b"\x01n");
                        }
                        field.push(u8::try_from(length).expect("short"));
                        field.resize(field.len() + length, b'v');
                        field
                    }),
                    Just(vec![0x7f, 0x00, 1, b'x']),
                    Just(vec![0x3f, 0x40]),
                ],
                0..6,
            )),
            0..20,
        ),
    ) {
        let mut program = vec![3];
        for (lost, fields) in blocks {
            let mut block = fields.concat();
            block.truncate(0x7f);
            program.push(u8::try_from(block.len()).expect("short") | u8::from(lost) << 7);
            program.extend(block);
        }
        fuzz_hpack(&program);
    }
}
