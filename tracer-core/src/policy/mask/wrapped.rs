//! What base64 wraps.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    kind::Kind,
    span::{Span, Tail, is_base64},
};

/// The shortest run that is looked into: 18 bytes.
const MIN_RUN: usize = 24;
/// The longest run that is looked into; a longer one is masked as it is.
pub(super) const MAX_RUN: usize = 8 << 10;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Every run of characters of base64 that is long enough; one that goes on beyond [`MAX_RUN`] is told
/// a byte longer than that.
pub(super) fn runs(text: &[u8], mut found: impl FnMut(usize, usize)) {
    let mut at = 0;
    // A run covers one of every `MIN_RUN` bytes.
    while let Some(byte) = text.get(at) {
        if !is_base64(*byte) {
            at += MIN_RUN;
            continue;
        }
        let before = text.get(..at).unwrap_or_default();
        let mut start = at
            - before
                .iter()
                .rev()
                .take_while(|byte| is_base64(**byte))
                .count();
        // The letter of an escape is not of the run.
        if start > 0
            && text.get(start - 1) == Some(&b'\\')
            && matches!(text.get(start), Some(b'n' | b't' | b'r'))
        {
            start += 1;
        }
        let behind = text.get(at..).unwrap_or_default();
        let end = at + behind.iter().take_while(|byte| is_base64(**byte)).count();
        if end >= start + MIN_RUN {
            found(start, end);
        }
        at = end.max(at + 1).next_multiple_of(MIN_RUN);
    }
}

/// The text within a run; `None` of what is not text.
pub(super) fn decode(run: &[u8]) -> Option<String> {
    // `name=value` and padding.
    let run = run
        .iter()
        .rposition(|byte| *byte != b'=')
        .and_then(|end| run.get(..=end))?;
    let begin = run
        .iter()
        .rposition(|byte| *byte == b'=')
        .map_or(0, |at| at + 1);
    let run = run.get(begin..)?;
    // Four letters are three bytes, so no text is told by words without digits or capitals alone.
    let whole = run.get(..run.len() - usize::from(run.len() % 4 == 1))?;
    let letters: Vec<u8> = whole
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        })
        .collect();
    let mut bytes = LENIENT.decode(letters).ok()?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    };
    bytes.truncate(text);
    (text >= 8).then(|| String::from_utf8(bytes).ok()).flatten()
}

/// A run that is longer than what is looked into.
pub(super) const fn too_long(start: usize) -> Span {
    Span::new(start, start + MAX_RUN, Kind::Encoded).with_tail(Tail::Base64)
}
