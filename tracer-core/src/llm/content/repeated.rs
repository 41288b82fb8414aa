//! Events that repeat the one before but for one text: nearly all of a stream.
//!
//! What such an event says follows from what the other said, whatever its shape: it is not parsed again.
//! That holds as the handlers of events are functions of the event and of what [`Draft`] shows, which
//! only an event that is parsed, or a gap, can change.

use memchr::memchr2;

use super::draft::{Draft, Target};
use crate::stream::event::Event;

/// The longest event that is remembered, in bytes without its text.
const LONGEST: usize = 4096;
/// After so many that were remembered for nothing, only one in so many is.
const IN_VAIN: u32 = 16;

/// The last event that was parsed of those whose text stood in them as it reads, if nothing but texts
/// was appended since.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    name: Vec<u8>,
    /// Up to the text, with the quote that opens it.
    before: Vec<u8>,
    /// From the quote that closes it.
    after: Vec<u8>,
    /// Where the text went; `None` if nothing is remembered.
    target: Option<Target>,
    /// Parsed since one was taken: some makers number their events, and then none is.
    parsed: u32,
}

impl Repeated {
    /// Takes an event that repeats the one that is remembered; false if it does not.
    pub(super) fn take(&mut self, event: &Event<'_>, draft: &mut Draft) -> bool {
        let Some(target) = self.target else {
            return false;
        };
        let Some(text) = self.text(event) else {
            return false;
        };
        draft.append_to(target, text);
        self.parsed = 0;
        true
    }

    /// Has `parse` take an event, and remembers it if it can.
    pub(super) fn learn(
        &mut self,
        event: &Event<'_>,
        draft: &mut Draft,
        parse: impl FnOnce(&Event<'_>, &mut Draft),
    ) {
        self.parsed = self.parsed.wrapping_add(1);
        if self.parsed > IN_VAIN && !self.parsed.is_multiple_of(IN_VAIN) {
            self.forget();
            return parse(event, draft);
        }
        // Some ask whether anything came before.
        let is_first = draft.is_empty();
        draft.begin_event();
        parse(event, draft);
        if draft.did_more() {
            return self.forget();
        }
        if let Some(step) = draft.only_step()
            && !is_first
            && let Some((before, after)) = step.around(event.data)
            && before.len() + after.len() <= LONGEST
        {
            self.target = Some(step.target);
            for (known, new) in [
                (&mut self.name, event.event),
                (&mut self.before, before),
                (&mut self.after, after),
            ] {
                known.clear();
                known.extend_from_slice(new);
            }
        }
    }

    /// Forgets: what is shown of the answer so far has changed.
    pub(super) const fn forget(&mut self) {
        self.target = None;
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.name.capacity() + self.before.capacity() + self.after.capacity()
    }

    /// The text in place of the one that is remembered, if nothing else differs.
    fn text<'a>(&self, event: &Event<'a>) -> Option<&'a str> {
        let text = event
            .data
            .strip_prefix(&self.before[..])?
            .strip_suffix(&self.after[..])?;
        // Neither does it end, nor is it written otherwise than it reads (RFC 8259, section 7).
        let is_plain =
            memchr2(b'"', b'\\', text).is_none() && text.iter().all(|byte| *byte >= b' ');
        let text = std::str::from_utf8(text).ok()?;
        (is_plain && !text.is_empty() && self.name == event.event).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::content::{kept::Room, shape::Shape};

    fn event<'a>(name: &'a str, data: &'a str) -> Event<'a> {
        Event {
            event: name.as_bytes(),
            data: data.as_bytes(),
            ..Event::default()
        }
    }

    fn piece(text: &str) -> String {
        format!(
            r#"{{"type":"content-delta","index":0,"delta":{{"message":{{"content":{{"text":"{text}"}}}}}}}}"#
        )
    }

    /// Whether `next` is taken without being parsed, behind the pieces `a` and `b`.
    fn is_taken(next: &Event<'_>) -> bool {
        let mut draft = Draft::new(Room::new(1000));
        let mut repeated = Repeated::default();
        for text in ["a", "b"] {
            let data = piece(text);
            let event = event("content-delta", &data);
            assert!(!repeated.take(&event, &mut draft));
            repeated.learn(&event, &mut draft, |event, draft| {
                Shape::Cohere.event(event, draft);
            });
        }
        repeated.take(next, &mut draft)
    }

    #[test]
    fn only_another_text_is_a_repetition() {
        for text in ["c", "  two words\u{e9}", "0"] {
            assert!(is_taken(&event("content-delta", &piece(text))), "{text}");
        }
        for text in [
            "",
            r#"escaped \" quote"#,
            r"line\n",
            "line\n",
            r#"","text":"twice"#,
            r#"c","more":"d"#,
        ] {
            assert!(!is_taken(&event("content-delta", &piece(text))), "{text}");
        }
        let data = piece("c");
        assert!(!is_taken(&event("content-end", &data)));
        assert!(!is_taken(&event("content-delta", &data.replace('0', "1"))));
        assert!(!is_taken(&event("content-delta", &data[1..])));
        let broken = Event {
            data: &[data.as_bytes(), b"\xff"].concat(),
            ..event("content-delta", "")
        };
        assert!(!is_taken(&broken));
    }

    /// Pieces of every maker; `@` stands for the text.
    const PIECES: [(Shape, &str, &str); 9] = [
        (
            Shape::Chat,
            "",
            r#"{"choices":[{"index":1,"delta":{"content":"@"}}]}"#,
        ),
        (
            Shape::Chat,
            "",
            r#"{"choices":[{"index":0,"text":"@","logprobs":null}]}"#,
        ),
        (
            Shape::Messages,
            "content_block_delta",
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"@"}}"#,
        ),
        (
            Shape::Messages,
            "content_block_delta",
            r#"{"type":"content_block_delta","index":1,"delta":{"partial_json":"@"}}"#,
        ),
        (
            Shape::Contents,
            "",
            r#"{"candidates":[{"content":{"parts":[{"text":"@"}],"role":"model"}}]}"#,
        ),
        (
            Shape::Converse,
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"text":"@"}}"#,
        ),
        (
            Shape::Responses,
            "response.output_text.delta",
            r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"@"}"#,
        ),
        (
            Shape::Ollama,
            "",
            r#"{"message":{"role":"assistant","content":"@"},"done":false}"#,
        ),
        (
            Shape::Prompt,
            "",
            r#"{"index":0,"content":"@","tokens":[],"stop":false}"#,
        ),
    ];

    #[test]
    fn what_is_repeated_says_what_is_parsed() {
        let texts = [
            "a",
            "b",
            " c",
            "",
            r"\n",
            "d",
            "{}",
            r"\u00e9",
            r"\ud83d\ude00",
            "\u{e9}",
            "f",
            "g",
        ];
        for (shape, name, piece) in PIECES {
            let mut taken = Vec::new();
            let mut repeated = Repeated::default();
            let [mut with, mut without] = [(); 2].map(|()| Draft::new(Room::new(200)));
            for text in texts {
                let data = piece.replace('@', text);
                let event = event(name, &data);
                if repeated.take(&event, &mut with) {
                    taken.push(text);
                } else {
                    repeated.learn(&event, &mut with, |event, draft| shape.event(event, draft));
                }
                shape.event(&event, &mut without);
                assert_eq!(with.said(), without.said(), "{data}");
            }
            assert_eq!(taken, [" c", "d", "{}", "\u{e9}", "f", "g"], "{piece}");
        }
    }

    #[test]
    fn what_does_more_than_append_its_text_is_not_remembered() {
        let mut draft = Draft::new(Room::new(1000));
        let mut repeated = Repeated::default();
        let data = r#"{"choices":[{"index":0,"delta":{"content":"a","reasoning_content":"b"}}]}"#;
        for _ in 0..3 {
            let event = event("", data);
            assert!(!repeated.take(&event, &mut draft));
            repeated.learn(&event, &mut draft, |event, draft| {
                Shape::Chat.event(event, draft);
            });
        }
    }

    #[test]
    fn nothing_is_repeated_behind_a_gap() {
        let mut draft = Draft::new(Room::new(1000));
        let mut repeated = Repeated::default();
        let data = piece("a");
        let event = event("content-delta", &data);
        for _ in 0..2 {
            repeated.learn(&event, &mut draft, |event, draft| {
                Shape::Cohere.event(event, draft);
            });
        }
        repeated.forget();
        assert!(!repeated.take(&event, &mut draft));
    }
}
