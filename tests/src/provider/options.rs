//! How a request asks for a certain kind of answer: words in the model name or in a header.
//!
//! `gpt-4o-mini-stream-200-pace-5` asks for 200 chunks, 5 ms apart. The header
//! [`OPTIONS_HEADER`] takes the same words for clients that cannot choose a model name.

use std::time::Duration;

use super::failure::Failure;

/// Header with further words, divided by `-` or `,`.
pub const OPTIONS_HEADER: &str = "x-provider-options";

/// What the words of a request ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// `stream-N`: chunks of a stream that carry output.
    pub chunks: usize,
    /// `pace-MS`: pause between chunks.
    pub pace: Duration,
    /// `delay-MS`: pause before the first byte of the answer.
    pub delay: Duration,
    /// `bytes-N`: length of the answer's text, spread over the chunks.
    pub text_bytes: Option<usize>,
    /// `split-N`: pieces of a body that is not a stream; more than one makes it chunked.
    pub split: usize,
    /// `tools-N`: answer with this many tool calls instead of text.
    pub tools: usize,
    /// `steps-N`: answer with tool calls, one if no number is told, until the request brings the
    /// results of so many; then with text.
    pub steps: Option<usize>,
    /// `use-NAME.NAME`: at each step the tool of that name; where it is not offered, the next that is.
    pub uses: Vec<String>,
    /// `length`: finish because of the token limit.
    pub truncated: bool,
    /// `judge`: answer with the judgement of a model that judges.
    pub judges: bool,
    /// `cost-N`: say that the call costs so many millionths of a dollar (OpenAI chat completions).
    pub cost: Option<u32>,
    /// `gzip`: compress if the client accepts it.
    pub gzip: bool,
    /// `fail-…`, `cut`: go wrong.
    pub failure: Option<Failure>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunks: 5,
            pace: Duration::ZERO,
            delay: Duration::ZERO,
            text_bytes: None,
            split: 1,
            tools: 0,
            steps: None,
            uses: Vec::new(),
            truncated: false,
            judges: false,
            cost: None,
            gzip: false,
            failure: None,
        }
    }
}

impl Options {
    /// Reads the words of a model name and of the options header; unknown words mean nothing.
    pub fn parse(model: &str, header: &str) -> Self {
        let mut options = Self::default();
        let mut words = model
            .split('-')
            .chain(header.split(['-', ',', ' ']))
            .peekable();
        while let Some(word) = words.next() {
            match word {
                "gzip" => options.gzip = true,
                "length" => options.truncated = true,
                "judge" => options.judges = true,
                "cut" => options.failure = Some(Failure::Cut),
                "fail" => options.failure = failure(&mut words),
                "use" => {
                    let names = words.next().into_iter().flat_map(|names| names.split('.'));
                    options.uses = names.map(str::to_owned).collect();
                }
                _ => {
                    let Some(number) = words.peek().and_then(|word| word.parse().ok()) else {
                        continue;
                    };
                    options.set(word, number);
                }
            }
        }
        options
    }

    /// Settles which step of an agent it is: the request brings so many results of tools.
    pub fn settle(&mut self, results: usize) {
        if let Some(steps) = self.steps {
            self.tools = if results < steps {
                self.tools.max(1)
            } else {
                0
            };
        }
        let done = results.min(self.uses.len());
        self.uses.drain(..done);
    }

    fn set(&mut self, word: &str, number: u32) {
        let count = number as usize;
        match word {
            "stream" => self.chunks = count.max(1),
            "pace" => self.pace = Duration::from_millis(number.into()),
            "delay" => self.delay = Duration::from_millis(number.into()),
            "bytes" => self.text_bytes = Some(count),
            "split" => self.split = count.max(1),
            "tools" => self.tools = count,
            "steps" => self.steps = Some(count),
            "cost" => self.cost = Some(number),
            _ => {}
        }
    }
}

/// `STATUS`, `STATUS-once`, `STATUS-times-N` or `stream`, after `fail-`.
fn failure<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Option<Failure> {
    let word = words.next()?;
    if word == "stream" {
        return Some(Failure::InStream);
    }
    let status = word.parse().ok()?;
    if words.next_if_eq(&"once").is_some() {
        return Some(Failure::Times(status, 1));
    }
    if words.next_if_eq(&"times").is_some() {
        return Some(Failure::Times(status, words.next()?.parse().ok()?));
    }
    Some(Failure::Status(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_model_name_and_header_are_read() {
        let options = Options::parse("gpt-4o-mini-stream-200-pace-5-gzip", "tools-2,delay-7");
        assert_eq!(options.chunks, 200);
        assert_eq!(options.pace, Duration::from_millis(5));
        assert_eq!(options.delay, Duration::from_millis(7));
        assert_eq!(options.tools, 2);
        assert!(options.gzip);
    }

    #[test]
    fn an_agent_asks_for_tools_until_it_has_enough() {
        for (results, tools) in [(0, 1), (1, 1), (2, 0)] {
            let mut options = Options::parse("gpt-steps-2", "");
            options.settle(results);
            assert_eq!(options.tools, tools);
        }
    }

    #[test]
    fn the_tools_of_the_steps_to_come_are_left() {
        let mut options = Options::parse("gpt-use-Bash.Read-steps-2", "");
        assert_eq!(options.uses, ["Bash", "Read"]);
        options.settle(1);
        assert_eq!((options.tools, options.uses), (1, vec!["Read".to_owned()]));
    }

    #[test]
    fn failures_are_read() {
        assert_eq!(
            Options::parse("fail-429-once", "").failure,
            Some(Failure::Times(429, 1))
        );
        assert_eq!(
            Options::parse("gpt-fail-400", "").failure,
            Some(Failure::Status(400))
        );
        assert_eq!(
            Options::parse("gpt-fail-stream", "").failure,
            Some(Failure::InStream)
        );
        assert_eq!(Options::parse("claude-cut", "").failure, Some(Failure::Cut));
    }

    #[test]
    fn a_plain_model_name_asks_for_nothing() {
        assert_eq!(Options::parse("claude-sonnet-4-5", ""), Options::default());
        assert_eq!(
            Options::parse("text-embedding-3-small", ""),
            Options::default()
        );
    }
}
