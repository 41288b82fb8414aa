//! Token counts of Google's models: `usageMetadata`.
//!
//! <https://ai.google.dev/api/generate-content#UsageMetadata>. The total is the sum of prompt, use
//! of the provider's tools, candidates and thoughts; cached content is part of the prompt. The
//! chunks of a stream each give the counts so far, and may leave some of them out. Behind a loss it
//! is unknown which ones they leave out: there the total must confirm those that they give.

use serde::Deserialize;

use crate::llm::{
    json::{Count, List, Object, Text},
    usage::{Usage, UsageParts},
};

/// Usage as it is on the wire.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UsageMetadata<'a> {
    prompt_token_count: Count,
    candidates_token_count: Count,
    /// What live sessions have in place of candidates.
    response_token_count: Count,
    thoughts_token_count: Count,
    tool_use_prompt_token_count: Count,
    cached_content_token_count: Count,
    total_token_count: Count,
    #[serde(borrow)]
    prompt_tokens_details: Modalities<'a>,
    cache_tokens_details: Modalities<'a>,
    candidates_tokens_details: Modalities<'a>,
    response_tokens_details: Modalities<'a>,
    pub(super) service_tier: Text<'a>,
}

/// The tokens of one modality, under the names that each API has for them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::llm) struct OfModality<'a> {
    #[serde(borrow)]
    modality: Text<'a>,
    token_count: Count,
    tokens: Count,
}

/// A list of them.
pub(in crate::llm) type Modalities<'a> = List<Object<OfModality<'a>>>;

/// The tokens of a modality that may have a price of its own.
pub(in crate::llm) fn of_modality(list: &Modalities<'_>, modality: &str) -> Option<u64> {
    let mut items = list.0.iter().filter_map(|item| item.0.as_ref());
    let item = items.find(|item| {
        let name = item.modality.as_str();
        name.is_some_and(|name| name.eq_ignore_ascii_case(modality))
    })?;
    item.token_count.0.or(item.tokens.0)
}

impl UsageMetadata<'_> {
    fn parts(&self) -> UsageParts {
        let output = |modality| {
            of_modality(&self.candidates_tokens_details, modality)
                .or_else(|| of_modality(&self.response_tokens_details, modality))
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

/// The counts of an answer so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    prompt: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    tool_use: Option<u64>,
    cached: Option<u64>,
    total: Option<u64>,
    parts: UsageParts,
    /// What was counted before may have been given in what was lost.
    behind_loss: bool,
}

impl Counts {
    /// Those of a stream of which chunks were lost.
    pub(super) fn behind_loss() -> Self {
        Self {
            behind_loss: true,
            ..Self::default()
        }
    }

    /// Every count that `usage` gives replaces the one before. Those that it leaves out stay, unless
    /// its total says that there are no more.
    pub(super) fn merge(&mut self, usage: &UsageMetadata<'_>) {
        let candidates = usage.candidates_token_count.0;
        let given = Self {
            prompt: usage.prompt_token_count.0,
            candidates: candidates.or(usage.response_token_count.0),
            thoughts: usage.thoughts_token_count.0,
            tool_use: usage.tool_use_prompt_token_count.0,
            cached: usage.cached_content_token_count.0,
            total: usage.total_token_count.0,
            parts: usage.parts(),
            behind_loss: self.behind_loss,
        };
        let is_all = given.adds_up();
        let stays = |count: Option<u64>| count.filter(|&count| count == 0 || !is_all);
        *self = Self {
            prompt: given.prompt.or(self.prompt),
            candidates: given.candidates.or(stays(self.candidates)),
            thoughts: given.thoughts.or(stays(self.thoughts)),
            tool_use: given.tool_use.or(stays(self.tool_use)),
            cached: given.cached.or(self.cached),
            total: given.total.or(self.total),
            parts: UsageParts {
                input_audio: given.parts.input_audio.or(self.parts.input_audio),
                cache_read_audio: given.parts.cache_read_audio.or(self.parts.cache_read_audio),
                input_image: given.parts.input_image.or(self.parts.input_image),
                cache_read_image: given.parts.cache_read_image.or(self.parts.cache_read_image),
                output_audio: given.parts.output_audio.or(self.parts.output_audio),
                output_image: given.parts.output_image.or(self.parts.output_image),
                ..UsageParts::default()
            },
            behind_loss: self.behind_loss,
        };
    }

    /// Tool use counts as input, thoughts count as output.
    pub(super) fn normalise(self) -> Usage {
        if self.behind_loss && !self.adds_up() {
            return Usage::default();
        }
        let input = self
            .prompt
            .and_then(|prompt| prompt.checked_add(self.tool_use.unwrap_or(0)));
        let output = match (self.candidates, self.thoughts) {
            (None, None) => None,
            (candidates, thoughts) => candidates.unwrap_or(0).checked_add(thoughts.unwrap_or(0)),
        };
        Usage {
            input,
            output,
            // A part that is larger than the whole was counted by another rule: not told.
            cache_read: self
                .cached
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            cache_creation: None,
            reasoning: self.thoughts,
            parts: self.parts,
        }
    }

    /// Whether the counts that are known are all there are.
    fn adds_up(self) -> bool {
        let parts = [self.prompt, self.tool_use, self.candidates, self.thoughts];
        let sum = parts
            .into_iter()
            .flatten()
            .try_fold(0_u64, u64::checked_add);
        self.prompt.is_some() && sum == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(objects: &[&str]) -> Usage {
        let mut counts = Counts::default();
        for object in objects {
            counts.merge(&serde_json::from_str(object).expect("usage"));
        }
        counts.normalise()
    }

    #[test]
    fn tool_use_is_input_and_thoughts_are_output() {
        let json = r#"{"promptTokenCount":40,"candidatesTokenCount":7,"thoughtsTokenCount":30,
            "toolUsePromptTokenCount":5,"cachedContentTokenCount":16,"totalTokenCount":82}"#;
        let expected = Usage {
            input: Some(45),
            output: Some(37),
            cache_read: Some(16),
            cache_creation: None,
            reasoning: Some(30),
            parts: UsageParts::default(),
        };
        assert_eq!(usage(&[json]), expected);
    }

    #[test]
    fn modalities_of_a_stream_are_those_of_its_last_words() {
        let seen = usage(&[
            r#"{"promptTokenCount":90,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10},
                {"modality":"AUDIO","tokenCount":80}]}"#,
            r#"{"promptTokenCount":90,"candidatesTokenCount":1290,"cachedContentTokenCount":20,
                "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":20}],
                "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}"#,
        ]);
        let expected = UsageParts {
            input_audio: Some(80),
            cache_read_audio: Some(20),
            output_image: Some(1290),
            ..UsageParts::default()
        };
        assert_eq!(seen.parts, expected);
    }

    #[test]
    fn the_last_count_that_is_given_counts() {
        let seen = usage(&[
            r#"{"promptTokenCount":9,"candidatesTokenCount":3,"thoughtsTokenCount":2}"#,
            r#"{"promptTokenCount":9,"candidatesTokenCount":8}"#,
            r#"{"trafficType":"ON_DEMAND"}"#,
        ]);
        assert_eq!((seen.input, seen.output), (Some(9), Some(10)));
    }

    #[test]
    fn behind_a_loss_the_total_confirms_the_counts() {
        let behind = |json| {
            let mut counts = Counts::behind_loss();
            counts.merge(&serde_json::from_str(json).expect("usage"));
            counts.normalise()
        };
        let all = r#"{"promptTokenCount":9,"candidatesTokenCount":8,"thoughtsTokenCount":2,"totalTokenCount":19}"#;
        assert_eq!(behind(all), usage(&[all]));
        for unsure in [
            r#"{"promptTokenCount":9,"candidatesTokenCount":8,"totalTokenCount":19}"#,
            r#"{"promptTokenCount":9,"candidatesTokenCount":8}"#,
            "{}",
        ] {
            assert_eq!(behind(unsure), Usage::default(), "{unsure}");
        }
    }

    #[test]
    fn a_total_that_adds_up_voids_what_is_left_out() {
        let first = r#"{"promptTokenCount":10,"toolUsePromptTokenCount":7,"thoughtsTokenCount":0,"totalTokenCount":17}"#;
        let last = r#"{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}"#;
        let seen = usage(&[first, last]);
        assert_eq!((seen.input, seen.output), (Some(10), Some(5)));
        assert_eq!(seen.reasoning, Some(0));
        let more = r#"{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":22}"#;
        assert_eq!(usage(&[first, more]).input, Some(17));
    }

    #[test]
    fn what_is_not_told_is_absent() {
        assert_eq!(usage(&[r#"{"trafficType":"ON_DEMAND"}"#]), Usage::default());
        let seen = usage(&[r#"{"promptTokenCount":4,"totalTokenCount":4}"#]);
        assert_eq!((seen.input, seen.output), (Some(4), None));
    }
}
