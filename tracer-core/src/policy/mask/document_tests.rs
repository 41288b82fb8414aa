//! Documents stay documents, and what is none is masked as text, wherever something is found.

use proptest::prelude::*;

use super::{Ending, MaskRules, document::is_valid, tests::masker};

/// What documents and their pieces are made of.
const PIECES: [&str; 24] = [
    "\"",
    "\"",
    "\"",
    "\\",
    "\\\"",
    "\\n",
    "\\u0040",
    "\\u00",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    " ",
    "a.b@example.org",
    "a.b\\u0040example.org",
    "4111111111111111",
    "-4111111111111111",
    "4111 1111 1111 1111",
    "password=abc123def",
    "sk-proj-1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT",
    "192.0.2.17",
    "é",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24).prop_map(|it| it.concat())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let masker = masker(&MaskRules::default());
    let json = masker.mask_json(text, Ending::Whole).unwrap();
    if is_valid(text) {
        prop_assert!(is_valid(json.text()), "{text} became {}", json.text());
    } else {
        let plain = masker.mask(text, Ending::Whole).unwrap();
        prop_assert_eq!(json.text(), plain.text());
    }
    for secret in [
        "example.org",
        "4111111111111111",
        "sk-proj-1a",
        "192.0.2.17",
    ] {
        let plain = masker.mask(text, Ending::Whole).unwrap();
        let leaks = json.text().contains(secret) && !plain.text().contains(secret);
        prop_assert!(!leaks, "{text} became {}", json.text());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_there(text in text()) {
        check(&text)?;
    }

    #[test]
    fn documents(inner in text(), other in text()) {
        let quoted = serde_json::to_string(&inner).unwrap();
        check(&format!("{{\"a\": {quoted}, \"n\": [{other}, 4111111111111111]}}"))?;
        check(&format!("{{\"a\": {quoted}, \"b\": \"{other}\"}}"))?;
    }
}
