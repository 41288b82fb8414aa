//! Any text is masked the same whatever its pieces; documents stay documents; nothing panics.

use std::sync::LazyLock;

use super::{Detectors, Ending, MaskRules, Masker, PseudonymKey, Replacement};

static MASKERS: LazyLock<Option<[Masker; 2]>> = LazyLock::new(|| {
    let rules = MaskRules {
        detectors: Detectors::ALL,
        names: vec!["Jörg".to_owned(), "data".to_owned()],
        patterns: vec![r"[a-c]{2,5}\d+".to_owned(), "ref: .*$".to_owned()],
        paths: Vec::new(),
        replacement: Replacement::Pseudonym(PseudonymKey::new([7; 32])),
    };
    let paths = MaskRules {
        paths: vec!["$.a[*].b".to_owned(), "$.*".to_owned()],
        ..rules.clone()
    };
    Some([Masker::new(&rules).ok()?, Masker::new(&paths).ok()?])
});

/// The input is a size of pieces, how often the text is repeated, and a text.
pub fn fuzz_maskers(data: &[u8]) {
    let [size, times, text @ ..] = data else {
        return;
    };
    let [plain, paths] = MASKERS.as_ref().expect("the rules are good");
    // Windows are many times longer than what is fuzzed.
    let repeated = if times % 16 == 0 {
        (240 << 10) / text.len().max(64)
    } else {
        1
    };
    let text = text.repeat(repeated);
    let whole = plain.mask_bytes(&text, Ending::Whole);
    let mut stream = plain.stream().expect("there are no paths");
    let mut pieces = String::new();
    let mut failed = None;
    for piece in text.chunks((usize::from(*size) + 1) * repeated) {
        match stream.push(piece) {
            Ok(masked) => pieces.push_str(masked.text()),
            Err(reason) => failed = Some(reason),
        }
    }
    match (stream.finish(Ending::Whole), whole) {
        (Ok(rest), Ok(whole)) => {
            pieces.push_str(rest.text());
            assert_eq!(failed, None);
            assert_eq!(pieces, whole.text(), "pieces change what is masked");
            assert_eq!(rest.counts(), whole.counts());
        }
        (Err(_), Err(_)) => {}
        (stream, whole) => panic!("{stream:?} in pieces, {whole:?} in one"),
    }
    if let Ok(text) = std::str::from_utf8(&text) {
        let valid = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if let Ok(masked) = paths.mask_json(text, Ending::Whole)
            && valid(text)
        {
            assert!(
                valid(masked.text()),
                "no document any more: {}",
                masked.text()
            );
        }
        drop(plain.mask(text, Ending::Cut));
    }
}
