//! All texts of a content, to be cut.

use super::fields::ContentField;
use crate::llm::content::{Content, Kept, MediaSource, Part};

/// A text, and where it stands.
pub(super) struct Slot<'c> {
    pub(super) field: ContentField,
    /// It is of the answer, not of the request.
    pub(super) is_answer: bool,
    pub(super) text: &'c mut Kept,
}

/// Every text there is. Names and ids are none: they are short.
pub(super) fn slots(content: &mut Content) -> Vec<Slot<'_>> {
    let Content {
        system,
        input,
        output,
        tools,
        query,
        documents,
        found,
        request: _,
        answer: _,
    } = content;
    let mut all = Slots {
        is_answer: false,
        slots: Vec::new(),
    };
    all.parts(ContentField::Instructions, system);
    for message in input {
        all.parts(ContentField::InputMessages, &mut message.parts);
    }
    all.texts(ContentField::InputMessages, query);
    for tool in tools {
        let texts = [&mut tool.description, &mut tool.parameters];
        all.texts(ContentField::ToolDefinitions, texts.into_iter().flatten());
    }
    for document in documents {
        all.texts(ContentField::Documents, &mut document.text);
    }
    all.is_answer = true;
    for document in found {
        all.texts(ContentField::Documents, &mut document.text);
    }
    for choice in output {
        all.parts(ContentField::OutputMessages, &mut choice.parts);
    }
    all.slots
}

struct Slots<'c> {
    is_answer: bool,
    slots: Vec<Slot<'c>>,
}

impl<'c> Slots<'c> {
    fn texts(&mut self, field: ContentField, texts: impl IntoIterator<Item = &'c mut Kept>) {
        let is_answer = self.is_answer;
        self.slots.extend(texts.into_iter().map(|text| Slot {
            field,
            is_answer,
            text,
        }));
    }

    fn parts(&mut self, field: ContentField, parts: &'c mut [Part]) {
        for part in parts {
            match part {
                Part::Text(text)
                | Part::Reasoning(text)
                | Part::Refusal(text)
                | Part::Json(text) => self.texts(field, [text]),
                Part::ToolCall(call) | Part::ServerToolCall(call) => {
                    self.texts(ContentField::ToolArguments, [&mut call.arguments]);
                }
                Part::ToolResponse(response) | Part::ServerToolResponse(response) => {
                    self.parts(ContentField::ToolResults, &mut response.response);
                }
                Part::Media(media) => {
                    if let MediaSource::Uri(uri) = &mut media.source {
                        self.texts(field, [uri]);
                    }
                }
                Part::Other { .. } | Part::Lost => {}
            }
        }
    }
}
