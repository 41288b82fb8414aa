//! Takes away what a policy does not let out.

use super::fields::{ContentField, ContentFields};
use crate::llm::content::{Content, Extent, Kept, MediaSource, Part, ToolCall, ToolResponse};

/// Empties all that is not in `fields`; returns what there was of that. Calls of tools and their
/// results stay in their messages, with name and id.
pub(super) fn withhold(content: &mut Content, fields: ContentFields) -> ContentFields {
    let mut pass = Pass {
        fields,
        taken: ContentFields::NONE,
    };
    let Content {
        system,
        input,
        output,
        tools,
        query,
        documents,
        found,
        request,
        answer,
    } = content;
    if pass.takes(ContentField::Instructions, !system.is_empty()) {
        forget(request, texts_of(std::mem::take(system)));
    }
    if pass.takes(
        ContentField::InputMessages,
        !input.is_empty() || query.is_some(),
    ) {
        let input = std::mem::take(input).into_iter();
        forget(request, input.flat_map(|message| texts_of(message.parts)));
        forget(request, query.take());
    }
    if pass.takes(ContentField::OutputMessages, !output.is_empty()) {
        let output = std::mem::take(output).into_iter();
        forget(answer, output.flat_map(|choice| texts_of(choice.parts)));
    }
    if pass.takes(ContentField::ToolDefinitions, !tools.is_empty()) {
        let tools = std::mem::take(tools).into_iter();
        let texts = tools.flat_map(|tool| [tool.description, tool.parameters]);
        forget(request, texts.flatten());
    }
    for (documents, side) in [(documents, &mut *request), (found, &mut *answer)] {
        if pass.takes(ContentField::Documents, !documents.is_empty()) {
            let documents = std::mem::take(documents).into_iter();
            forget(side, documents.filter_map(|document| document.text));
        }
    }
    pass.parts(system, request);
    for message in input {
        pass.parts(&mut message.parts, request);
    }
    for choice in output {
        pass.parts(&mut choice.parts, answer);
    }
    pass.taken
}

struct Pass {
    fields: ContentFields,
    taken: ContentFields,
}

impl Pass {
    /// Whether a kind must go; it is noted if there is any of it.
    fn takes(&mut self, field: ContentField, is_there: bool) -> bool {
        let takes = is_there && !self.fields.contains(field);
        if takes {
            self.taken = self.taken.with(field);
        }
        takes
    }

    fn parts(&mut self, parts: &mut [Part], side: &mut Extent) {
        for part in parts {
            match part {
                Part::ToolCall(call) | Part::ServerToolCall(call) => self.arguments(call, side),
                Part::ToolResponse(response) | Part::ServerToolResponse(response) => {
                    self.result(response, side);
                }
                _ => {}
            }
        }
    }

    fn arguments(&mut self, call: &mut ToolCall, side: &mut Extent) {
        let arguments = &mut call.arguments;
        let is_there = !arguments.text().is_empty() || arguments.cut() > 0;
        if self.takes(ContentField::ToolArguments, is_there) {
            forget(side, [std::mem::take(arguments)]);
        }
    }

    fn result(&mut self, response: &mut ToolResponse, side: &mut Extent) {
        let parts = &mut response.response;
        if self.takes(ContentField::ToolResults, !parts.is_empty()) {
            forget(side, texts_of(std::mem::take(parts)));
        }
    }
}

/// What was cut of texts that are gone is missing no more: they were not to leave.
fn forget(side: &mut Extent, texts: impl IntoIterator<Item = Kept>) {
    let cut: u64 = texts.into_iter().map(|text| text.cut()).sum();
    side.cut_bytes = side.cut_bytes.saturating_sub(cut);
}

pub(super) fn texts_of(parts: Vec<Part>) -> Vec<Kept> {
    let mut texts = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) | Part::Json(text) => {
                texts.push(text);
            }
            Part::ToolCall(call) | Part::ServerToolCall(call) => texts.push(call.arguments),
            Part::ToolResponse(response) | Part::ServerToolResponse(response) => {
                texts.extend(texts_of(response.response));
            }
            Part::Media(media) => texts.extend(match media.source {
                MediaSource::Uri(uri) => Some(uri),
                MediaSource::Inline { .. } | MediaSource::File(_) | MediaSource::Unknown => None,
            }),
            Part::Other { .. } | Part::Lost => {}
        }
    }
    texts
}
