#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "public vectors are files that a variable points to"
)]

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use super::{
    decoder::{Decoder, HpackError, Item, Keep},
    fuzz::{Seen, decode, fuzz_hpack},
};
use crate::http::allow_list::AllowList;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hex"))
        .collect()
}

fn fields(pairs: &[(&str, &str)]) -> Option<Vec<Seen>> {
    let field = |(name, value): &(&str, &str)| {
        Seen::Field(name.as_bytes().to_vec(), value.as_bytes().to_vec())
    };
    Some(pairs.iter().map(field).collect())
}

/// A block, its fields, and the size of the table behind it.
type Example<'a> = (&'a str, &'a [(&'a str, &'a str)], u32);

fn check(table_size: Option<u32>, examples: &[Example<'_>]) {
    for cut in [1, 2, 5, 1000] {
        let mut decoder = Decoder::new();
        if let Some(size) = table_size {
            // A change of the size to one below 4096 of two bytes.
            let update = [
                0x3f,
                0x80 | ((size - 31) & 0x7f) as u8,
                ((size - 31) >> 7) as u8,
            ];
            decoder
                .decode(&update, Keep::Everything, &mut |_| {})
                .expect("an update");
        }
        for (block, expected, size) in examples {
            let seen = decode(&mut decoder, &bytes(block), Keep::Everything, cut);
            assert_eq!(seen, fields(expected), "{block}");
            assert_eq!(decoder.table().size(), *size, "{block}");
        }
    }
}

/// RFC 7541 appendix C.2.
#[test]
fn each_representation() {
    let custom = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    check(None, &[(custom, &[("custom-key", "custom-header")], 55)]);
    check(
        None,
        &[(
            "040c 2f73 616d 706c 652f 7061 7468",
            &[(":path", "/sample/path")],
            0,
        )],
    );
    check(
        None,
        &[(
            "1008 7061 7373 776f 7264 0673 6563 7265 74",
            &[("password", "secret")],
            0,
        )],
    );
    check(None, &[("82", &[(":method", "GET")], 0)]);
}

/// RFC 7541 appendix C.3 and C.4: three requests, plain and Huffman coded.
#[test]
fn requests_that_share_a_table() {
    let first: &[(&str, &str)] = &[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];
    let second = [first, &[("cache-control", "no-cache")]].concat();
    let third = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    check(
        None,
        &[
            (
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                first,
                57,
            ),
            ("8286 84be 5808 6e6f 2d63 6163 6865", &second, 110),
            (
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
                &third,
                164,
            ),
        ],
    );
    check(
        None,
        &[
            ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", first, 57),
            ("8286 84be 5886 a8eb 1064 9cbf", &second, 110),
            (
                "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
                &third,
                164,
            ),
        ],
    );
}

/// RFC 7541 appendix C.5 and C.6: three responses with a table of 256 bytes.
#[test]
fn responses_that_evict() {
    let first = [
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ];
    let mut second = first;
    second[0].1 = "307";
    let third = [
        (":status", "200"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ("location", "https://www.example.com"),
        ("content-encoding", "gzip"),
        (
            "set-cookie",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
    ];
    check(
        Some(256),
        &[
            (
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
                 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
                 6c65 2e63 6f6d",
                &first,
                222,
            ),
            ("4803 3330 37c1 c0bf", &second, 222),
            (
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
                 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
                 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
                 3d31",
                &third,
                215,
            ),
        ],
    );
    check(
        Some(256),
        &[
            (
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
                 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                &first,
                222,
            ),
            ("4883 640e ffc1 c0bf", &second, 222),
            (
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
                 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
                 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
                &third,
                215,
            ),
        ],
    );
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

/// The stories of the public hpack-test-case vectors, each a connection's header blocks.
#[test]
fn public_vectors() {
    let Some(directory) = env::var_os("TRACER_HPACK_VECTORS") else {
        println!("skipped: TRACER_HPACK_VECTORS does not name a directory of hpack-test-case");
        return;
    };
    let (mut stories, mut blocks) = (0, 0);
    for path in story_files(Path::new(&directory)) {
        let story: Story =
            serde_json::from_reader(File::open(&path).expect("a story")).expect("JSON");
        let mut decoders = [1, 7, usize::MAX].map(|cut| (cut, Decoder::new()));
        for case in &story.cases {
            let Some(wire) = &case.wire else { break };
            let expected: Vec<Seen> = case
                .headers
                .iter()
                .flatten()
                .map(|(name, value)| Seen::Field(name.clone().into(), value.clone().into()))
                .collect();
            for (cut, decoder) in &mut decoders {
                let seen = decode(decoder, &bytes(wire), Keep::Everything, *cut);
                assert_eq!(seen.as_ref(), Some(&expected), "{}", path.display());
            }
            blocks += 1;
        }
        stories += u32::from(story.cases.iter().any(|case| case.wire.is_some()));
    }
    println!("{stories} stories with {blocks} header blocks");
    assert!(stories > 0, "no stories below {}", directory.display());
}

#[derive(serde::Deserialize)]
struct Story {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    wire: Option<String>,
    headers: Vec<std::collections::BTreeMap<String, String>>,
}

#[expect(clippy::disallowed_methods, reason = "see above")]
fn story_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(story_files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(path);
        }
    }
    found.sort();
    found
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
