use proptest::prelude::*;

use super::{
    Counts, Detectors, Dropped, Ending, Kind, MaskRules, Masked, Masker, PseudonymKey, Replacement,
    RulesError, StreamMasker,
    planted::{KINDS, NAMES, Random, plant},
};
use crate::llm::content::{
    Choice, Content, Kept, Media, MediaSource, Message, Missing, Modality, Part, ToolCall,
};

pub(super) fn masker(rules: &MaskRules) -> Masker {
    Masker::new(rules).unwrap()
}

/// A text masked in pieces.
pub(super) fn in_pieces(masker: &Masker, text: &str, mut size: impl FnMut() -> usize) -> Masked {
    let mut stream = masker.stream().unwrap();
    let mut out = String::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(size().clamp(1, rest.len()));
        out.push_str(stream.push(piece).unwrap().text());
        rest = behind;
    }
    let last = stream.finish(Ending::Whole).unwrap();
    out.push_str(last.text());
    Masked::new(out, last.counts())
}

fn masked(rules: &MaskRules, text: &str) -> String {
    masker(rules).mask(text, Ending::Whole).unwrap().into_text()
}

#[track_caller]
fn assert_masked(text: &str, expected: &str) {
    assert_eq!(masked(&MaskRules::default(), text), expected);
}

#[test]
fn what_is_found_is_replaced() {
    assert_masked("mail a.b@example.org, or not", "mail [EMAIL], or not");
    assert_masked("call +1 415 555 0132 now", "call [PHONE] now");
    assert_masked(
        "pay 4111 1111 1111 1111 or 4111 1111 1111 1112",
        "pay [CARD] or 4111 1111 1111 1112",
    );
    assert_masked(
        "GB82 WEST 1234 5698 7654 32 and GB83 WEST 1234 5698 7654 32",
        "[IBAN] and GB83 WEST 1234 5698 7654 32",
    );
    assert_masked(
        "from 192.0.2.7:443 and 2001:db8::7.",
        "from [IP]:443 and [IP].",
    );
    assert_masked(
        "https://u:p4ss@host/x?token=abc123&y=1",
        "https://[CREDENTIAL]@host/x?token=[CREDENTIAL]&y=1",
    );
    assert_masked(
        r#"{"password": "it's \"so\" good", "n": 1}"#,
        r#"{"password": "[CREDENTIAL]", "n": 1}"#,
    );
    assert_masked(
        r#"{\"password\": \"hunter2\"}"#,
        r#"{\"password\": \"[CREDENTIAL]\"}"#,
    );
}

#[test]
fn a_text_that_was_cut_loses_its_last_word() {
    let masker = masker(&MaskRules::default());
    let cut = |text| masker.mask(text, Ending::Cut).unwrap().into_text();
    assert_eq!(cut("write to alice@exam"), "write to [CUT]");
    assert_eq!(cut("the card 4111 1111 11"), "the card [CUT]");
    assert_eq!(cut("a sentence. "), "a sentence. ");
}

#[test]
fn a_key_without_end_is_masked_to_the_end() {
    let text = format!(
        "here: -----BEGIN RSA PRIVATE KEY-----\n{}",
        "MIIEowIBAAKCAQEA\n".repeat(20_000)
    );
    assert_masked(&text, "here: [PRIVATE_KEY]");
}

#[test]
fn pseudonyms_are_stable_and_keyed() {
    let rules = |key| MaskRules {
        replacement: Replacement::Pseudonym(PseudonymKey::new([key; 32])),
        ..MaskRules::default()
    };
    let text = "a@example.org A@example.org b@example.org";
    let one = masked(&rules(1), text);
    let words: Vec<&str> = one.split(' ').collect();
    assert!(words[0].starts_with("[EMAIL:") && words[0].len() == "[EMAIL:0123456789abcdef]".len());
    assert_eq!(words[0], words[1]);
    assert_ne!(words[0], words[2]);
    assert_eq!(one, masked(&rules(1), text));
    assert_ne!(one, masked(&rules(2), text));
}

#[test]
fn paths_lead_to_values() {
    let masker = masker(&MaskRules {
        detectors: Detectors::NONE,
        patterns: vec!["a\"b".to_owned()],
        paths: vec![
            "$.user.name".to_owned(),
            "$.items[*].id".to_owned(),
            "$.list[1]".to_owned(),
        ],
        ..MaskRules::default()
    });
    let text = r#"{"user": {"name": "X Y", "n": 1}, "items": [{"id": 7}, {"id": {"a": [1]}}], "list": [1, 2], "q": "a\"b"}"#;
    let json = masker.mask_json(text, Ending::Whole).unwrap();
    assert_eq!(
        json.text(),
        r#"{"user": {"name": "[FIELD]", "n": 1}, "items": [{"id": "[FIELD]"}, {"id": "[FIELD]"}], "list": [1, "[FIELD]"], "q": "[CUSTOM]"}"#
    );
    assert_eq!(json.counts().of(Kind::Field), 4);
    for text in ["{\"user\": ", "no json"] {
        assert_eq!(masker.mask_json(text, Ending::Whole), Err(Dropped::NotJson));
    }
    assert!(masker.stream().is_none());
}

#[test]
fn numbers_of_documents_become_strings() {
    let masker = masker(&MaskRules::default());
    let text = r#"{"card": 4111111111111111, "s": "1, 4111111111111111, 2"}"#;
    let json = masker.mask_json(text, Ending::Whole).unwrap();
    assert_eq!(json.text(), r#"{"card": "[CARD]", "s": "1, [CARD], 2"}"#);
    let json = masker
        .mask_json(r#"{"card": -4111111111111111}"#, Ending::Whole)
        .unwrap();
    assert_eq!(json.text(), r#""[FIELD]""#);
}

#[test]
fn what_is_no_text_is_dropped() {
    let masker = masker(&MaskRules::default());
    assert_eq!(
        masker.mask_bytes(b"a\xff", Ending::Whole),
        Err(Dropped::NotText)
    );
    let mut stream = masker.stream().unwrap();
    assert!(stream.push("é".as_bytes().get(..1).unwrap()).is_ok());
    assert_eq!(stream.push(b"x"), Err(Dropped::NotText));
    assert_eq!(stream.push(b"y"), Err(Dropped::NotText));
    assert_eq!(stream.finish(Ending::Whole), Err(Dropped::NotText));
}

#[test]
fn rules_that_cannot_be_used_are_refused() {
    let refused = |rules: MaskRules| Masker::new(&rules).unwrap_err();
    let pattern = |pattern: &str| MaskRules {
        patterns: vec![pattern.to_owned()],
        ..MaskRules::default()
    };
    assert!(matches!(
        refused(pattern("(")),
        RulesError::Pattern { index: 0, .. }
    ));
    assert!(matches!(
        refused(pattern("a{1000}{1000}")),
        RulesError::Pattern { .. }
    ));
    assert!(matches!(
        refused(pattern("a*")),
        RulesError::Empty { index: 0 }
    ));
    let name = MaskRules {
        names: vec![" x".to_owned()],
        ..MaskRules::default()
    };
    assert!(matches!(refused(name), RulesError::Name { index: 0 }));
}

#[test]
fn all_of_a_content_is_masked() {
    let kept = |text: &str| Kept::masked(text.to_owned(), 0);
    let secret = "a@example.org";
    let content = Content {
        system: vec![Part::Text(kept(secret))],
        input: vec![Message {
            role: "user".to_owned(),
            name: Some(secret.to_owned()),
            parts: vec![
                Part::Media(Media {
                    modality: Modality::Image,
                    mime_type: None,
                    source: MediaSource::Uri(kept(
                        "https://x.test/i.png?X-Amz-Signature=0a1b2c3d4e5f&w=1",
                    )),
                }),
                Part::ToolCall(ToolCall {
                    id: Some("call_1".to_owned()),
                    name: Some("send".to_owned()),
                    arguments: kept(r#"{"to":"a\u0040example.org"}"#),
                }),
                Part::Reasoning(Kept::masked("it is a@exa".to_owned(), 7)),
            ],
        }],
        query: Some(kept(secret)),
        ..Content::default()
    };
    let masked = masker(&MaskRules::default()).mask_content(content).unwrap();
    let seen = format!("{:?}", masked.content());
    assert!(
        !seen.contains("a@") && !seen.contains("0a1b2c") && !seen.contains("u0040"),
        "{seen}"
    );
    assert!(
        seen.contains("https://x.test/i.png?X-Amz-Signature=[CREDENTIAL]&w=1")
            && seen.contains("call_1"),
        "{seen}"
    );
    let counts: Counts = masked.counts();
    assert_eq!(
        (
            counts.of(Kind::Email),
            counts.of(Kind::Credential),
            counts.of(Kind::Cut)
        ),
        (4, 1, 1)
    );
}

#[test]
fn texts_beside_what_was_lost_lose_their_edges() {
    let text = |text: &str| Part::Text(Kept::masked(text.to_owned(), 0));
    let mut content = Content {
        output: vec![Choice {
            parts: vec![
                text("the key is sk-12"),
                Part::Lost,
                text("3456 89 and so"),
                text("on it goes"),
            ],
            ..Choice::default()
        }],
        ..Content::default()
    };
    let masker = masker(&MaskRules::default());
    let texts = |content: &Content| {
        let masked = masker.mask_content(content.clone()).unwrap();
        let parts = masked.content().output[0].parts.iter();
        let texts = parts.filter_map(|part| match part {
            Part::Text(text) => Some(text.text().to_owned()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("|")
    };
    assert_eq!(texts(&content), "the key is [CUT]|[CUT] and so|on it goes");
    content.answer.missing = Some(Missing::Cut);
    assert_eq!(texts(&content), "the key is [CUT]|[CUT] and so|on it [CUT]");
}

#[test]
fn many_places_in_one_tail_cost_no_more() {
    // A quadratic look would take minutes.
    let text = "cookie:1".repeat(100_000);
    assert_masked(&text, "cookie:[CREDENTIAL]");
    let text = "-----BEGIN PRIVATE KEY-----".repeat(30_000);
    assert_masked(&text, "[PRIVATE_KEY]");
}

/// Text with much planted in it, some of it longer than any window.
fn long_text(random: &mut Random) -> String {
    let mut text = String::new();
    while text.len() < 350_000 {
        match random.below(40) {
            0 => text.push_str(&format!("sk-1{}", "aB".repeat(random.below(20_000)))),
            1 => text.push_str(&"\\".repeat(random.below(300))),
            2 => text.push_str(&"QUJD".repeat(random.below(6_000))),
            3 => text.push_str(&format!(
                "password=\"{}\" ",
                "x y".repeat(random.below(9_000))
            )),
            4 => text.push_str(&format!(
                "-----BEGIN PRIVATE KEY-----{}-----END PRIVATE KEY-----",
                "\nQUJD".repeat(random.below(9_000))
            )),
            5 => text.push_str(&"a b ref: 12 ".repeat(random.below(3_000))),
            6 => text.push_str(&"é%40\\u0040@".repeat(random.below(200))),
            7 => text.push('\n'),
            kind => {
                text.push_str("some words, ");
                text.push_str(&plant(kind + random.below(KINDS), random).text);
                text.push(' ');
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn pieces_change_nothing(seed in 1_u64.., most in prop_oneof![1_usize..40, 1_000_usize..90_000]) {
        let masker = masker(&MaskRules {
            names: NAMES.map(str::to_owned).to_vec(),
            patterns: vec!["ref: [0-9]+ a".to_owned()],
            replacement: Replacement::Pseudonym(PseudonymKey::new([1; 32])),
            ..MaskRules::default()
        });
        let mut random = Random(seed);
        let text = long_text(&mut random);
        let whole = masker.mask(&text, Ending::Whole).unwrap();
        let pieces = in_pieces(&masker, &text, || 1 + random.below(most));
        let differs = whole.text().bytes().zip(pieces.text().bytes()).position(|(a, b)| a != b);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(whole.text().len(), pieces.text().len());
        prop_assert_eq!(whole.counts(), pieces.counts());
    }
}

#[test]
fn what_is_held_is_bounded() {
    let masker = masker(&MaskRules::default());
    let mut stream = masker.stream().unwrap();
    let mut given = 0;
    for pushed in 1..=100 {
        given += stream
            .push(&[b'a', b' '].repeat(5_000))
            .unwrap()
            .text()
            .len();
        assert!(pushed * 10_000 - given <= StreamMasker::MAX_HELD);
    }
}
