//! Streams of chat completions and of legacy completions.

use super::{
    adapter::StreamReader,
    event::{Chunk, is_done},
    filter_results::{has_results, may_find},
    openai_chat::Completion,
    openai_prefilter::{Carried, carried},
    openai_usage::{OpenAiUsage, ReasoningRule},
    running::Running,
};
use crate::{
    llm::{
        answer::Answer,
        error_body::ErrorField,
        json::{Object, read},
        usage::Usage,
    },
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
    counting: Counting,
    /// Counts that came before the end.
    so_far: Option<Usage>,
    /// Counts that came after these.
    running: Running,
    /// The counts of the answer can change no more.
    is_counted: bool,
    /// Chunks say what a filter found in them.
    is_filtered: bool,
}

/// When a server counts, as its pieces of output tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// None was parsed yet.
    Unknown,
    Along,
    AtTheEnd,
}

impl ChatStream {
    pub(super) const fn new(rule: ReasoningRule) -> Self {
        Self {
            rule,
            looked_at: 0,
            had_output: false,
            counting: Counting::Unknown,
            so_far: None,
            running: Running::new(),
            is_counted: false,
            is_filtered: false,
        }
    }

    /// Some servers send counts with every chunk. What was generated is known when nothing more comes
    /// only: until then what was counted so far may be lost, and stays unknown.
    fn count(&mut self, chunk: &Completion<'_>, answer: &mut Answer) {
        self.settle(answer);
        let usage = chunk.usage(self.rule);
        let is_behind_all = chunk.choices().next().is_none();
        if is_behind_all || answer.has_finished() {
            let so_far = self.so_far.take();
            answer.usage = usage.or(so_far).unwrap_or(answer.usage);
            // With counts of each choice, those of one that ends are not those of all.
            self.is_counted |=
                usage.is_some() && (is_behind_all || self.counting == Counting::AtTheEnd);
        } else if let Some(usage) = usage {
            self.counting = Counting::Along;
            self.so_far = Some(usage);
            self.tell_so_far(answer);
        } else if chunk.has_output() {
            self.counting = Counting::AtTheEnd;
        }
    }

    fn tell_so_far(&self, answer: &mut Answer) {
        if let Some(usage) = self.so_far {
            answer.usage = usage.of_input();
        }
    }

    /// Reads the counts that were put off.
    fn settle(&mut self, answer: &mut Answer) {
        let (so_far, rule) = (&mut self.so_far, self.rule);
        self.running.settle(|counts| merge(so_far, counts, rule));
        self.tell_so_far(answer);
    }

    /// Takes a chunk that need not be parsed; `false` if it must be.
    fn pass(&mut self, data: &[u8], answer: &Answer) -> bool {
        if !self.knows_enough(answer) || (self.is_filtered && may_find(data)) {
            return false;
        }
        match carried(data) {
            Carried::Output => true,
            Carried::Counts(counts)
                if self.counting == Counting::Along && !answer.has_finished() =>
            {
                let (so_far, rule) = (&mut self.so_far, self.rule);
                self.running
                    .take(counts, |earlier| merge(so_far, earlier, rule));
                true
            }
            Carried::Counts(_) | Carried::More => false,
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
            self.finish(answer);
            answer.ended = true;
            return Chunk::Other;
        }
        if event.event == b"error" {
            return read_error(event.data, answer);
        }
        if self.pass(event.data, answer) {
            return Chunk::Output;
        }
        self.looked_at = self.looked_at.saturating_add(1);
        self.is_filtered = self.is_filtered || has_results(event.data);
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

    /// The prompt was counted before the first chunk.
    fn gap(&mut self, answer: &mut Answer) {
        self.settle(answer);
        self.so_far = None;
        if !self.is_counted && !answer.ended {
            answer.usage.output = None;
            answer.usage.reasoning = None;
        }
    }

    fn finish(&mut self, answer: &mut Answer) {
        self.settle(answer);
        answer.usage = self.so_far.take().unwrap_or(answer.usage);
    }
}

/// Counts that hold any replace those before.
fn merge(so_far: &mut Option<Usage>, counts: &[u8], rule: ReasoningRule) {
    if let Some(Object(Some(usage))) = read::<Object<OpenAiUsage>>(counts) {
        *so_far = usage.normalise(rule).or(*so_far);
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

    fn event(data: &str) -> Event<'_> {
        Event {
            data: data.as_bytes(),
            ..Event::default()
        }
    }

    /// The `n`th piece of a server that counts along.
    fn piece(n: u64) -> String {
        format!(
            r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{"content":"a"}},"finish_reason":null}}],"usage":{{"prompt_tokens":3,"completion_tokens":{n}}}}}"#
        )
    }

    const LAST: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":20}}"#;
    const BEHIND: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":40}}"#;

    /// Input and output after these events, `None` being a loss.
    fn tokens(events: &[Option<&str>]) -> (Option<u64>, Option<u64>) {
        let mut stream = ChatStream::new(ReasoningRule::Within);
        let mut answer = Answer::default();
        for one in events {
            match one {
                Some(data) => drop(stream.event(&event(data), &mut answer)),
                None => stream.gap(&mut answer),
            }
        }
        stream.finish(&mut answer);
        (answer.usage.input, answer.usage.output)
    }

    #[test]
    fn counts_that_run_along_are_told_at_the_end() {
        let pieces = [piece(1), piece(2), piece(12), piece(13)];
        let pieces: Vec<_> = pieces.iter().map(|piece| Some(piece.as_str())).collect();
        let with = |end: &[Option<&'static str>]| tokens(&[&pieces[..], end].concat());
        assert_eq!(with(&[]), (Some(3), Some(13)), "a stream that breaks off");
        assert_eq!(with(&[Some("[DONE]")]), (Some(3), Some(13)));
        assert_eq!(with(&[Some(LAST)]), (Some(3), Some(20)));
        let all = [Some(LAST), Some(BEHIND), Some("[DONE]")];
        assert_eq!(with(&all), (Some(3), Some(40)));
    }

    #[test]
    fn counts_before_a_loss_are_not_those_of_the_end() {
        let (first, second) = (piece(1), piece(2));
        let (first, second) = (Some(first.as_str()), Some(second.as_str()));
        let done = Some("[DONE]");
        assert_eq!(tokens(&[first, done]), (Some(3), Some(1)));
        assert_eq!(tokens(&[first, None, done]), (Some(3), None));
        assert_eq!(tokens(&[first, second, None, done]), (Some(3), None));
        assert_eq!(tokens(&[first, Some(LAST), None, done]), (Some(3), None));
        let behind = [first, Some(LAST), Some(BEHIND), None];
        assert_eq!(tokens(&behind), (Some(3), Some(40)));
    }

    #[test]
    fn counts_that_come_once_are_those_of_the_end() {
        let plain = Some(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#);
        assert_eq!(tokens(&[plain, Some(LAST), None]), (Some(3), Some(20)));
        assert_eq!(tokens(&[plain, None, Some(LAST)]), (Some(3), Some(20)));
        // Whether the server counts along is unknown.
        assert_eq!(tokens(&[None, Some(LAST), None]), (Some(3), None));
    }
}
