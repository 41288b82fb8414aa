//! Usage objects of OpenAI and its relatives.
//!
//! `total = prompt + completion`; cached tokens are part of the prompt, reasoning is part of the
//! completion. The exceptions that recordings show are written where they are handled.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    llm::{
        answer::Answer,
        json::{Count, Flag, Money, Number, Object},
        usage::{Usage, UsageParts},
    },
    money::Amount,
};

/// xAI counts costs in these: 10⁻¹⁰ dollars.
const PICO_DOLLARS_PER_TICK: u128 = 100;

/// The union of what is sent; the same count may come under several names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::llm) struct OpenAiUsage {
    prompt_tokens: Count,
    input_tokens: Count,
    completion_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Object<Details>,
    input_tokens_details: Object<Details>,
    input_token_details: Object<Details>,
    completion_tokens_details: Object<Details>,
    output_tokens_details: Object<Details>,
    output_token_details: Object<Details>,
    /// Together, Groq, Moonshot.
    cached_tokens: Count,
    /// DeepSeek.
    prompt_cache_hit_tokens: Count,
    /// Mistral.
    num_cached_tokens: Count,
    /// Proxies that pass Anthropic's numbers on.
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    /// Perplexity, Groq.
    reasoning_tokens: Count,
    /// Mistral: a recording was part of the prompt.
    prompt_audio_seconds: Count,
    /// Groq, in seconds.
    queue_time: Number,
    total_time: Number,
    /// OpenRouter, in dollars; Perplexity, in an object.
    cost: Money,
    /// OpenRouter: the key is the caller's own, and what the provider charges comes on top.
    is_byok: Flag,
    cost_details: Object<CostDetails>,
    /// xAI.
    cost_in_usd_ticks: Count,
    /// DeepInfra.
    estimated_cost: Money,
    /// Pydantic's gateway.
    pydantic_ai_gateway: Object<GatewayCost>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CostDetails {
    upstream_inference_cost: Money,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GatewayCost {
    cost_estimate: Money,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    audio_tokens: Count,
    image_tokens: Count,
    cached_tokens_details: Object<Modalities>,
    cached_tokens: Count,
    cache_write_tokens: Count,
    cache_creation_tokens: Count,
    reasoning_tokens: Count,
}

/// Kinds of tokens that may have prices of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Modalities {
    audio_tokens: Count,
    image_tokens: Count,
}

/// Seconds of the server's work, as Groq tells them with the usage and Cerebras beside it.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct ServerTimes {
    queue_time: Number,
    total_time: Number,
}

impl ServerTimes {
    pub(super) fn tell(self, answer: &mut Answer) {
        let duration = |seconds: Number| Duration::try_from_secs_f64(seconds.0?).ok();
        answer.queue_time = duration(self.queue_time).or(answer.queue_time);
        answer.processing_time = duration(self.total_time).or(answer.processing_time);
    }
}

/// Where a provider counts reasoning tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum ReasoningRule {
    /// Within the completion.
    Within,
    /// xAI's chat completions: beside the completion, when the total says so.
    Beside,
}

impl OpenAiUsage {
    /// Normalised counts; `None` if the object holds no count at all.
    pub(in crate::llm) fn normalise(&self, rule: ReasoningRule) -> Option<Usage> {
        let input = self.input();
        let mut output = self.completion_tokens.0.or(self.output_tokens.0);
        let reasoning = self.reasoning();
        input.or(output).or(self.total_tokens.0)?;
        if rule == ReasoningRule::Beside && self.reasoning_is_beside(input, output, reasoning) {
            output = output.unwrap_or(0).checked_add(reasoning.unwrap_or(0));
        }
        Some(Usage {
            input,
            output,
            // A part that is larger than the whole was counted by another rule: not told.
            cache_read: self
                .cache_read()
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            cache_creation: self
                .cache_creation()
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            // OpenRouter has sent more reasoning than completion.
            reasoning: reasoning.map(|part| output.map_or(part, |whole| part.min(whole))),
            parts: self.parts(),
        })
    }

    fn parts(&self) -> UsageParts {
        let input = |count: fn(&Details) -> Option<u64>| self.input_details().find_map(count);
        let output = |count: fn(&Details) -> Option<u64>| self.output_details().find_map(count);
        let cached = |count: fn(&Modalities) -> Option<u64>| {
            self.input_details()
                .find_map(|details| count(details.cached_tokens_details.0.as_ref()?))
        };
        UsageParts {
            input_audio: input(|details| details.audio_tokens.0),
            cache_read_audio: cached(|cached| cached.audio_tokens.0),
            input_image: input(|details| details.image_tokens.0),
            cache_read_image: cached(|cached| cached.image_tokens.0),
            output_audio: output(|details| details.audio_tokens.0),
            output_image: output(|details| details.image_tokens.0),
            reported_cost: self.reported_cost(),
            ..UsageParts::default()
        }
    }

    fn reported_cost(&self) -> Option<Amount> {
        let upstream = || self.cost_details.0.as_ref()?.upstream_inference_cost.0;
        let charged = self.cost.0.and_then(|cost| match self.is_byok.0 {
            Some(true) => Some(cost.plus(upstream()?)),
            Some(false) | None => Some(cost),
        });
        let ticks = || {
            let ticks = u128::from(self.cost_in_usd_ticks.0?);
            Some(Amount::from_pico(ticks * PICO_DOLLARS_PER_TICK))
        };
        charged
            .or_else(ticks)
            .or(self.estimated_cost.0)
            .or_else(|| self.pydantic_ai_gateway.0.as_ref()?.cost_estimate.0)
    }

    /// Tells the counts, if there are any; reasoning is part of the output.
    pub(in crate::llm) fn tell(&self, answer: &mut Answer) {
        if let Some(usage) = self.normalise(ReasoningRule::Within) {
            answer.usage = usage;
        }
    }

    /// Counts of an embeddings answer: whatever is counted is input.
    pub(super) fn normalise_input_only(&self) -> Option<Usage> {
        let usage = self.normalise(ReasoningRule::Within)?;
        Some(Usage {
            input: usage.input.or(self.total_tokens.0),
            output: None,
            reasoning: None,
            ..usage
        })
    }

    /// How long the server worked.
    pub(super) const fn times(&self) -> ServerTimes {
        ServerTimes {
            queue_time: self.queue_time,
            total_time: self.total_time,
        }
    }

    /// Mistral counts the tokens of recordings in the total only.
    fn input(&self) -> Option<u64> {
        let input = self.prompt_tokens.0.or(self.input_tokens.0);
        if self.prompt_audio_seconds.0.is_none() {
            return input;
        }
        let output = self.completion_tokens.0.unwrap_or(0);
        let all_but_output = self.total_tokens.0.and_then(|all| all.checked_sub(output));
        input.max(all_but_output)
    }

    fn reasoning_is_beside(
        &self,
        input: Option<u64>,
        output: Option<u64>,
        reasoning: Option<u64>,
    ) -> bool {
        let parts = [input, Some(output.unwrap_or(0)), reasoning];
        let sum = parts
            .into_iter()
            .try_fold(0_u64, |sum, part| sum.checked_add(part?));
        sum.is_some() && sum == self.total_tokens.0
    }

    /// Servers that know several names may leave all but one empty.
    fn input_details(&self) -> impl Iterator<Item = &Details> {
        let named = [
            &self.prompt_tokens_details,
            &self.input_tokens_details,
            &self.input_token_details,
        ];
        named.into_iter().filter_map(|details| details.0.as_ref())
    }

    fn output_details(&self) -> impl Iterator<Item = &Details> {
        let named = [
            &self.completion_tokens_details,
            &self.output_tokens_details,
            &self.output_token_details,
        ];
        named.into_iter().filter_map(|details| details.0.as_ref())
    }

    fn cache_read(&self) -> Option<u64> {
        self.input_details()
            .find_map(|details| details.cached_tokens.0)
            .or(self.cached_tokens.0)
            .or(self.prompt_cache_hit_tokens.0)
            .or(self.num_cached_tokens.0)
            .or(self.cache_read_input_tokens.0)
    }

    fn cache_creation(&self) -> Option<u64> {
        self.input_details()
            .find_map(|details| {
                let written = details.cache_write_tokens.0;
                written.or(details.cache_creation_tokens.0)
            })
            .or(self.cache_creation_input_tokens.0)
    }

    fn reasoning(&self) -> Option<u64> {
        self.output_details()
            .find_map(|details| details.reasoning_tokens.0)
            .or(self.reasoning_tokens.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(json: &str, rule: ReasoningRule) -> Option<Usage> {
        serde_json::from_str::<OpenAiUsage>(json)
            .expect("usage")
            .normalise(rule)
    }

    #[test]
    fn parts_are_within_the_whole() {
        let json = r#"{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,
            "prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":4}}"#;
        let expected = Usage {
            input: Some(20),
            output: Some(9),
            cache_read: Some(16),
            cache_creation: None,
            reasoning: Some(4),
            parts: UsageParts::default(),
        };
        assert_eq!(usage(json, ReasoningRule::Within), Some(expected));
        assert_eq!(
            usage(json, ReasoningRule::Beside),
            Some(expected),
            "the total does not say so"
        );
    }

    #[test]
    fn empty_details_hide_no_others() {
        let json = r#"{"prompt_tokens":20,"completion_tokens":9,"prompt_tokens_details":{},
            "input_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":null},
            "output_tokens_details":{"reasoning_tokens":4}}"#;
        let counted = usage(json, ReasoningRule::Within).expect("usage");
        assert_eq!((counted.cache_read, counted.reasoning), (Some(16), Some(4)));
    }

    #[test]
    fn xai_counts_reasoning_beside_the_completion() {
        let json = r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,
            "completion_tokens_details":{"reasoning_tokens":94}}"#;
        let counted = usage(json, ReasoningRule::Beside).expect("usage");
        assert_eq!((counted.output, counted.reasoning), (Some(103), Some(94)));
    }

    #[test]
    fn mistral_counts_recordings_in_the_total_only() {
        let json = r#"{"prompt_audio_seconds":30,"prompt_tokens":5,"completion_tokens":20,"total_tokens":400}"#;
        let counted = usage(json, ReasoningRule::Within).expect("usage");
        assert_eq!((counted.input, counted.output), (Some(380), Some(20)));
    }

    #[test]
    fn costs_are_read_as_each_provider_tells_them() {
        let cost = |json: &str| {
            let json = format!(r#"{{"prompt_tokens":10,"completion_tokens":5,{json}}}"#);
            let cost = usage(&json, ReasoningRule::Within)
                .expect("usage")
                .parts
                .reported_cost;
            cost.map(|cost| cost.to_string())
        };
        for (json, expected) in [
            (r#""cost":0.00014823,"is_byok":false"#, "0.00014823"),
            (
                r#""cost":0.000005,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0001}"#,
                "0.000105",
            ),
            (r#""cost_in_usd_ticks":12345678"#, "0.0012345678"),
            (
                r#""cost":{"input_tokens_cost":0.001,"total_cost":0.006}"#,
                "0.006",
            ),
            (r#""estimated_cost":1.8e-05"#, "0.000018"),
            (r#""pydantic_ai_gateway":{"cost_estimate":0.25}"#, "0.25"),
            (r#""cost":0"#, "0"),
        ] {
            assert_eq!(cost(json).as_deref(), Some(expected), "{json}");
        }
        assert_eq!(cost(r#""cost":null"#), None);
        assert_eq!(
            cost(r#""cost":0.1,"is_byok":true"#),
            None,
            "half of it is not told"
        );
    }

    #[test]
    fn modalities_are_told_apart() {
        let json = r#"{"input_tokens":100,"output_tokens":50,
            "input_token_details":{"audio_tokens":60,"image_tokens":10,"cached_tokens":20,
                "cached_tokens_details":{"audio_tokens":15,"text_tokens":5}},
            "output_token_details":{"audio_tokens":40,"text_tokens":10}}"#;
        let parts = usage(json, ReasoningRule::Within).expect("usage").parts;
        assert_eq!(
            (parts.input_audio, parts.cache_read_audio),
            (Some(60), Some(15))
        );
        assert_eq!(
            (parts.input_image, parts.output_audio),
            (Some(10), Some(40))
        );
        assert_eq!(parts.output_image, None);
    }

    #[test]
    fn what_is_not_told_is_absent() {
        assert_eq!(usage("{}", ReasoningRule::Within), None);
        assert_eq!(
            usage(
                r#"{"prompt_tokens":null,"completion_tokens":-1}"#,
                ReasoningRule::Within
            ),
            None
        );
        let zero = usage(
            r#"{"prompt_tokens":0,"completion_tokens":0}"#,
            ReasoningRule::Within,
        )
        .expect("usage");
        assert_eq!((zero.input, zero.cache_read), (Some(0), None));
    }
}
