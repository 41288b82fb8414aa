//! OpenAI's Realtime API, as spoken by OpenAI, Azure and xAI.
//!
//! <https://platform.openai.com/docs/api-reference/realtime>. A response is a turn, from the
//! `response.create` that asked for it, or from the end of the speech that it answers, to its
//! `response.done`.

use std::collections::VecDeque;

use serde::Deserialize;

use super::{
    dialect::{Asked, Dialect, MAX_ASKED, Moment},
    turns::{Turn, Turns},
};
use crate::{
    llm::{
        adapters::{openai_chat_request::Reasoning, openai_usage::OpenAiUsage},
        answer::Answer,
        call::{CaptureState, OutputType, RequestFacts},
        error_body::ErrorField,
        json::{Count, LongList, Number, Object, Tells, Text, Texts, Tools, read},
    },
    time::Timestamp,
};

/// A session of the Realtime API.
#[derive(Debug)]
pub(super) struct OpenAiRealtime {
    /// Parameters of the session.
    session: RequestFacts,
    asked: VecDeque<Asked>,
    /// When the speech ended that no response has answered.
    heard: Option<Timestamp>,
}

impl OpenAiRealtime {
    /// `model`: that of the handshake.
    pub(super) fn new(model: Option<String>) -> Self {
        Self {
            session: RequestFacts {
                model,
                ..RequestFacts::default()
            },
            asked: VecDeque::new(),
            heard: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    event_id: Text<'a>,
    session: Object<Settings<'a>>,
    response: Object<Settings<'a>>,
}

/// Parameters of a session or of one response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    temperature: Number,
    max_output_tokens: Count,
    /// The name in the first version.
    max_response_output_tokens: Count,
    output_modalities: Texts,
    /// The name in the first version, and at Azure.
    modalities: Texts,
    reasoning: Object<Reasoning<'a>>,
    tools: Tools,
}

impl Settings<'_> {
    /// Puts what is set over what was.
    fn apply(&self, facts: &mut RequestFacts) {
        let modalities = [&self.output_modalities.0, &self.modalities.0];
        let modality = |name| modalities.iter().any(|list| list.iter().any(|m| m == name));
        let output = if modality("audio") {
            Some(OutputType::Speech)
        } else {
            modality("text").then_some(OutputType::Text)
        };
        let max_tokens = self
            .max_output_tokens
            .0
            .or(self.max_response_output_tokens.0);
        let reasoning = self.reasoning.0.as_ref().and_then(|r| r.effort.owned());
        facts.model = self.model.owned().or(facts.model.take());
        facts.temperature = self.temperature.0.or(facts.temperature);
        facts.max_tokens = max_tokens.or(facts.max_tokens);
        facts.output_type = output.or(facts.output_type);
        facts.reasoning_level = reasoning.or(facts.reasoning_level.take());
        if self.tools.count.is_some() {
            facts.tool_count = self.tools.count;
            facts.tool_names.clone_from(&self.tools.names);
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Received<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    session: Object<Named<'a>>,
    response: Object<Response<'a>>,
    response_id: Text<'a>,
    /// xAI: beside the response, whose own is empty.
    usage: Object<OpenAiUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    model: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    status: Text<'a>,
    status_details: Object<StatusDetails<'a>>,
    conversation_id: Text<'a>,
    output: LongList<Object<Item<'a>>>,
    usage: Object<OpenAiUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusDetails<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    name: Text<'a>,
    call_id: Text<'a>,
}

impl Tells for Item<'_> {
    /// A call that the caller has to carry out.
    fn tells(&self) -> bool {
        self.kind.as_str() == Some("function_call")
    }
}

/// What an error is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failure<'a> {
    #[serde(borrow)]
    error: Object<About<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct About<'a> {
    /// The client's message.
    #[serde(borrow)]
    event_id: Text<'a>,
}

impl Dialect for OpenAiRealtime {
    fn sent(&mut self, message: &[u8], moment: Moment, _: &mut Turns) {
        let Some(message) = read::<Sent<'_>>(message) else {
            return;
        };
        match message.kind.as_str() {
            Some("session.update") => {
                if let Some(settings) = &message.session.0 {
                    settings.apply(&mut self.session);
                }
            }
            Some("response.create") if self.asked.len() < MAX_ASKED => {
                let mut request = self.session.clone();
                if let Some(settings) = &message.response.0 {
                    settings.apply(&mut request);
                }
                self.asked.push_back(Asked {
                    moment,
                    request,
                    event_id: message.event_id.owned(),
                });
            }
            Some("input_audio_buffer.commit") => self.heard = Some(moment.ended),
            _ => {}
        }
    }

    fn received(&mut self, message: &[u8], moment: Moment, turns: &mut Turns) {
        let Some(event) = read::<Received<'_>>(message) else {
            return;
        };
        match event.kind.as_str().unwrap_or_default() {
            "session.created" | "session.updated" => {
                if let Some(session) = &event.session.0 {
                    self.session.model = session.model.owned().or(self.session.model.take());
                }
            }
            "input_audio_buffer.speech_stopped" | "input_audio_buffer.committed" => {
                self.heard.get_or_insert(moment.ended);
            }
            "response.created" => self.begin(&event, moment, turns),
            "response.done" => self.end(&event, moment, turns),
            "error" => self.fail(message, moment, turns),
            kind => {
                let Some(turn) = turns.find(event.response_id.as_str()) else {
                    return;
                };
                // Transcripts of what was heard are no output.
                if kind.starts_with("response.") {
                    turn.came(moment);
                    if kind.ends_with(".delta") {
                        turn.times.record(moment.ended);
                    }
                }
            }
        }
    }

    fn defaults(&self) -> RequestFacts {
        self.session.clone()
    }

    fn abandon(&mut self, turns: &mut Turns) {
        for asked in self.asked.drain(..) {
            turns.begin(Turn::asked(asked.moment, asked.request));
        }
    }
}

impl OpenAiRealtime {
    fn begin(&mut self, event: &Received<'_>, moment: Moment, turns: &mut Turns) {
        let heard = self.heard.take();
        let mut turn = match self.asked.pop_front() {
            Some(asked) => Turn::asked(asked.moment, asked.request),
            None => Turn::begun(heard.unwrap_or(moment.began), self.session.clone()),
        };
        turn.came(moment);
        if let Some(response) = &event.response.0 {
            turn.key = response.id.owned();
            turn.answer.identify(response.id.as_str(), None);
        }
        turns.begin(turn);
    }

    fn end(&mut self, event: &Received<'_>, moment: Moment, turns: &mut Turns) {
        let Some(response) = &event.response.0 else {
            return;
        };
        let key = response.id.as_str();
        if turns.find(key).is_none() {
            // Its beginning was lost.
            let mut turn = Turn::begun(moment.began, self.session.clone());
            turn.key = response.id.owned();
            turn.capture = CaptureState::Gap;
            turns.begin(turn);
        }
        let Some(turn) = turns.find(key) else { return };
        turn.came(moment);
        turn.cancelled = response.status.as_str() == Some("cancelled");
        response.tell(&mut turn.answer);
        let beside = event.usage.0.as_ref();
        for usage in response.usage.0.as_ref().into_iter().chain(beside) {
            usage.tell(&mut turn.answer);
        }
        turns.end(key);
    }

    /// An error need not be about a response: only one that names the message that asked for it ends
    /// it. Bias: towards a turn that was cancelled rather than the wrong one failed.
    fn fail(&mut self, message: &[u8], moment: Moment, turns: &mut Turns) {
        let about = read::<Failure<'_>>(message).unwrap_or_default();
        let event_id = about
            .error
            .0
            .as_ref()
            .and_then(|about| about.event_id.owned());
        let Some(at) = self
            .asked
            .iter()
            .position(|asked| asked.event_id.is_some() && asked.event_id == event_id)
        else {
            return;
        };
        let Some(asked) = self.asked.remove(at) else {
            return;
        };
        let error = read::<ErrorField<'_>>(message).unwrap_or_default();
        let mut turn = Turn::asked(asked.moment, asked.request);
        turn.came(moment);
        turn.key = event_id;
        turn.answer.error = Some(error.kind_or_unnamed());
        let key = turns.begin(turn).key.clone();
        turns.end(key.as_deref());
    }
}

impl Response<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), None);
        answer.ended = true;
        answer.conversation_id = self.conversation_id.owned();
        let details = self.status_details.0.as_ref();
        let reason = details.and_then(|details| details.reason.as_str());
        match self.status.as_str() {
            Some("failed") => {
                let kind = details.and_then(|details| details.error.kind());
                answer.error = Some(kind.unwrap_or_else(|| "failed".to_owned()));
            }
            Some("incomplete") => answer.finish(0, reason.unwrap_or("incomplete")),
            Some(status) => answer.finish(0, status),
            None => {}
        }
        let items = self.output.0.iter().filter_map(|item| item.0.as_ref());
        for item in items.filter(|item| item.tells()) {
            answer.next_tool(0, item.call_id.as_str(), item.name.as_str());
        }
    }
}

#[cfg(test)]
#[path = "openai_realtime_tests.rs"]
mod tests;
