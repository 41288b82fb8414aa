//! Bounds on the strings that a call holds while it is under way.
//!
//! What leaves the core is cut further by its policy; this keeps a hostile peer from making names
//! as large as its bodies.

use super::call::RequestFacts;

/// Bytes kept of one string.
const TEXT_BYTES: usize = 2 << 10;
/// Strings kept of one list.
const ITEMS: usize = 128;

/// The beginning of a string, to be kept.
pub(super) fn kept(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_BYTES);
    text.get(..end).unwrap_or(text).to_owned()
}

/// The facts of a request with all strings bounded.
pub(super) fn clipped(mut facts: RequestFacts) -> RequestFacts {
    for text in [
        &mut facts.model,
        &mut facts.service_tier,
        &mut facts.reasoning_level,
        &mut facts.previous_response_id,
        &mut facts.conversation_id,
        &mut facts.data_source_id,
    ]
    .into_iter()
    .flatten()
    {
        clip(text);
    }
    for list in [&mut facts.stop_sequences, &mut facts.encoding_formats] {
        list.truncate(ITEMS);
        list.iter_mut().for_each(clip);
    }
    if let Some(mcp) = &mut facts.mcp {
        clip(&mut mcp.method);
        for text in [
            &mut mcp.tool,
            &mut mcp.prompt,
            &mut mcp.id,
            &mut mcp.protocol_version,
            &mut mcp.session_id,
        ]
        .into_iter()
        .flatten()
        {
            clip(text);
        }
    }
    facts
}

fn clip(text: &mut String) {
    if text.len() > TEXT_BYTES {
        *text = kept(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_between_characters_and_lists_in_number() {
        let long = "é".repeat(TEXT_BYTES) + "x";
        let facts = clipped(RequestFacts {
            model: Some(format!("x{long}")),
            stop_sequences: vec![long; 1000],
            ..RequestFacts::default()
        });
        assert_eq!(facts.model.unwrap().len(), TEXT_BYTES - 1);
        assert_eq!(facts.stop_sequences.len(), ITEMS);
        assert_eq!(facts.stop_sequences[0].len(), TEXT_BYTES);
        assert_eq!(kept("short"), "short");
    }
}
