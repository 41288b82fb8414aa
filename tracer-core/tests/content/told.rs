//! What the policy let out, as spans and events tell it.

use serde_json::{Value as Document, json};
use tracer_core::{
    llm::{
        call::{Call, Captured, Released},
        content::{Content, Part},
    },
    policy::{
        ContentBounds, ContentFields, ContentGrant, Passage,
        mask::{MaskRules, Masker},
        release_with_content,
    },
    semconv::{self, ContentPlace, EventSpan, INFERENCE_DETAILS, Value},
};

use crate::{all, call, keeping, schema};

const WIDE: ContentBounds = ContentBounds {
    per_field: 1 << 20,
    per_call: 1 << 20,
};

fn full(bounds: ContentBounds) -> ContentGrant<'static> {
    ContentGrant {
        passage: Passage::Full,
        fields: ContentFields::ALL,
        bounds,
    }
}

/// Every case in every form.
fn calls() -> impl Iterator<Item = (String, Call<Captured>)> {
    all().into_iter().flat_map(|case| {
        let forms = case.exchanges().into_iter();
        let calls: Vec<_> = forms
            .map(|(form, out, inbound)| {
                let call = call(&mut keeping(64 << 10), &out, &inbound, &[]);
                (format!("{} {form}", case.name), call)
            })
            .collect();
        calls
    })
}

fn documents(call: &Call<Released>) -> Vec<(String, Document)> {
    let span = semconv::span(call);
    let documents = span.attributes.iter().filter_map(|(name, value)| {
        let Value::Json(text) = value else {
            return None;
        };
        assert!(!text.contains('\n'), "on one line: {text}");
        let document = serde_json::from_str(text).expect("JSON");
        Some((name.to_string(), document))
    });
    documents.collect()
}

/// All that the parts of messages say.
fn said(content: &Content) -> Vec<String> {
    let mut said = Vec::new();
    let input = content.input.iter().map(|message| &message.parts);
    let output = content.output.iter().map(|choice| &choice.parts);
    for part in input.chain(output).chain([&content.system]).flatten() {
        tell(part, &mut said);
    }
    said
}

fn tell(part: &Part, said: &mut Vec<String>) {
    match part {
        Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) => {
            said.push(text.text().to_owned());
        }
        Part::ToolResponse(response) | Part::ServerToolResponse(response) => {
            response.response.iter().for_each(|part| tell(part, said));
        }
        _ => {}
    }
}

/// All strings of a document.
fn strings(document: &Document, all: &mut Vec<String>) {
    match document {
        Document::String(text) => all.push(text.clone()),
        Document::Array(list) => list.iter().for_each(|item| strings(item, all)),
        Document::Object(map) => map.values().for_each(|item| strings(item, all)),
        _ => {}
    }
}

#[test]
fn every_shape_is_told_by_the_schemas() {
    let mut seen = 0;
    for (name, call) in calls() {
        let content = call.content().expect("content").clone();
        let released = release_with_content(call, &full(WIDE));
        let documents = documents(&released);
        let mut told = Vec::new();
        for (attribute, document) in &documents {
            let errors = schema::errors(attribute, document);
            assert!(errors.is_empty(), "{name} {attribute}: {errors:#?}");
            strings(document, &mut told);
        }
        if released.facts().request.mcp.is_none() {
            for text in said(&content) {
                assert!(told.contains(&text), "{name}: {text:?} in {told:#?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn messages_as_they_are_told() {
    let mut text = String::new();
    for (name, call) in calls().filter(|(name, _)| name.ends_with(" whole")) {
        let released = release_with_content(call, &full(WIDE));
        text.push_str(&format!("# {name}\n"));
        for (attribute, value) in semconv::span(&released).attributes {
            if let Value::Json(document) = value {
                text.push_str(&format!("{attribute} = {document}\n"));
            }
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn an_event_tells_the_same_and_the_span_goes_without() {
    for (name, call) in calls() {
        let released = release_with_content(call, &full(WIDE));
        let on_span = semconv::span(&released);
        let (span, event) = semconv::tell(&released, ContentPlace::Event);
        let event = event.expect("an event");
        assert_eq!(
            (event.name, event.span),
            (INFERENCE_DETAILS, EventSpan::Own)
        );
        assert_eq!(event.time, span.end);
        assert!(
            span.attribute("llm_tracer.content.mode").is_none(),
            "{name}"
        );
        let moved = &on_span.attributes[span.attributes.len()..];
        assert!(event.attributes.ends_with(moved), "{name}");
        let operation = "gen_ai.operation.name";
        let told = event.attributes.iter().find(|(name, _)| name == operation);
        assert_eq!(told.map(|(_, value)| value), span.attribute(operation));

        let (span, event) = semconv::tell(&released, ContentPlace::Both);
        assert_eq!((span, event.is_some()), (on_span, true));
        let (span, event) = semconv::tell(&released, ContentPlace::None);
        assert!(span.attribute("llm_tracer.content.mode").is_none() && event.is_none());
    }
}

#[test]
fn what_was_cut_is_told_where_it_was_cut() {
    let long = "word ".repeat(1_000);
    let request = json!({
        "model": "gpt-4o",
        "messages": [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "tool_calls": [{
                "id": "c1",
                "type": "function",
                "function": {"name": "look", "arguments": json!({"at": long}).to_string()},
            }]},
            {"role": "tool", "tool_call_id": "c1", "content": long},
            {"role": "user", "content": long},
        ],
    });
    let answer = r#"{"id":"c","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"So."},"finish_reason":"stop"}]}"#;
    let request = request.to_string();
    let out = crate::wire::post(
        "/v1/chat/completions",
        "application/json",
        request.as_bytes(),
    );
    let call = call(
        &mut keeping(64 << 10),
        &out,
        &crate::wire::json(answer),
        &[],
    );
    let bounds = ContentBounds {
        per_field: 2_000,
        per_call: 4_000,
    };
    let released = release_with_content(call, &full(bounds));
    let documents = documents(&released);
    let input = &documents[0].1;
    assert!(schema::errors("gen_ai.input.messages", input).is_empty());
    assert_eq!(
        input[0]["parts"][0],
        json!({"type": "text", "content": "Look."})
    );
    let mut missing = 0;
    for (message, part, member, whole) in [
        (1, "tool_call", "arguments", 5_009),
        (2, "tool_call_response", "response", 5_000),
        (3, "text", "content", 5_000),
    ] {
        let part_told = &input[message]["parts"][0];
        assert_eq!(part_told["type"], part);
        let left = part_told[member].as_str().expect("a text").len() as u64;
        let cut = part_told["llm_tracer.content.truncated_bytes"].as_u64();
        let cut = cut.expect("what is missing");
        assert_eq!(left + cut, whole, "{part}");
        missing += cut;
    }
    let span = semconv::span(&released);
    let told = span.attribute("llm_tracer.content.truncated_bytes");
    assert_eq!(told, Some(&Value::Int(missing.try_into().expect("small"))));
}

#[test]
fn masked_content_says_so() {
    let masker = Masker::new(&MaskRules {
        names: vec!["dog".to_owned()],
        ..MaskRules::default()
    })
    .expect("rules");
    let grant = ContentGrant {
        passage: Passage::Masked(&masker),
        ..full(WIDE)
    };
    let mut masked = 0;
    for (name, call) in calls() {
        let span = semconv::span(&release_with_content(call, &grant));
        let mode = span.attribute("llm_tracer.content.mode");
        assert_eq!(mode, Some(&Value::Str("masked".into())), "{name}");
        for (name, value) in &span.attributes {
            if let Value::Json(text) = value {
                assert!(!text.contains("dog"), "{name}: {text}");
                masked += text.matches("[NAME]").count();
            }
        }
    }
    assert!(masked > 0);
}

#[test]
fn json_that_grows_beyond_its_room_is_cut() {
    // Six bytes of JSON for each byte of text.
    let text = "\u{1}".repeat(3 << 17);
    let request = json!({
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": text}, {"role": "user", "content": "Why?"}],
    });
    let answer = r#"{"id":"c","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"So."},"finish_reason":"stop"}]}"#;
    let out = crate::wire::post(
        "/v1/chat/completions",
        "application/json",
        request.to_string().as_bytes(),
    );
    let call = call(&mut keeping(4 << 20), &out, &crate::wire::json(answer), &[]);
    let wide = ContentBounds {
        per_field: 4 << 20,
        per_call: 4 << 20,
    };
    let released = release_with_content(call, &full(wide));
    let span = semconv::span(&released);
    let Some(Value::Json(input)) = span.attribute("gen_ai.input.messages") else {
        panic!("no messages")
    };
    assert!(
        input.len() < 1 << 20 && input.len() > 1 << 19,
        "{}",
        input.len()
    );
    assert!(input.contains("Why?"));
    let cut = span.attribute("llm_tracer.content.truncated_bytes");
    assert!(
        matches!(cut, Some(Value::Int(bytes)) if *bytes > 1 << 16),
        "{cut:?}"
    );
}
