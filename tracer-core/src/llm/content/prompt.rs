//! Prompts and texts: completions of every maker, in the union of their words.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess},
};

use super::{
    draft::{Asked, Draft, Flow, Place},
    lone,
    model::Modality,
    parts::Parts,
    wire::{Raw, each, object, objects, text},
};
use crate::{
    llm::json::{Count, Lenient, Object, Text, lenient, read},
    stream::event::Event,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    /// A text, a list of texts, tokens, or an object with a text.
    #[serde(borrow)]
    prompt: Raw<'a>,
    /// What shall follow the gap.
    suffix: Text<'a>,
    system: Text<'a>,
    system_prompt: Text<'a>,
    /// Titan.
    #[serde(rename = "inputText")]
    input_text: Text<'a>,
    /// TGI.
    inputs: Raw<'a>,
    /// watsonx: a text. Replicate: an object of these members.
    input: Raw<'a>,
    /// llama.cpp.
    prompt_string: Text<'a>,
    images: Raw<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    match object::<Request<'_>>(request.input) {
        Some(inner) => inner.tell(asked),
        None => request.tell(asked),
    }
    true
}

impl Request<'_> {
    fn tell(&self, asked: &mut Asked) {
        let system = self.system.as_str().or(self.system_prompt.as_str());
        asked.system(|parts| parts.text(system.unwrap_or_default()));
        let has_prompt = [self.prompt, self.inputs, self.input]
            .iter()
            .any(Option::is_some);
        if !has_prompt && self.input_text.as_str().is_none() {
            return;
        }
        asked.message("user", None, |parts| {
            for texts in [self.prompt, self.inputs, self.input] {
                tell_texts(texts, parts);
            }
            parts.text(self.input_text.as_str().unwrap_or_default());
            parts.text(self.suffix.as_str().unwrap_or_default());
            each(self.images, |image: Raw<'_>| {
                if let Some(image) = text(image) {
                    parts.media_in(Modality::Image, None, &image);
                }
            });
        });
    }
}

/// A text, or a list of texts; tokens are told by kind only.
pub(super) fn tell_texts(texts: Raw<'_>, parts: &mut Parts<'_>) {
    if let Some(text) = text(texts) {
        return parts.text(&text);
    }
    let mut tokens = false;
    each(texts, |item: Raw<'_>| match text(item) {
        Some(text) => parts.text(&text),
        None => match object::<Request<'_>>(item) {
            Some(inner) => parts.text(inner.prompt_string.as_str().unwrap_or_default()),
            None => tokens = true,
        },
    });
    if tokens {
        parts.other("tokens");
    }
}

static CONTENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""content""#));
static TOKEN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""token""#));

/// A piece of TGI's stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Token<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

/// A piece of llama.cpp's stream: the text, and numbers of which only the first is of interest.
#[derive(Debug, Default)]
struct Lone<'a> {
    index: Count,
    content: Text<'a>,
    /// It is more than that, or something else.
    has_more: bool,
}

impl<'de: 'a, 'a> Lenient<'de> for Lone<'a> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut lone = Self::default();
        while let Some(name) = map.next_key::<Text<'a>>()? {
            match name.as_str() {
                Some("index") => lone.index = map.next_value()?,
                Some("content") => lone.content = map.next_value()?,
                Some("tokens" | "stop" | "id_slot" | "tokens_predicted" | "tokens_evaluated") => {
                    let _: IgnoredAny = map.next_value()?;
                }
                _ => {
                    lone.has_more = true;
                    let _: IgnoredAny = map.next_value()?;
                }
            }
        }
        lone.has_more |= lone.content.as_str().is_none();
        Ok(lone)
    }
}

lenient!(Lone<'a>);

/// An answer, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    index: Count,
    /// Anthropic; TGI names no list.
    #[serde(borrow)]
    completion: Text<'a>,
    /// Llama.
    generation: Text<'a>,
    generated_text: Text<'a>,
    /// llama.cpp.
    content: Text<'a>,
    text: Text<'a>,
    #[serde(rename = "outputText")]
    output_text: Text<'a>,
    /// Jurassic.
    data: Raw<'a>,
    results: Raw<'a>,
    generations: Raw<'a>,
    outputs: Raw<'a>,
    completions: Raw<'a>,
    choices: Raw<'a>,
    /// Replicate: a text, or a list of pieces.
    output: Raw<'a>,
}

impl<'a> Answer<'a> {
    fn text(&self) -> Option<&str> {
        let names = [
            &self.completion,
            &self.generation,
            &self.generated_text,
            &self.content,
            &self.text,
            &self.output_text,
        ];
        names.into_iter().find_map(Text::as_str)
    }

    const fn lists(&self) -> [Raw<'a>; 5] {
        [
            self.results,
            self.generations,
            self.outputs,
            self.completions,
            self.choices,
        ]
    }
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let body = body.trim_ascii_start();
    let answer = if body.starts_with(b"[") {
        // TGI answers with a list where a list was asked.
        Answer {
            results: read::<Raw<'_>>(body).flatten(),
            ..Answer::default()
        }
    } else {
        let Some(answer) = read::<Answer<'_>>(body) else {
            return false;
        };
        answer
    };
    if let Some(text) = answer.text() {
        draft.whole(0, 0, |parts| parts.text(text));
    }
    for list in answer.lists() {
        let mut next = 0;
        objects(list, |item: Answer<'_>| {
            let data = object::<Answer<'_>>(item.data).unwrap_or_default();
            let text = item.text().or_else(|| data.text());
            let index = item.index.0.unwrap_or(next);
            draft.whole(index, 0, |parts| parts.text(text.unwrap_or_default()));
            next = index.saturating_add(1);
        });
    }
    tell_output(answer.output, draft);
    true
}

/// Replicate's pieces are one text.
fn tell_output(output: Raw<'_>, draft: &mut Draft) {
    let place = Place::default();
    if let Some(text) = text(output) {
        return draft.append(0, place, Flow::Text, &text);
    }
    each(output, |piece: Raw<'_>| {
        if let Some(piece) = text(piece) {
            draft.append(0, place, Flow::Text, &piece);
        }
    });
}

/// Takes the next piece.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if event.event == b"output" {
        // Replicate's events are texts.
        let text = String::from_utf8_lossy(event.data);
        return draft.append(0, Place::default(), Flow::Text, &text);
    }
    // The last piece of TGI's stream repeats the whole text beside its token.
    let token = lone::only(&TOKEN, event.data).and_then(read::<Object<Token<'_>>>);
    if let Some(Object(Some(token))) = token {
        let text = token.text.as_str().unwrap_or_default();
        return draft.append(0, Place::default(), Flow::Text, text);
    }
    let lone = CONTENT
        .find(event.data)
        .and_then(|_| read::<Lone<'_>>(event.data));
    if let Some(Lone { index, content, .. }) = lone.filter(|lone| !lone.has_more) {
        let index = index.0.unwrap_or(0);
        let text = content.as_str().unwrap_or_default();
        return draft.append(index, Place::default(), Flow::Text, text);
    }
    let Some(answer) = read::<Answer<'_>>(event.data) else {
        return;
    };
    let piece = answer.text();
    let index = answer.index.0.unwrap_or(0);
    let place = Place::default();
    draft.append(index, place, Flow::Text, piece.unwrap_or_default());
    for list in answer.lists() {
        let mut next = 0;
        objects(list, |item: Answer<'_>| {
            let index = item.index.0.unwrap_or(next);
            draft.append(index, place, Flow::Text, item.text().unwrap_or_default());
            next = index.saturating_add(1);
        });
    }
}
