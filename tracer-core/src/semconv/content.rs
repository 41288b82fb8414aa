//! What a call says, as far as the policy lets it out.
//!
//! Each attribute is a document of JSON ([`Value::Json`](super::Value::Json)): a string on a span, a
//! structured value in an event.

use super::{
    attributes as names,
    build::Builder,
    messages::{Documents, InputMessages, OutputMessages, ToolDefinitions},
    parts::{Outcomes, Parts, Whole},
    value::{Attributes, Value},
};
use crate::{
    llm::{
        call::{Call, CallFacts, Operation, Released},
        content::{Content, Extent, Missing, Part},
    },
    policy::{
        ContentMode, ReleasedContent,
        mask::{Dropped, Kind},
    },
};

/// The most bytes of JSON that the content of one call takes: one request to a collector, which takes
/// 4 MiB, has room for a span or an event with it, even where numbers take three times the room in
/// an event. Other attributes are never cut.
const JSON_BYTES: usize = 1 << 20;

/// The content of a call, and what is to be known of it. Empty if the policy let nothing out.
pub(super) fn content_attributes(call: &Call<Released>) -> Attributes {
    let Some(released) = call.content() else {
        return Attributes::new();
    };
    let facts = call.facts();
    let mut told = tell(facts, released);
    let mut room = JSON_BYTES / 2;
    // JSON may be six times as long as its text.
    while json_bytes(&told) > JSON_BYTES {
        told = tell(facts, &released.narrowed(room));
        room /= 2;
    }
    told
}

/// Takes the content out of the attributes of a span for which there is no room with it, and says so;
/// whether there was any.
pub fn drop_content(attributes: &mut Attributes) -> bool {
    let before = attributes.len();
    attributes.retain(|(name, value)| {
        !matches!(value, Value::Json(_)) && name != names::GEN_AI_RETRIEVAL_QUERY_TEXT
    });
    let had_any = attributes.len() < before;
    if had_any {
        attributes.retain(|(name, _)| name != names::LLM_TRACER_CONTENT_MODE);
        let mut add = Builder::default();
        add.label(names::LLM_TRACER_CONTENT_MODE, "dropped");
        add.label(names::LLM_TRACER_CONTENT_DROPPED, "no_room");
        attributes.extend(add.finish());
    }
    had_any
}

fn json_bytes(attributes: &Attributes) -> usize {
    let of_one = |value: &Value| match value {
        Value::Json(text) => text.len(),
        _ => 0,
    };
    attributes.iter().map(|(_, value)| of_one(value)).sum()
}

fn tell(facts: &CallFacts, released: &ReleasedContent) -> Attributes {
    let mut add = Builder::default();
    let content = released.content();
    match (facts.operation, &facts.request.mcp) {
        (Operation::Mcp, Some(mcp)) if mcp.method == "tools/call" => add_tool(&mut add, content),
        (Operation::Mcp, Some(mcp)) if mcp.method != "sampling/createMessage" => {}
        _ => add_messages(&mut add, facts, content),
    }
    add_state(&mut add, released);
    add.finish()
}

fn add_messages(add: &mut Builder, facts: &CallFacts, content: &Content) {
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
    if !system.is_empty() {
        add.json(names::GEN_AI_SYSTEM_INSTRUCTIONS, &Parts(system));
    }
    if !input.is_empty() {
        add.json(names::GEN_AI_INPUT_MESSAGES, &InputMessages(input));
    }
    // What makes no messages, such as embeddings, answers with nothing that could be said here.
    if output.iter().any(|choice| !choice.parts.is_empty()) {
        let output = OutputMessages(output, &facts.outcome);
        add.json(names::GEN_AI_OUTPUT_MESSAGES, &output);
    }
    if !tools.is_empty() {
        add.json(names::GEN_AI_TOOL_DEFINITIONS, &ToolDefinitions(tools));
    }
    if !documents.is_empty() {
        add.json(names::LLM_TRACER_REQUEST_DOCUMENTS, &Documents(documents));
    }
    if !found.is_empty() {
        add.json(names::GEN_AI_RETRIEVAL_DOCUMENTS, &Documents(found));
    }
    let query = query.as_ref().map(|query| query.text());
    add.text(names::GEN_AI_RETRIEVAL_QUERY_TEXT, query);
}

/// A tool that MCP runs: the call and its result are all that is said.
fn add_tool(add: &mut Builder, content: &Content) {
    let asked = content.input.iter().flat_map(|message| &message.parts);
    for part in asked {
        if let Part::ToolCall(call) = part
            && !call.arguments.text().is_empty()
        {
            add.json(names::GEN_AI_TOOL_CALL_ARGUMENTS, &Whole(&call.arguments));
            break;
        }
    }
    let answered = content.output.iter().flat_map(|choice| &choice.parts);
    for part in answered {
        if let Part::ToolResponse(response) = part
            && !response.response.is_empty()
        {
            add.json(
                names::GEN_AI_TOOL_CALL_RESULT,
                &Outcomes(&response.response),
            );
            break;
        }
    }
}

/// What is to be known of content: how it was masked, what is missing.
fn add_state(add: &mut Builder, released: &ReleasedContent) {
    match released.mode() {
        ContentMode::Full => add.label(names::LLM_TRACER_CONTENT_MODE, "full"),
        ContentMode::Masked(counts) => {
            add.label(names::LLM_TRACER_CONTENT_MODE, "masked");
            add_positive(add, names::LLM_TRACER_CONTENT_MASKED, counts.total());
            let kinds = Kind::ALL.into_iter().filter(|kind| counts.of(*kind) > 0);
            add.list(
                names::LLM_TRACER_CONTENT_MASKED_KINDS,
                kinds.map(|kind| kind.label().to_owned()).collect(),
            );
        }
        ContentMode::Dropped(dropped) => {
            add.label(names::LLM_TRACER_CONTENT_MODE, "dropped");
            add.label(names::LLM_TRACER_CONTENT_DROPPED, reason(dropped));
        }
    }
    let withheld = released.withheld().iter();
    add.list(
        names::LLM_TRACER_CONTENT_WITHHELD,
        withheld.map(|field| field.name().to_owned()).collect(),
    );
    let Content {
        request, answer, ..
    } = released.content();
    let both = |of: fn(&Extent) -> u64| of(request).saturating_add(of(answer));
    add_positive(
        add,
        names::LLM_TRACER_CONTENT_TRUNCATED_BYTES,
        both(|side| side.cut_bytes),
    );
    add_positive(
        add,
        names::LLM_TRACER_CONTENT_TRUNCATED_ITEMS,
        both(|side| side.cut_items),
    );
    for (name, side) in [
        (names::LLM_TRACER_CONTENT_REQUEST_MISSING, request),
        (names::LLM_TRACER_CONTENT_RESPONSE_MISSING, answer),
    ] {
        if let Some(missing) = side.missing {
            add.label(name, missing_name(missing));
        }
    }
}

fn add_positive(add: &mut Builder, name: &'static str, count: u64) {
    add.count(name, Some(count).filter(|&count| count > 0));
}

const fn reason(dropped: Dropped) -> &'static str {
    match dropped {
        Dropped::NotText => "not_text",
        Dropped::NotJson => "not_json",
        Dropped::Internal => "internal",
    }
}

const fn missing_name(missing: Missing) -> &'static str {
    match missing {
        Missing::Cut => "cut",
        Missing::Bound => "bound",
        Missing::Gap => "gap",
        Missing::Unread => "unread",
        Missing::Dropped => "dropped",
    }
}
