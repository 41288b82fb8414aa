//! OpenAI `POST …/audio/{speech,transcriptions,translations}`.
//!
//! <https://platform.openai.com/docs/api-reference/audio>. Transcriptions are counted in tokens or
//! in seconds; speech is counted in tokens when it is streamed as events. Neither sound nor text is
//! looked at.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::{Chunk, event_type, is_done},
    openai_path,
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, OutputType, RequestFacts},
        error_body::ErrorField,
        json::{Filled, Flag, Number, Object, Text, read},
    },
    stream::event::Event,
};

/// Speech to text, and text to speech.
#[derive(Debug)]
pub(super) struct OpenAiAudio;

impl Adapter for OpenAiAudio {
    fn name(&self) -> &'static str {
        "openai.audio"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let operation = match request.post()? {
            [.., "audio", "speech"] => Operation::Speech,
            [.., "audio", "transcriptions"] => Operation::Transcription,
            [.., "audio", "translations"] => Operation::Translation,
            _ => return None,
        };
        Some(openai_path::endpoint(request, operation))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#) || has_member(body, r#""file""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let speaks = context.endpoint.operation == Operation::Speech;
        let events = body.stream_format.as_str() == Some("sse");
        let facts = RequestFacts {
            model: body.model.owned(),
            stream: body.stream.0.or_else(|| events.then_some(true)),
            temperature: body.temperature.0,
            output_type: if speaks {
                Some(OutputType::Speech)
            } else {
                body.response_format.as_str().and_then(text_format)
            },
            ..RequestFacts::default()
        };
        Some(RequestRead {
            has_shape: body.input.0 || body.file.0,
            facts,
            ..RequestRead::default()
        })
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        if let Some(transcript) = read::<Transcript<'_>>(body) {
            transcript.tell(answer);
            return true;
        }
        // Plain text or subtitles: nothing to read.
        !context
            .header("content-type")
            .is_some_and(|kind| kind.contains("json"))
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(AudioStream)
    }
}

fn text_format(format: &str) -> Option<OutputType> {
    match format {
        "json" | "verbose_json" | "diarized_json" => Some(OutputType::Json),
        "text" | "srt" | "vtt" => Some(OutputType::Text),
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
    file: Filled,
    stream: Flag,
    stream_format: Text<'a>,
    response_format: Text<'a>,
    temperature: Number,
}

/// An answer, or the event that ends a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Transcript<'a> {
    /// Mistral.
    #[serde(borrow)]
    model: Text<'a>,
    /// Without a count of tokens where seconds are billed.
    usage: Object<OpenAiUsage>,
    error: ErrorField<'a>,
}

impl Transcript<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(None, self.model.as_str());
        if let Some(usage) = &self.usage.0 {
            usage.tell(answer);
        }
        answer.fail(&self.error);
    }
}

#[derive(Debug)]
struct AudioStream;

impl StreamReader for AudioStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let kind = event_type(event).unwrap_or_default();
        if kind.ends_with(b".delta") || kind.ends_with(b".segment") {
            return Chunk::Output;
        }
        if is_done(event.data) {
            answer.ended = true;
        } else if let Some(transcript) = read::<Transcript<'_>>(event.data) {
            transcript.tell(answer);
        }
        answer.ended |= kind.ends_with(b".done");
        Chunk::Other
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    const POST: &str = "POST /v1/audio/transcriptions HTTP/1.1\nHost: api.openai.com\nContent-Type: multipart/form-data; boundary=b";
    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\ncanary\r\n--b--\r\n";

    #[test]
    fn tokens_or_seconds() {
        let head = "HTTP/1.1 200 OK\nContent-Type: application/json";
        let tokens = r#"{"text":"canary","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}}"#;
        let counted = span(&Asked(POST, FORM), &Answered(head, tokens)).expect("a call");
        assert_eq!(counted.name, "transcription gpt-4o-transcribe");
        assert_eq!(
            text(&counted, "gen_ai.usage.input_tokens").as_deref(),
            Some("14")
        );
        assert_eq!(
            text(&counted, "gen_ai.usage.output_tokens").as_deref(),
            Some("45")
        );
        assert!(!format!("{counted:?}").contains("canary"));

        let seconds = r#"{"text":"canary","usage":{"type":"duration","seconds":9}}"#;
        let timed = span(&Asked(POST, FORM), &Answered(head, seconds)).expect("a call");
        assert_eq!(text(&timed, "gen_ai.usage.input_tokens"), None);
    }

    #[test]
    fn text_and_sound_are_answers_too() {
        let subtitles = Answered("HTTP/1.1 200 OK\nContent-Type: text/plain", "do you see?\n");
        let plain = span(&Asked(POST, FORM), &subtitles).expect("a call");
        assert_eq!(text(&plain, "llm_tracer.capture_state"), None);

        let post = "POST /v1/audio/speech HTTP/1.1\nHost: api.openai.com";
        let body = r#"{"model":"tts-1","input":"canary","voice":"alloy"}"#;
        let sound = Answered("HTTP/1.1 200 OK\nContent-Type: audio/mpeg", "ID3canary");
        let spoken = span(&Asked(post, body), &sound).expect("a call");
        assert_eq!(spoken.name, "speech tts-1");
        assert_eq!(
            text(&spoken, "gen_ai.output.type").as_deref(),
            Some("speech")
        );
        assert_eq!(text(&spoken, "llm_tracer.capture_state"), None);
        assert_eq!(
            text(&spoken, "llm_tracer.response.body_bytes").as_deref(),
            Some("9")
        );
    }

    #[test]
    fn speech_in_events() {
        let post = "POST /v1/audio/speech HTTP/1.1\nHost: api.openai.com";
        let body =
            r#"{"model":"gpt-4o-mini-tts","input":"x","voice":"alloy","stream_format":"sse"}"#;
        let events = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"x\"}\n\n\
            data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":4,\"output_tokens\":30,\"total_tokens\":34}}\n\n";
        let answer = Answered("HTTP/1.1 200 OK\nContent-Type: text/event-stream", events);
        let span = span(&Asked(post, body), &answer).expect("a call");
        assert_eq!(
            text(&span, "gen_ai.request.stream").as_deref(),
            Some("true")
        );
        assert_eq!(
            text(&span, "gen_ai.usage.output_tokens").as_deref(),
            Some("30")
        );
    }
}
