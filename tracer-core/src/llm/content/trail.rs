//! Marks of what a call says, by which calls that belong together find each other.
//!
//! A client that goes on with a conversation sends all of it again: what it asked, and what was
//! answered. So the digest of a request's messages and of its answer is the digest of how a later
//! request begins. Marks are digests under a key that nobody knows and that no other run has: they
//! say whether two texts are equal, and nothing else.
//!
//! A message counts by what every client repeats: texts, ids of tools, kinds of media. What the model
//! thought is often left out, instructions change from call to call: neither counts.

use super::{
    ToolChoice,
    arguments::Arguments,
    digest::{digest, join},
    judging::Quoting,
    kept::{Kept, Texts},
    model::{Choice, Media, MediaSource, Part, ToolCall, ToolResponse},
    quotable::Quotable,
};

/// Answers among the messages of a request that are remembered: the last ones, and of more than these
/// the last half.
const ANSWERS: usize = 64;
/// Texts, tools and results of one call that are remembered.
const ITEMS: usize = 64;

/// Marks of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    /// Of its request, if that was read as a whole.
    pub(crate) asked: Option<AskedTrail>,
    /// Of its answer, if that was.
    pub(crate) answered: Option<AnsweredTrail>,
}

/// What a request repeats and what it brings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AskedTrail {
    /// The digest of all messages up to each answer among them, in order.
    pub(crate) answers: Vec<u64>,
    /// The digest of all messages.
    pub(crate) all: u64,
    /// How many messages there are.
    pub(crate) messages: u64,
    /// Who spoke last.
    pub(crate) last: Option<Speaker>,
    /// Results of tools behind the last answer.
    pub(crate) results: Vec<ToolResult>,
    /// Texts behind the last answer.
    pub(crate) texts: Vec<u64>,
    /// The tool that a request of MCP calls.
    pub(crate) tool: Option<AskedTool>,
    /// Whether the model has to call a tool.
    pub(crate) choice: ToolChoice,
}

impl Marks {
    /// Forgets all that depends on what was said.
    pub(crate) fn forget_texts(&mut self) {
        self.asked = self.asked.as_ref().map(AskedTrail::without_texts);
        if let Some(answered) = &mut self.answered {
            answered.tips.clear();
            answered.texts.clear();
            answered.quotable.clear();
            for tool in &mut answered.tools {
                tool.arguments = Arguments::default();
            }
        }
    }
}

impl AskedTrail {
    /// The same without what depends on texts.
    pub(crate) fn without_texts(&self) -> Self {
        let tool = self.tool.as_ref().map(|tool| AskedTool {
            arguments: Arguments::default(),
            ..tool.clone()
        });
        Self {
            last: self.last,
            results: self.results.clone(),
            tool,
            choice: self.choice,
            ..Self::default()
        }
    }
}

/// What an answer adds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AnsweredTrail {
    /// For each choice, the digest of all messages and of it.
    pub(crate) tips: Vec<u64>,
    /// Texts of the answer.
    pub(crate) texts: Vec<u64>,
    /// By what they are found where they are quoted.
    pub(crate) quotable: Vec<Quotable>,
    /// Tools that the caller shall run.
    pub(crate) tools: Vec<AskedTool>,
}

/// Who speaks in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The model.
    Model,
    /// Who asks: a user, or a tool with what it gave.
    Asker,
}

/// The result of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolResult {
    /// The id of the call, or where there is none, nothing.
    pub(crate) id: Option<String>,
    /// Its name, where that is repeated.
    pub(crate) name: Option<String>,
    /// Whether the tool failed, where that is told.
    pub(crate) is_error: Option<bool>,
    /// It begins like an error.
    pub(crate) seems_error: bool,
}

/// A tool that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedTool {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) arguments: Arguments,
}

impl Speaker {
    /// By the role of a message; instructions have none.
    fn of(role: &str) -> Option<Self> {
        const MODELS: [&str; 4] = ["assistant", "model", "chatbot", "ai"];
        const INSTRUCTIONS: [&str; 2] = ["system", "developer"];
        let is = |names: &[&str]| names.iter().any(|name| role.eq_ignore_ascii_case(name));
        match role {
            _ if is(&MODELS) => Some(Self::Model),
            _ if is(&INSTRUCTIONS) => None,
            _ => Some(Self::Asker),
        }
    }

    const fn mark(self) -> u64 {
        match self {
            Self::Model => 1,
            Self::Asker => 2,
        }
    }
}

/// Marks of a request, message by message.
#[derive(Debug, Default)]
pub(super) struct Trail {
    trail: AskedTrail,
    /// The messages of one speaker in a row count as one: some APIs cut them where others do not.
    turn: Option<(Speaker, u64)>,
    /// The request is the call of a tool.
    is_call: bool,
    /// Parts of a message were not read.
    has_lost: bool,
    /// Texts that may quote an answer of another call.
    quoting: Quoting,
}

impl Trail {
    /// The next message is the call of a tool, and nothing else.
    pub(super) fn expect_call(&mut self) {
        self.is_call = true;
        self.quoting.give_up();
    }

    /// Nothing in the request quotes an answer.
    pub(super) fn quotes_nothing(&mut self) {
        self.quoting.give_up();
    }

    /// The texts that marks of the next message need, of this role.
    pub(super) fn texts(&self, role: &str) -> Texts {
        if self.is_call {
            Texts::Arguments
        } else if self.quoting.wants_texts() && Speaker::of(role) == Some(Speaker::Asker) {
            Texts::All
        } else {
            Texts::No
        }
    }

    /// The texts that may quote an answer.
    pub(super) fn take_quoting(&mut self) -> Quoting {
        std::mem::take(&mut self.quoting)
    }

    /// Bytes that it holds.
    pub(super) const fn held(&self) -> usize {
        self.quoting.held()
    }

    /// The next message.
    pub(super) fn message(&mut self, role: &str, parts: &[Part]) {
        let Some(speaker) = Speaker::of(role) else {
            return;
        };
        let before = match self.turn {
            Some((last, turn)) if last == speaker => turn,
            _ => {
                self.end_turn();
                if speaker == Speaker::Asker {
                    self.trail.results.clear();
                    self.trail.texts.clear();
                }
                speaker.mark()
            }
        };
        let turn = parts.iter().fold(before, with_part);
        self.turn = Some((speaker, turn));
        self.trail.last = Some(speaker);
        self.trail.messages = self.trail.messages.saturating_add(1);
        if speaker == Speaker::Asker {
            self.quoting.asks(parts);
            self.brings(parts);
            return;
        }
        self.quoting.give_up();
        if self.is_call {
            self.trail.tool = parts.iter().find_map(|part| match part {
                Part::ToolCall(call) => Some(AskedTool::of(call)),
                _ => None,
            });
        }
    }

    /// What is looked for, where nobody says it in a message.
    pub(super) fn question(&mut self, text: &Kept) {
        if self.trail.texts.len() < ITEMS {
            self.trail.texts.extend(text.telling_digest());
        }
    }

    /// Parts of the last message found no room: digests would be those of other messages, too.
    pub(super) const fn lose(&mut self) {
        self.has_lost = true;
    }

    /// All of it, of a request that chooses tools like this; `None` if parts are missing.
    pub(super) fn finish(mut self, choice: ToolChoice) -> Option<AskedTrail> {
        self.trail.choice = choice;
        self.end_turn();
        (!self.has_lost).then_some(self.trail)
    }

    fn end_turn(&mut self) {
        let Some((speaker, turn)) = self.turn.take() else {
            return;
        };
        self.trail.all = join(self.trail.all, turn);
        if speaker == Speaker::Model {
            if self.trail.answers.len() >= ANSWERS {
                self.trail.answers.drain(..ANSWERS / 2);
            }
            self.trail.answers.push(self.trail.all);
        }
    }

    fn brings(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(text) if self.trail.texts.len() < ITEMS => {
                    self.trail.texts.extend(text.telling_digest());
                }
                Part::ToolResponse(response) if self.trail.results.len() < ITEMS => {
                    self.trail.results.push(ToolResult {
                        id: response.id.clone(),
                        name: response.name.clone(),
                        is_error: response.is_error,
                        seems_error: response.seems_error,
                    });
                }
                _ => {}
            }
        }
    }
}

impl AnsweredTrail {
    /// Of an answer behind messages with the digest `all`, if they are known.
    pub(super) fn of(all: Option<u64>, choices: &[Choice]) -> Self {
        let mut trail = Self::default();
        for choice in choices.iter().take(ITEMS) {
            if choice.parts.contains(&Part::Lost) {
                continue;
            }
            let empty = Speaker::Model.mark();
            let turn = choice.parts.iter().fold(empty, with_part);
            // Who says nothing is not told from others who do.
            if turn != empty {
                trail.tips.extend(all.map(|all| join(all, turn)));
            }
        }
        let parts = choices.iter().flat_map(|choice| &choice.parts);
        for part in parts.take(ITEMS) {
            match part {
                Part::Text(text) => {
                    trail.texts.extend(text.telling_digest());
                    trail.quotable.extend(text.quotable());
                }
                Part::ToolCall(call) => trail.tools.push(AskedTool::of(call)),
                _ => {}
            }
        }
        trail
    }
}

impl AskedTool {
    fn of(call: &ToolCall) -> Self {
        Self {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: Arguments::of(&call.arguments),
        }
    }
}

/// What a part adds to the digest of its turn.
fn with_part(turn: u64, part: &Part) -> u64 {
    let mark = match part {
        Part::Text(text) | Part::Refusal(text) => text.digest(),
        Part::Json(json) => json.digest().map(|digest| join(2, digest)),
        Part::ToolCall(call) => Some(join(3, of_id(call.id.as_deref(), call.name.as_deref()))),
        Part::ToolResponse(response) => Some(join(4, of_response(response))),
        Part::Media(media) => Some(join(5, of_media(media))),
        Part::Reasoning(_)
        | Part::ServerToolCall(_)
        | Part::ServerToolResponse(_)
        | Part::Other { .. }
        | Part::Lost => None,
    };
    mark.map_or(turn, |mark| join(turn, mark))
}

/// An id says all; where an API has none, the name has to do.
fn of_id(id: Option<&str>, name: Option<&str>) -> u64 {
    id.or(name).map_or(0, digest)
}

fn of_response(response: &ToolResponse) -> u64 {
    match response.id.as_deref() {
        Some(id) => digest(id),
        None => {
            let name = of_id(None, response.name.as_deref());
            response.response.iter().fold(name, with_part)
        }
    }
}

fn of_media(media: &Media) -> u64 {
    let kind = media.modality as u64;
    let source = match &media.source {
        MediaSource::Inline { bytes, mark } => join(*bytes, *mark),
        MediaSource::Uri(address) => address.digest().unwrap_or_default(),
        MediaSource::File(id) => digest(id),
        MediaSource::Unknown => 0,
    };
    join(kind, source)
}

#[cfg(test)]
#[path = "trail_tests.rs"]
mod tests;
