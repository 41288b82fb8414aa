//! Google `POST …/models/{model}:generateContent` and `:streamGenerateContent`, as served by Gemini
//! and Vertex AI.
//!
//! <https://ai.google.dev/api/generate-content>. A stream comes as server-sent events with `alt=sse`
//! and as one JSON array without; each of its chunks has the shape of the whole answer. Members may
//! be written in camel case and in snake case.

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess},
};
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::{Chunk, is_done},
    google_error,
    google_path::model_method,
    google_request::read_request,
    google_safety::{self as safety, SafetyRatings},
    google_usage::{Counts, UsageMetadata},
    members::Members,
    request_line::RequestLine,
    running::Running,
};
use crate::{
    evaluation::{Action, Detector, Finding, Target},
    llm::{
        answer::{Answer, keep_last},
        call::Operation,
        error_body::ErrorField,
        json::{
            Count, Filled, Lenient, List, LongList, Object, Scalar, Tells, Text, lenient, read,
        },
    },
    stream::{event::Event, framing::StreamFormat},
};

/// Chunks that are parsed in search of id and model before a server is held to never send them.
const IDENTITY_CHUNKS: u8 = 16;

/// Members of a chunk: what holds its output, its counts, and those that tell more.
static MEMBERS: LazyLock<Members<6>> = LazyLock::new(|| {
    Members::new([
        r#""parts""#,
        r#""usageMetadata""#,
        r#""finishReason""#,
        r#""functionCall""#,
        r#""promptFeedback""#,
        r#""error""#,
    ])
});

/// Generation of content.
#[derive(Debug)]
pub(super) struct GoogleGenerate;

impl Adapter for GoogleGenerate {
    fn name(&self) -> &'static str {
        "google.generate_content"
    }

    fn flavour(&self) -> &'static str {
        "gcp.gen_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let call = model_method(request)?;
        let stream = match call.method {
            "generateContent" => false,
            "streamGenerateContent" => true,
            _ => return None,
        };
        Some(
            Endpoint::new(Operation::GenerateContent)
                .with_model(Some(call.model))
                .with_stream(stream)
                .with_format(StreamFormat::Array),
        )
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""contents""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(response) = read::<Response<'_>>(body) else {
            return false;
        };
        response.tell(answer, &mut Counts::default());
        true
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = google_error::error_type(body);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::<GenerateStream>::default()
    }
}

/// A whole answer or one chunk of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response<'a> {
    #[serde(borrow)]
    response_id: Text<'a>,
    model_version: Text<'a>,
    candidates: List<Object<Candidate<'a>>>,
    prompt_feedback: Object<PromptFeedback<'a>>,
    usage_metadata: Object<UsageMetadata<'a>>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Candidate<'a> {
    index: Count,
    #[serde(borrow)]
    finish_reason: Scalar<'a>,
    content: Object<Content<'a>>,
    safety_ratings: SafetyRatings<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    parts: LongList<Part<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow)]
    block_reason: Scalar<'a>,
    safety_ratings: SafetyRatings<'a>,
}

/// A part of a content: whatever it holds beside marks and signatures is output.
#[derive(Debug, Default)]
struct Part<'a> {
    call: Object<FunctionCall<'a>>,
    has_output: bool,
}

impl<'de: 'a, 'a> Lenient<'de> for Part<'a> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut part = Self::default();
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match key.as_str() {
                Some("thought" | "thoughtSignature") => drop(map.next_value::<IgnoredAny>()?),
                Some("functionCall") => part.call = map.next_value()?,
                _ => part.has_output |= map.next_value::<Filled>()?.0,
            }
        }
        part.has_output |= part.call.0.is_some();
        Ok(part)
    }
}

lenient!(Part<'a>);

impl Tells for Part<'_> {
    fn tells(&self) -> bool {
        self.call.0.is_some()
    }
}

/// A call that the caller has to carry out. With streamed arguments only its first piece is named.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
}

impl Response<'_> {
    fn tell(&self, answer: &mut Answer, counts: &mut Counts) {
        answer.identify(self.response_id.as_str(), self.model_version.as_str());
        answer.fail(&self.error);
        for candidate in self.candidates() {
            candidate.tell(answer);
        }
        if let Some(feedback) = &self.prompt_feedback.0 {
            feedback.tell(answer);
        }
        if let Some(usage) = &self.usage_metadata.0 {
            counts.merge(usage);
            answer.usage = counts.normalise();
            keep_last(&mut answer.service_tier, usage.service_tier.as_str());
        }
    }

    fn candidates(&self) -> impl Iterator<Item = &Candidate<'_>> {
        self.candidates.0.iter().filter_map(|item| item.0.as_ref())
    }

    fn has_output(&self) -> bool {
        self.candidates()
            .any(|candidate| candidate.parts().iter().any(|part| part.has_output))
    }
}

impl PromptFeedback<'_> {
    fn tell(&self, answer: &mut Answer) {
        let target = Some(Target::Input);
        safety::tell(&self.safety_ratings, target, &mut answer.findings);
        let reason = self.block_reason.as_str();
        let Some(reason) = reason.filter(|reason| *reason != "BLOCK_REASON_UNSPECIFIED") else {
            return;
        };
        let found = Finding::new(Detector::Filter, reason, Action::Blocked);
        answer.findings.add(found.of(target));
        if !answer.has_finished() {
            answer.finish(0, reason);
        }
    }
}

impl<'a> Candidate<'a> {
    fn parts(&self) -> &[Part<'a>] {
        self.content
            .0
            .as_ref()
            .map_or(&[], |content| content.parts.0.as_slice())
    }

    fn tell(&self, answer: &mut Answer) {
        let index = self.index.0.unwrap_or(0);
        if let Some(reason) = self.finish_reason.as_str() {
            answer.finish(index, reason_name(reason));
        }
        let target = Some(Target::Output);
        safety::tell(&self.safety_ratings, target, &mut answer.findings);
        for call in self.parts().iter().filter_map(|part| part.call.0.as_ref()) {
            if let Some(name) = call.name.as_str() {
                answer.next_tool(index, call.id.as_str(), Some(name));
            }
        }
    }
}

/// Clients can ask for numbers in place of names (`enum-encoding=int`). Gemini and Vertex number
/// alike up to 5 only; what is beyond stays as it is.
fn reason_name(reason: &str) -> &str {
    match reason {
        "1" => "STOP",
        "2" => "MAX_TOKENS",
        "3" => "SAFETY",
        "4" => "RECITATION",
        "5" => "OTHER",
        other => other,
    }
}

/// Reads a stream of chunks.
#[derive(Debug, Default)]
struct GenerateStream {
    counts: Counts,
    /// Counts that are not among these yet.
    running: Running,
    looked_at: u8,
    had_output: bool,
}

impl StreamReader for GenerateStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if is_done(event.data) {
            answer.ended = true;
            return Chunk::Other;
        }
        if self.knows_enough(answer)
            && let [parts, usage, None, None, None, None] = MEMBERS.values(event.data)
        {
            if let Some(usage) = usage {
                let counts = &mut self.counts;
                self.running.take(usage, |text| merge(counts, text, answer));
            }
            return match parts {
                Some(_) => Chunk::Output,
                None => Chunk::Other,
            };
        }
        self.looked_at = self.looked_at.saturating_add(1);
        self.finish(answer);
        let Some(response) = read::<Response<'_>>(event.data) else {
            return Chunk::Other;
        };
        response.tell(answer, &mut self.counts);
        if response.has_output() {
            self.had_output = true;
            return Chunk::Output;
        }
        Chunk::Other
    }

    fn gap(&mut self, answer: &mut Answer) {
        self.running.forget();
        self.counts = Counts::behind_loss();
        answer.usage = self.counts.normalise();
    }

    fn finish(&mut self, answer: &mut Answer) {
        let counts = &mut self.counts;
        self.running.settle(|text| merge(counts, text, answer));
    }
}

impl GenerateStream {
    fn knows_enough(&self, answer: &Answer) -> bool {
        let identified = answer.id.is_some() && answer.model.is_some();
        self.had_output && (identified || self.looked_at >= IDENTITY_CHUNKS)
    }
}

/// Every chunk counts the tokens so far, and the last one may be the last that comes.
fn merge(counts: &mut Counts, usage: &[u8], answer: &mut Answer) {
    if let Some(Object(Some(usage))) = read::<Object<UsageMetadata<'_>>>(usage) {
        counts.merge(&usage);
        answer.usage = counts.normalise();
    }
}

#[cfg(test)]
#[path = "google_generate_tests.rs"]
mod tests;
