//! Content as short lines, to be compared.

use std::fmt::Write as _;

use tracer_core::llm::content::{
    Content, Document, Extent, Kept, Media, MediaSource, Part, ToolCall, ToolResponse,
};

/// What was asked.
pub fn asked(content: &Content) -> Vec<String> {
    let mut lines = Vec::new();
    if !content.system.is_empty() {
        lines.push(format!("instructions: {}", parts(&content.system)));
    }
    for message in &content.input {
        let name = message.name.iter().map(|name| format!("({name})"));
        let name: String = name.collect();
        lines.push(format!("{}{name}: {}", message.role, parts(&message.parts)));
    }
    for tool in &content.tools {
        let mut line = format!("tool {}", tool.kind);
        for member in [
            tool.name.clone(),
            tool.description.as_ref().map(kept),
            tool.parameters.as_ref().map(kept),
        ] {
            let _ = write!(line, " {}", member.as_deref().unwrap_or("-"));
        }
        lines.push(line);
    }
    lines.extend(
        content
            .query
            .iter()
            .map(|query| format!("query: {}", kept(query))),
    );
    lines.extend(content.documents.iter().map(document));
    lines.extend(extent(content.request));
    lines
}

/// What was answered.
pub fn answered(content: &Content) -> Vec<String> {
    let choices = content.output.iter().map(|choice| {
        let reason = choice.finish_reason.as_deref().unwrap_or("-");
        format!("{} {reason}: {}", choice.index, parts(&choice.parts))
    });
    let found = content.found.iter().map(document);
    choices.chain(found).chain(extent(content.answer)).collect()
}

fn extent(extent: Extent) -> Option<String> {
    (!extent.is_whole()).then(|| format!("{extent:?}"))
}

fn parts(parts: &[Part]) -> String {
    let texts: Vec<_> = parts.iter().map(part).collect();
    texts.join(" | ")
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => kept(text),
        Part::Reasoning(text) => format!("thinks {}", kept(text)),
        Part::Refusal(text) => format!("refuses {}", kept(text)),
        Part::ToolCall(call) => format!("calls {}", tool_call(call)),
        Part::ToolResponse(response) => format!("result {}", tool_response(response)),
        Part::ServerToolCall(call) => format!("server calls {}", tool_call(call)),
        Part::ServerToolResponse(response) => {
            format!("server result {}", tool_response(response))
        }
        Part::Media(found) => media(found),
        Part::Json(json) => format!("json {}", kept(json)),
        Part::Other { kind } => format!("other {kind}"),
        Part::Lost => "LOST".to_owned(),
    }
}

fn tool_call(call: &ToolCall) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {}",
        name(&call.id),
        name(&call.name),
        kept(&call.arguments)
    )
}

fn tool_response(response: &ToolResponse) -> String {
    let failed = if response.is_error == Some(true) {
        " failed"
    } else {
        ""
    };
    let id = response.id.as_deref().or(response.name.as_deref());
    format!(
        "{}{failed} [{}]",
        id.unwrap_or("-"),
        parts(&response.response)
    )
}

fn media(media: &Media) -> String {
    let mime_type = media.mime_type.as_deref().unwrap_or("-");
    let source = match &media.source {
        MediaSource::Inline { bytes, .. } => format!("{bytes} bytes"),
        MediaSource::Uri(uri) => kept(uri),
        MediaSource::File(id) => format!("file {id}"),
        MediaSource::Unknown => "somewhere".to_owned(),
    };
    format!("{:?} {mime_type} {source}", media.modality)
}

fn document(document: &Document) -> String {
    let id = document.id.as_deref().unwrap_or("-");
    let score = document
        .score
        .map_or(String::new(), |score| format!(" {score}"));
    let text = document.text.as_ref().map(kept).unwrap_or_default();
    format!("document {id}{score}: {text}")
}

fn kept(text: &Kept) -> String {
    match text.cut() {
        0 => text.text().to_owned(),
        cut => format!("{}…({cut} cut)", text.text()),
    }
}
