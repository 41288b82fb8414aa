//! Streams of chat completions and of legacy completions.

use super::{
    adapter::StreamReader,
    event::{Chunk, is_done},
    openai_chat::Completion,
    openai_prefilter::chunk_has_metadata,
    openai_usage::ReasoningRule,
};
use crate::{
    llm::{answer::Answer, error_body::ErrorField, json::read, usage::Usage},
    stream::event::Event,
};

/// Chunks that are parsed in search of id and model before a server is held to never send them.
const IDENTITY_CHUNKS: u8 = 16;

/// Reads a stream of chunks.
#[derive(Debug)]
pub(super) struct ChatStream {
    rule: ReasoningRule,
    looked_at: u8,
    had_output: bool,
    /// Counts that came before the end.
    so_far: Option<Usage>,
}

impl ChatStream {
    pub(super) const fn new(rule: ReasoningRule) -> Self {
        Self {
            rule,
            looked_at: 0,
            had_output: false,
            so_far: None,
        }
    }

    /// Some servers send counts with every chunk. What was generated is known at the end only: if
    /// that never comes, or what came before it was lost, it stays unknown.
    fn count(&mut self, chunk: &Completion<'_>, answer: &mut Answer) {
        let usage = chunk.usage(self.rule);
        let is_over = answer.has_finished() || chunk.choices().next().is_none();
        if is_over {
            let so_far = self.so_far.take();
            answer.usage = usage.or(so_far).unwrap_or(answer.usage);
        } else if let Some(usage) = usage {
            self.so_far = Some(usage);
            answer.usage = Usage {
                output: None,
                reasoning: None,
                ..usage
            };
        }
    }

    fn knows_enough(&self, answer: &Answer) -> bool {
        let identified = answer.id.is_some() && answer.model.is_some();
        self.had_output && (identified || self.looked_at >= IDENTITY_CHUNKS)
    }
}

impl StreamReader for ChatStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if is_done(event.data) {
            answer.ended = true;
            answer.usage = self.so_far.take().unwrap_or(answer.usage);
            return Chunk::Other;
        }
        if event.event == b"error" {
            return read_error(event.data, answer);
        }
        if self.knows_enough(answer) && !chunk_has_metadata(event.data) {
            return Chunk::Output;
        }
        self.looked_at = self.looked_at.saturating_add(1);
        let Some(completion) = read::<Completion<'_>>(event.data) else {
            return Chunk::Other;
        };
        let completion = completion.unwrapped();
        completion.tell(answer);
        self.count(&completion, answer);
        if completion.has_output() {
            self.had_output = true;
            return Chunk::Output;
        }
        Chunk::Other
    }

    fn gap(&mut self) {
        self.so_far = None;
    }
}

/// The data of an `event: error`.
fn read_error(data: &[u8], answer: &mut Answer) -> Chunk {
    let error = read::<ErrorField<'_>>(data).unwrap_or_default();
    answer.error = Some(error.kind_or_unnamed());
    Chunk::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_before_a_loss_are_not_those_of_the_end() {
        let event = |data| Event {
            event: b"",
            data,
            id: b"",
            is_error: false,
        };
        let begun = event(
            br#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
        );
        for (lost, expected) in [(false, Some(1)), (true, None)] {
            let mut stream = ChatStream::new(ReasoningRule::Within);
            let mut answer = Answer::default();
            stream.event(&begun, &mut answer);
            if lost {
                stream.gap();
            }
            stream.event(&event(b"[DONE]"), &mut answer);
            assert_eq!(
                (answer.usage.input, answer.usage.output),
                (Some(3), expected)
            );
        }
    }
}
