//! Texts that are embedded, judged, spoken or drawn.

use serde::Deserialize;

use super::{
    block,
    contents::tell_content,
    draft::{Asked, Draft, Flow, Place},
    model::Modality,
    parts::Parts,
    wire::{Raw, each, object, objects, text},
};
use crate::{
    llm::json::{Object, Text, read},
    stream::event::Event,
};

/// The union of the words for what goes in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    /// A text, a list of texts, of tokens, or of blocks.
    #[serde(borrow)]
    input: Raw<'a>,
    inputs: Raw<'a>,
    texts: Raw<'a>,
    prompt: Raw<'a>,
    images: Raw<'a>,
    #[serde(rename = "inputText")]
    input_text: Raw<'a>,
    /// Of speech.
    instructions: Text<'a>,
    negative_prompt: Text<'a>,
    /// Gemini: a content. Bedrock's guardrails and Cohere: a list of blocks.
    content: Raw<'a>,
    text: Raw<'a>,
    requests: Raw<'a>,
    /// Vertex.
    instances: Raw<'a>,
    /// Stability.
    text_prompts: Raw<'a>,
    #[serde(rename = "textToImageParams")]
    text_to_image: Raw<'a>,
    /// Bedrock's agents and knowledge bases.
    #[serde(rename = "retrievalQuery")]
    retrieval_query: Raw<'a>,
    /// A file that was sent along.
    document: Raw<'a>,
    image: Raw<'a>,
    file: Raw<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    let instructions = request.instructions.as_str().unwrap_or_default();
    asked.system(|parts| parts.text(instructions));
    asked.message("user", None, |parts| request.tell(parts));
    true
}

impl Request<'_> {
    fn tell(&self, parts: &mut Parts<'_>) {
        let texts = [
            self.input,
            self.inputs,
            self.texts,
            self.prompt,
            self.input_text,
            self.text,
        ];
        for list in texts {
            tell_list(list, parts);
        }
        tell_content(self.content, parts);
        if self.content.is_some_and(|list| list.get().starts_with('[')) {
            tell_list(self.content, parts);
        }
        parts.text(self.negative_prompt.as_str().unwrap_or_default());
        for list in [
            self.requests,
            self.instances,
            self.text_prompts,
            self.text_to_image,
            self.retrieval_query,
        ] {
            objects(list, |inner: Request<'_>| inner.tell(parts));
        }
        each(self.images, |image: Raw<'_>| {
            if let Some(image) = text(image) {
                tell_image(&image, parts);
            }
        });
        for file in [self.document, self.image, self.file] {
            block::tell(file.filter(|file| file.get().starts_with('{')), parts);
        }
    }
}

fn tell_image(image: &str, parts: &mut Parts<'_>) {
    if image.starts_with("data:") || image.starts_with("http") {
        parts.media_at(Modality::Image, None, image);
    } else {
        parts.media_in(Modality::Image, None, image);
    }
}

/// A text, a list of texts, of blocks, or of lists of blocks under `content`.
fn tell_list(list: Raw<'_>, parts: &mut Parts<'_>) {
    if let Some(text) = text(list) {
        return parts.text(&text);
    }
    let mut tokens = false;
    each(list, |item: Raw<'_>| {
        if let Some(text) = text(item) {
            return parts.text(&text);
        }
        let Some(inner) = object::<Inner<'_>>(item) else {
            tokens = true;
            return;
        };
        match inner.content {
            Some(_) => block::tell(inner.content, parts),
            None => match object::<Texted<'_>>(inner.text) {
                // Bedrock's guardrails.
                Some(nested) => parts.text(nested.text.as_str().unwrap_or_default()),
                None => block::tell(item, parts),
            },
        }
    });
    if tokens {
        parts.other("tokens");
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Inner<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
    text: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Texted<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

/// What comes back where it is text or media; vectors and judgements are no content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    /// A transcript.
    #[serde(borrow)]
    text: Text<'a>,
    /// A piece of one.
    #[serde(rename = "type")]
    kind: Text<'a>,
    delta: Text<'a>,
    data: Raw<'a>,
    /// Stability and Nova.
    images: Raw<'a>,
    artifacts: Raw<'a>,
    /// Mistral's reading of documents.
    pages: Raw<'a>,
    /// Bedrock's agents and knowledge bases.
    output: Object<Texted<'a>>,
    bytes: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Image<'a> {
    #[serde(borrow)]
    b64_json: Text<'a>,
    base64: Text<'a>,
    url: Text<'a>,
    markdown: Text<'a>,
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(answer) = read::<Answer<'_>>(body) else {
        return false;
    };
    let output = answer.output.0.unwrap_or_default();
    draft.whole(0, 0, |parts| {
        parts.text(answer.text.as_str().unwrap_or_default());
        parts.text(output.text.as_str().unwrap_or_default());
        for list in [answer.data, answer.artifacts, answer.pages] {
            objects(list, |image: Image<'_>| image.tell(parts));
        }
        each(answer.images, |image: Raw<'_>| {
            if let Some(image) = text(image) {
                tell_image(&image, parts);
            }
        });
    });
    true
}

impl Image<'_> {
    fn tell(&self, parts: &mut Parts<'_>) {
        parts.text(self.markdown.as_str().unwrap_or_default());
        let data = self.b64_json.as_str().or(self.base64.as_str());
        match (data, self.url.as_str()) {
            (Some(data), _) => parts.media_in(Modality::Image, None, data),
            (None, Some(url)) => parts.media_at(Modality::Image, None, url),
            (None, None) => {}
        }
    }
}

/// Takes the next event of a transcript or an agent.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    let Some(answer) = read::<Answer<'_>>(event.data) else {
        return;
    };
    let kind = answer.kind.as_str().unwrap_or_default();
    let piece = if kind.ends_with(".delta") {
        answer.delta.as_str()
    } else if event.event == b"output" {
        answer.text.as_str()
    } else {
        None
    };
    draft.append(0, Place::default(), Flow::Text, piece.unwrap_or_default());
    if event.event == b"chunk"
        && let Some(bytes) = answer.bytes.as_str()
        && let Ok(text) = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, bytes)
    {
        let text = String::from_utf8_lossy(&text);
        draft.append(0, Place::default(), Flow::Text, &text);
    }
}
