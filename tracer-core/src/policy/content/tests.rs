//! What leaves is what the grant names, within its bounds, and says what is missing.

use proptest::prelude::*;

use super::{slots::slots, *};
use crate::{
    llm::content::{
        Choice, Content, Document, Kept, Media, MediaSource, Message, Modality, Part, ToolCall,
        ToolDefinition, ToolResponse,
    },
    policy::mask::{
        Dropped, MaskRules, Masker,
        planted::{KINDS, NAMES, Random, plant},
    },
};

fn text(text: &str) -> Kept {
    Kept::masked(text.to_owned(), 0)
}

/// Content with `said` in each of its texts.
fn content(said: &str) -> Content {
    let call = ToolCall {
        id: Some("call_1".to_owned()),
        name: Some("look".to_owned()),
        arguments: text(&format!("{{\"at\":{}}}", serde_json::json!(said))),
    };
    let response = ToolResponse {
        id: Some("call_1".to_owned()),
        response: vec![Part::Text(text(said)), Part::Json(text("[1]"))],
        ..ToolResponse::default()
    };
    let document = Document {
        id: Some("doc".to_owned()),
        score: Some(0.5),
        text: Some(text(said)),
    };
    Content {
        system: vec![Part::Text(text(said))],
        input: vec![
            Message {
                role: "user".to_owned(),
                name: None,
                parts: vec![
                    Part::Text(text(said)),
                    Part::Media(Media {
                        modality: Modality::Image,
                        mime_type: Some("image/png".to_owned()),
                        source: MediaSource::Uri(text("https://example.com/cat.png")),
                    }),
                ],
            },
            Message {
                role: "assistant".to_owned(),
                name: None,
                parts: vec![Part::Reasoning(text(said)), Part::ToolCall(call.clone())],
            },
            Message {
                role: "tool".to_owned(),
                name: None,
                parts: vec![Part::ToolResponse(response)],
            },
        ],
        output: vec![Choice {
            index: 0,
            parts: vec![
                Part::Text(text(said)),
                Part::Refusal(text(said)),
                Part::ToolCall(call),
            ],
            finish_reason: Some("stop".to_owned()),
        }],
        tools: vec![ToolDefinition {
            kind: "function".to_owned(),
            name: Some("look".to_owned()),
            description: Some(text(said)),
            parameters: Some(text("{\"type\":\"object\"}")),
        }],
        query: Some(text(said)),
        documents: vec![document.clone()],
        found: vec![document],
        ..Content::default()
    }
}

fn grant(fields: ContentFields, per_field: usize, per_call: usize) -> ContentGrant<'static> {
    ContentGrant {
        passage: Passage::Full,
        fields,
        bounds: ContentBounds {
            per_field,
            per_call,
        },
    }
}

const WIDE: usize = 1 << 20;

/// Bytes of text of each kind, and what was cut of them.
fn sizes(content: &mut Content) -> Vec<(ContentField, usize, u64)> {
    let slots = slots(content);
    slots
        .iter()
        .map(|slot| (slot.field, slot.text.text().len(), slot.text.cut()))
        .collect()
}

#[test]
fn what_is_granted_leaves_as_it_is() {
    let content = content("Good morning.");
    let released = ReleasedContent::new(content.clone(), &grant(ContentFields::ALL, WIDE, WIDE));
    assert_eq!(*released.content(), content);
    assert_eq!(released.mode(), ContentMode::Full);
    assert!(released.withheld().is_empty());
}

#[test]
fn every_kind_can_be_withheld() {
    for field in ContentField::ALL {
        let fields = ContentFields::ALL.without(field);
        let released = ReleasedContent::new(content("Good morning."), &grant(fields, WIDE, WIDE));
        assert_eq!(
            released.withheld(),
            ContentFields::NONE.with(field),
            "{field:?}"
        );
        let mut left = released.content().clone();
        let left = sizes(&mut left);
        let is_there = left
            .iter()
            .any(|&(of, length, _)| of == field && length > 0);
        assert!(!is_there, "{field:?}: {left:?}");
    }
    let nothing = ReleasedContent::new(
        content("Good morning."),
        &grant(ContentFields::NONE, WIDE, WIDE),
    );
    assert_eq!(*nothing.content(), Content::default());
    // What was not there is not withheld.
    let empty = ReleasedContent::new(Content::default(), &grant(ContentFields::NONE, WIDE, WIDE));
    assert!(empty.withheld().is_empty());
}

#[test]
fn calls_of_tools_keep_their_names_without_what_they_say() {
    let fields = ContentFields::ALL
        .without(ContentField::ToolArguments)
        .without(ContentField::ToolResults);
    let released = ReleasedContent::new(content("secret"), &grant(fields, WIDE, WIDE));
    let input = &released.content().input;
    let Some(Part::ToolCall(call)) = input[1].parts.last() else {
        panic!("{input:?}")
    };
    assert_eq!(call.name.as_deref(), Some("look"));
    assert_eq!(call.arguments, Kept::default());
    let Some(Part::ToolResponse(response)) = input[2].parts.first() else {
        panic!("{input:?}")
    };
    assert_eq!(
        (response.id.as_deref(), response.response.len()),
        (Some("call_1"), 0)
    );
}

#[test]
fn a_long_text_gives_way_to_short_ones() {
    let mut content = Content::default();
    let long = "x".repeat(5_000);
    for said in ["What is this?", &long, "And this?"] {
        content.input.push(Message {
            role: "user".to_owned(),
            name: None,
            parts: vec![Part::Text(text(said))],
        });
    }
    let released = ReleasedContent::new(content, &grant(ContentFields::ALL, 2_000, WIDE));
    let mut left = released.content().clone();
    assert_eq!(left.request.cut_items, 0);
    let sizes: Vec<_> = sizes(&mut left)
        .iter()
        .map(|size| (size.1, size.2))
        .collect();
    // 2,000 bytes without three messages of 132 bytes and the short texts.
    assert_eq!(sizes, [(13, 0), (1_582, 3_418), (9, 0)]);
    assert_eq!(left.request.cut_bytes, 3_418);
}

#[test]
fn of_too_many_messages_the_newest_stay() {
    let mut content = Content::default();
    for number in 0..100 {
        content.input.push(Message {
            role: "user".to_owned(),
            name: None,
            parts: vec![Part::Text(text(&format!("message {number:02}")))],
        });
    }
    let released = ReleasedContent::new(content, &grant(ContentFields::ALL, WIDE, 2_000));
    let left = released.content();
    assert_eq!(left.input.len(), 7);
    let last = &left.input[6].parts[0];
    assert_eq!(*last, Part::Text(text("message 99")));
    assert_eq!(left.request.cut_items, 93);
    assert_eq!(left.request.cut_bytes, 93 * 10);
}

#[test]
fn a_mask_that_fails_drops_all() {
    let masker = Masker::new(&MaskRules {
        paths: vec!["$.at".to_owned()],
        ..MaskRules::default()
    })
    .unwrap();
    let mut content = content("Good morning.");
    // Arguments that were cut: paths cannot be followed.
    content.output[0].parts = vec![Part::ToolCall(ToolCall {
        arguments: Kept::masked("{\"at\":".to_owned(), 5),
        ..ToolCall::default()
    })];
    let released = ReleasedContent::new(
        content,
        &ContentGrant {
            passage: Passage::Masked(&masker),
            ..grant(ContentFields::ALL, WIDE, WIDE)
        },
    );
    assert_eq!(released.mode(), ContentMode::Dropped(Dropped::NotJson));
    assert_eq!(*released.content(), Content::default());
}

#[test]
fn what_is_masked_stays_masked_wherever_it_is_cut() {
    let masker = Masker::new(&MaskRules {
        names: NAMES.map(str::to_owned).to_vec(),
        ..MaskRules::default()
    })
    .unwrap();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for kind in 0..KINDS {
        let plant = plant(kind, &mut random);
        let said = format!("Before it {} and behind it {}.", plant.text, plant.text);
        for per_call in (0..3_000).step_by(97) {
            let released = ReleasedContent::new(
                content(&said),
                &ContentGrant {
                    passage: Passage::Masked(&masker),
                    ..grant(ContentFields::ALL, WIDE, per_call)
                },
            );
            let ContentMode::Masked(counts) = released.mode() else {
                panic!("{:?}", released.mode())
            };
            assert!(counts.total() > 0, "{}", plant.name);
            let left = format!("{:?}", released.content());
            assert!(!left.contains(&plant.secret), "{}: {left}", plant.name);
        }
    }
}

proptest! {
    #[test]
    fn bounds_hold_and_what_is_missing_is_told(
        said in "([a-zé€😀]|\\[EMAIL\\]|\\[CARD:0123456789abcdef\\]){0,200}",
        per_field in 0_usize..6_000,
        per_call in 0_usize..12_000,
    ) {
        let mut whole = content(&said);
        let before: usize = sizes(&mut whole).iter().map(|size| size.1).sum();
        let released = ReleasedContent::new(
            whole,
            &grant(ContentFields::ALL, per_field, per_call),
        );
        let mut left = released.content().clone();
        let sizes = sizes(&mut left);
        let after: usize = sizes.iter().map(|size| size.1).sum();
        prop_assert!(after <= per_call);
        for field in ContentField::ALL {
            let of_field = sizes.iter().filter(|size| size.0 == field);
            prop_assert!(of_field.map(|size| size.1).sum::<usize>() <= per_field);
        }
        let missing = left.request.cut_bytes + left.answer.cut_bytes;
        prop_assert_eq!(after as u64 + missing, before as u64);
        for slot in slots(&mut left) {
            // No placeholder is left open.
            let text = slot.text.text();
            let open = text.rfind('[').is_some_and(|at| !text[at..].contains(']'));
            prop_assert!(!open || !text.contains("[E") && !text.contains("[C"), "{}", text);
        }
    }
}
