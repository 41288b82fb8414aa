//! Google's Live API, of Gemini and Vertex.
//!
//! <https://ai.google.dev/api/live>. Nothing has an id. What the model says belongs to a turn until
//! `turnComplete`; with it, or right behind it, comes the usage. Within a turn usage may come for
//! each generation: another one is known by its prompt, which has grown.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    dialect::{Dialect, Moment},
    turns::{Turn, Turns},
};
use crate::{
    llm::{
        adapters::{
            google_request,
            google_usage::{Modalities, of_modality},
        },
        call::{OutputType, RequestFacts},
        json::{Count, Filled, Flag, List, Object, Text, read},
        usage::{Usage, UsageParts},
    },
    time::Timestamp,
};

/// A session of the Live API.
#[derive(Debug, Default)]
pub(super) struct GoogleLive {
    session: RequestFacts,
    /// The message that no turn has answered.
    asked: Option<Moment>,
    /// Results of tools that no output has followed yet, in this turn or the next.
    tools_answered: Option<Moment>,
    /// Usage of the open turn came, for this prompt.
    counted: bool,
    prompt: Option<u64>,
    /// The open turn is complete; its usage may follow.
    complete: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    setup: Option<Box<RawValue>>,
    #[serde(alias = "client_content")]
    client_content: Filled,
    #[serde(alias = "realtime_input")]
    realtime_input: Object<RealtimeInput>,
    #[serde(alias = "tool_response")]
    tool_response: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Setup<'a> {
    #[serde(borrow)]
    model: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RealtimeInput {
    text: Filled,
    #[serde(alias = "activity_end")]
    activity_end: Present,
}

/// Whether a member is there, be it an empty object.
#[derive(Debug, Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Received<'a> {
    #[serde(borrow)]
    server_content: Object<ServerContent<'a>>,
    tool_call: Object<ToolCall<'a>>,
    usage_metadata: Object<UsageMetadata<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServerContent<'a> {
    model_turn: Filled,
    output_transcription: Filled,
    generation_complete: Flag,
    turn_complete: Flag,
    interrupted: Flag,
    #[serde(borrow)]
    turn_complete_reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ToolCall<'a> {
    #[serde(borrow)]
    function_calls: List<Object<FunctionCall<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UsageMetadata<'a> {
    prompt_token_count: Count,
    tool_use_prompt_token_count: Count,
    response_token_count: Count,
    /// The name at Vertex.
    candidates_token_count: Count,
    thoughts_token_count: Count,
    cached_content_token_count: Count,
    total_token_count: Count,
    #[serde(borrow)]
    prompt_tokens_details: Modalities<'a>,
    cache_tokens_details: Modalities<'a>,
    response_tokens_details: Modalities<'a>,
    candidates_tokens_details: Modalities<'a>,
}

impl Dialect for GoogleLive {
    fn sent(&mut self, message: &[u8], moment: Moment, _: &mut Turns) {
        let Some(message) = read::<Sent>(message) else {
            return;
        };
        if let Some(setup) = message.setup {
            self.set_up(setup.get().as_bytes());
        }
        let input = message.realtime_input.0.unwrap_or_default();
        if message.client_content.0 || input.text.0 || input.activity_end.0 {
            self.asked = Some(moment);
        }
        if message.tool_response.0 {
            self.tools_answered = Some(moment);
        }
    }

    fn received(&mut self, message: &[u8], moment: Moment, turns: &mut Turns) {
        let Some(message) = read::<Received<'_>>(message) else {
            return;
        };
        let content = message.server_content.0.unwrap_or_default();
        let calls = message.tool_call.0.unwrap_or_default().function_calls.0;
        let says = content.says() || !calls.is_empty();
        if says && self.complete {
            self.end(turns);
        }
        if let Some(usage) = &message.usage_metadata.0 {
            self.count(usage, moment, turns);
        }
        if says && !turns.is_open() {
            if content.is_only_mark() {
                return;
            }
            self.begin(moment.began, turns);
        }
        let Some(turn) = turns.find(None) else { return };
        turn.came(moment);
        if content.model_turn.0 || content.output_transcription.0 || !calls.is_empty() {
            turn.times.record(moment.ended);
            self.tools_answered = None;
        }
        for call in calls.iter().filter_map(|call| call.0.as_ref()) {
            turn.answer
                .next_tool(0, call.id.as_str(), call.name.as_str());
        }
        turn.cancelled |= content.interrupted.0 == Some(true);
        if let Some(reason) = content.turn_complete_reason.as_str() {
            turn.answer.finish(0, reason);
        }
        self.complete |= content.turn_complete.0 == Some(true);
        if self.complete && self.counted {
            self.end(turns);
        }
    }

    fn abandon(&mut self, turns: &mut Turns) {
        if self.complete {
            self.end(turns);
        }
        if let Some(moment) = self.asked.take() {
            turns.begin(Turn::asked(moment, self.session.clone()));
        }
    }
}

impl GoogleLive {
    fn set_up(&mut self, setup: &[u8]) {
        let read_setup = read::<Setup<'_>>(setup).unwrap_or_default();
        self.session = google_request::read_request(setup)
            .map(|body| body.facts)
            .unwrap_or_default();
        // `models/…`, or `projects/…/models/…`.
        let model = read_setup.model.as_str().unwrap_or_default();
        self.session.model = model.rsplit('/').next().map(str::to_owned);
        self.session.model.take_if(|model| model.is_empty());
        // Sessions speak unless they are told to write.
        self.session.output_type.get_or_insert(OutputType::Speech);
    }

    fn begin(&mut self, came: Timestamp, turns: &mut Turns) {
        let asked = self.asked.take();
        let turn = match asked.or(self.tools_answered.take()) {
            Some(moment) => Turn::asked(moment, self.session.clone()),
            None => Turn::begun(came, self.session.clone()),
        };
        turns.begin(turn);
        self.counted = false;
        self.complete = false;
    }

    fn end(&mut self, turns: &mut Turns) {
        turns.end(None);
        self.counted = false;
        self.complete = false;
    }

    /// Usage of the generation under way, or of the one that was.
    fn count(&mut self, usage: &UsageMetadata<'_>, moment: Moment, turns: &mut Turns) {
        let prompt = usage.prompt_token_count.0;
        if self.counted && self.prompt != prompt {
            self.end(turns);
        }
        if !turns.is_open() {
            self.begin(moment.began, turns);
        }
        self.prompt = prompt;
        self.counted = true;
        if let Some(turn) = turns.find(None) {
            turn.answer.usage = usage.normalise();
        }
    }
}

impl ServerContent<'_> {
    /// It is of the model, not of what was heard.
    fn says(&self) -> bool {
        self.model_turn.0 || self.output_transcription.0 || self.is_only_mark()
    }

    /// It only tells how the turn stands.
    fn is_only_mark(&self) -> bool {
        let marks = [
            self.generation_complete,
            self.turn_complete,
            self.interrupted,
        ];
        !self.model_turn.0
            && !self.output_transcription.0
            && marks.iter().any(|mark| mark.0 == Some(true))
    }
}

impl UsageMetadata<'_> {
    /// Use of tools is input. Thoughts are output where the total counts them; most recorded totals
    /// leave them out, and so does the output then.
    fn normalise(&self) -> Usage {
        let tool_use = self.tool_use_prompt_token_count.0.unwrap_or(0);
        let prompt = self.prompt_token_count.0;
        let input = prompt.and_then(|prompt| prompt.checked_add(tool_use));
        let thoughts = self.thoughts_token_count.0;
        let said = self
            .response_token_count
            .0
            .or(self.candidates_token_count.0);
        let with_thoughts = said.and_then(|said| said.checked_add(thoughts?));
        let total = with_thoughts.and_then(|output| input?.checked_add(output));
        let output = if total.is_some() && total == self.total_token_count.0 {
            with_thoughts
        } else {
            said
        };
        Usage {
            input,
            output,
            cache_read: self
                .cached_content_token_count
                .0
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            cache_creation: None,
            reasoning: thoughts.filter(|&part| output.is_none_or(|whole| part <= whole)),
            parts: self.parts(),
        }
    }

    fn parts(&self) -> UsageParts {
        let output = |modality| {
            of_modality(&self.response_tokens_details, modality)
                .or_else(|| of_modality(&self.candidates_tokens_details, modality))
        };
        UsageParts {
            input_audio: of_modality(&self.prompt_tokens_details, "AUDIO"),
            cache_read_audio: of_modality(&self.cache_tokens_details, "AUDIO"),
            input_image: of_modality(&self.prompt_tokens_details, "IMAGE"),
            cache_read_image: of_modality(&self.cache_tokens_details, "IMAGE"),
            output_audio: output("AUDIO"),
            output_image: output("IMAGE"),
            ..UsageParts::default()
        }
    }
}

#[cfg(test)]
#[path = "google_live_tests.rs"]
mod tests;
