//! Blocks of any kind, against a decoder that others wrote.

#[path = "../../../../tests/random/mod.rs"]
mod random;

use httlib_hpack::Encoder;
use loona_hpack::Decoder as Other;

use self::random::Random;
use super::*;

/// Connections of as many blocks; a block that either refuses ends its connection.
const CONNECTIONS: u64 = 2000;
const BLOCKS: usize = 12;

/// A block as the other encoder writes it, one in four with a byte changed.
fn block(encoder: &mut Encoder<'_>, random: &mut Random) -> Vec<u8> {
    const NAMES: [&str; 5] = [":path", "content-type", "x-request-id", "accept", "x-a"];
    const FLAGS: [u8; 5] = [
        0,
        Encoder::WITH_INDEXING,
        Encoder::NEVER_INDEXED,
        Encoder::HUFFMAN_VALUE | Encoder::WITH_INDEXING,
        Encoder::HUFFMAN_NAME | Encoder::HUFFMAN_VALUE,
    ];
    let mut block = Vec::new();
    for _ in 0..=random.below(6) {
        let name = random.pick(&NAMES);
        let value = "v".repeat(random.below(9)) + random.pick(&NAMES);
        let field = (
            name.as_bytes().to_vec(),
            value.into_bytes(),
            random.pick(&FLAGS),
        );
        encoder.encode(field, &mut block).expect("a block");
    }
    if random.one_in(4) {
        let at = random.below(block.len());
        block[at] = u8::try_from(random.below(256)).expect("a byte");
    }
    block
}

#[test]
fn what_both_accept_says_the_same_to_both() {
    let (mut agreed, mut refused, mut only_one) = (0, 0, 0);
    for seed in 0..CONNECTIONS {
        let mut random = Random(seed);
        let mut encoder = Encoder::default();
        let (mut ours, mut other) = (Decoder::new(), Other::new());
        for _ in 0..BLOCKS {
            let block = block(&mut encoder, &mut random);
            let cut = 1 + random.below(block.len());
            let seen = decode(&mut ours, &block, Keep::Everything, cut);
            let result = other.decode(&block);
            let (Some(seen), Ok(fields)) = (&seen, &result) else {
                // Each is stricter than the other somewhere (padding, sizes), and seldom.
                let both = seen.is_none() && result.is_err();
                *(if both { &mut refused } else { &mut only_one }) += 1;
                break;
            };
            assert_eq!(seen.len(), fields.len(), "seed {seed}: {block:02x?}");
            for (seen, (name, value)) in seen.iter().zip(fields) {
                let is_same = match seen {
                    Seen::Field(our_name, our_value) => our_name == name && our_value == value,
                    // Longer than any that is of interest.
                    Seen::Withheld => name.len() > 64,
                    Seen::Unknown => false,
                };
                assert!(is_same, "seed {seed}: {seen:?} of {block:02x?}");
            }
            agreed += 1;
        }
    }
    println!("{agreed} blocks agreed on, {refused} refused by both, {only_one} by one");
    assert!(agreed > 5000 && refused > 100, "{agreed} {refused}");
    assert!(only_one * 10 < agreed, "{only_one} refused by one only");
}
