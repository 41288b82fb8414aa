//! Lists of prices in LiteLLM's format: `model_prices_and_context_window.json`.
//!
//! <https://docs.litellm.ai/docs/proxy/custom_pricing>. One member for each model, prices for one token.
//! A member's name tells the price: `input_cost_per_token_above_200k_tokens_priority` is that of
//! [`Unit::Input`] above 200,000 tokens in the tier `priority`. What is not a price that we know, such
//! as one for a second of video, is left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    file::{MAX_RULES, PriceFileError},
    rates::{Rates, Unit},
    rule::{BATCH_TIER, ModelPattern, PriceRule},
};
use crate::money::{Currency, Rate};

/// The entry that explains the others.
const SAMPLE: &str = "sample_spec";

/// Names of prices, without tier and length of the prompt.
const NAMES: [(&str, Unit); 12] = [
    ("cache_creation_input_token_cost", Unit::CacheWrite),
    (
        "cache_creation_input_token_cost_above_1hr",
        Unit::CacheWrite1h,
    ),
    ("cache_read_input_audio_token_cost", Unit::CacheReadAudio),
    ("cache_read_input_image_token_cost", Unit::CacheReadImage),
    ("cache_read_input_token_cost", Unit::CacheRead),
    ("input_cost_per_audio_token", Unit::InputAudio),
    ("input_cost_per_image_token", Unit::InputImage),
    ("input_cost_per_request", Unit::Request),
    ("input_cost_per_token", Unit::Input),
    ("output_cost_per_audio_token", Unit::OutputAudio),
    ("output_cost_per_reasoning_token", Unit::Reasoning),
    ("output_cost_per_token", Unit::Output),
];

/// Ends of names that tell a tier.
const TIERS: [(&str, &str); 3] = [
    ("_batches", BATCH_TIER),
    ("_flex", "flex"),
    ("_priority", "priority"),
];

/// Our names of LiteLLM's providers, and the beginning of their models' names. Others keep theirs.
const PROVIDERS: [(&str, &str); 20] = [
    ("azure", "azure.ai.openai"),
    ("azure_ai", "azure.ai.inference"),
    ("bedrock", "aws.bedrock"),
    ("bedrock_converse", "aws.bedrock"),
    ("cohere_chat", "cohere"),
    ("fireworks_ai", "fireworks_ai"),
    ("gemini", "gcp.gemini"),
    ("github_copilot", "github_copilot"),
    ("mistral", "mistral_ai"),
    ("moonshot", "moonshot_ai"),
    ("novita", "novita_ai"),
    ("text-completion-openai", "openai"),
    ("together_ai", "together_ai"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("voyage", "voyage_ai"),
    ("watsonx", "ibm.watsonx.ai"),
    ("xai", "x_ai"),
    ("zai", "z_ai"),
    ("codestral", "mistral_ai"),
    ("dashscope", "alibaba_cloud"),
];

/// Reads a list.
pub(super) fn rules(text: &str) -> Result<Vec<PriceRule>, PriceFileError> {
    let models: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| PriceFileError::Syntax {
            line: error.line(),
            message: error.to_string(),
        })?;
    let mut rules = Vec::new();
    let entries = models.iter().filter(|(name, _)| *name != SAMPLE);
    for (number, (name, entry)) in (1..).zip(entries) {
        let of_model = of_model(name, entry).map_err(|problem| PriceFileError::Price {
            number,
            model: name.clone(),
            problem,
        })?;
        rules.extend(of_model);
        if rules.len() > MAX_RULES {
            return Err(PriceFileError::TooMany);
        }
    }
    if rules.is_empty() {
        return Err(PriceFileError::Empty);
    }
    Ok(rules)
}

/// The prices of one tier.
#[derive(Debug, Default)]
struct OfTier {
    rates: Rates,
    above: BTreeMap<u64, Rates>,
}

fn of_model(name: &str, entry: &Value) -> Result<Vec<PriceRule>, String> {
    let entry = entry
        .as_object()
        .ok_or("it must be an object with prices such as `input_cost_per_token`")?;
    let mut tiers = BTreeMap::<Option<&'static str>, OfTier>::new();
    for (member, value) in entry {
        let Some(price) = PriceName::parse(member) else {
            continue;
        };
        let Some(text) = decimal(value) else { continue };
        let rate = Rate::per_power_of_ten(&text, 0)
            .ok_or_else(|| format!("`{member}` is no price: write a number, not negative"))?;
        let tier = tiers.entry(price.tier).or_default();
        let rates = match price.above {
            Some(tokens) => tier.above.entry(tokens).or_default(),
            None => &mut tier.rates,
        };
        rates.set(price.unit, rate);
    }
    let provider = provider(entry);
    let model = model_name(name, entry);
    let standard = tiers
        .get(&None)
        .map_or_else(Rates::default, |tier| tier.rates);
    let rules = tiers.into_iter().filter_map(|(tier, prices)| {
        // What a tier does not price on its own costs the ordinary price there.
        let rates = prices.rates.or(&standard);
        Some(PriceRule {
            provider: provider.map(Into::into),
            model: ModelPattern::new(model)?,
            tier: tier.map(Into::into),
            from: None,
            until: None,
            currency: Currency::USD,
            rates,
            above: prices.above.into_iter().collect(),
        })
        .filter(|rule| !rule.rates.is_empty())
    });
    Ok(rules.collect())
}

/// A number as it is written; prices that are not set are null.
fn decimal(value: &Value) -> Option<String> {
    match value {
        // The shortest decimal that is this number is what was written.
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// What the name of a price says.
#[derive(Debug, PartialEq, Eq)]
struct PriceName {
    unit: Unit,
    tier: Option<&'static str>,
    above: Option<u64>,
}

impl PriceName {
    fn parse(name: &str) -> Option<Self> {
        let mut tiers = TIERS.iter();
        let in_tier = tiers.find_map(|(end, tier)| Some((name.strip_suffix(end)?, *tier)));
        let (name, tier) = in_tier.map_or((name, None), |(name, tier)| (name, Some(tier)));
        let long = name.strip_suffix("_tokens");
        let long = long.and_then(|name| name.rsplit_once("_above_"));
        let (name, above) = match long {
            Some((name, tokens)) => (name, Some(thousands(tokens)?)),
            None => (name, None),
        };
        let (_, unit) = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(Self {
            unit: *unit,
            tier,
            above,
        })
    }
}

/// `200k`.
fn thousands(text: &str) -> Option<u64> {
    text.strip_suffix('k')?
        .parse::<u64>()
        .ok()?
        .checked_mul(1_000)
}

fn litellm_provider(entry: &Map<String, Value>) -> Option<&str> {
    entry.get("litellm_provider")?.as_str()
}

/// Our name of who serves the model.
fn provider(entry: &Map<String, Value>) -> Option<&str> {
    let name = litellm_provider(entry)?;
    // One for each kind of its models.
    if name.starts_with("vertex_ai") {
        return Some("gcp.vertex_ai");
    }
    let known = PROVIDERS.iter().find(|(its, _)| *its == name);
    Some(known.map_or(name, |(_, ours)| *ours))
}

/// The name that the model has at its provider.
fn model_name<'a>(name: &'a str, entry: &Map<String, Value>) -> &'a str {
    let provider = litellm_provider(entry).unwrap_or_default();
    let own = name.split_once('/').filter(|(first, _)| {
        provider == *first
            || provider
                .strip_prefix(first)
                .is_some_and(|rest| rest.starts_with(['_', '-']))
    });
    own.map_or(name, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_prices() {
        let parsed = |name| PriceName::parse(name).map(|it| (it.unit, it.tier, it.above));
        assert_eq!(
            parsed("input_cost_per_token_above_200k_tokens_priority"),
            Some((Unit::Input, Some("priority"), Some(200_000)))
        );
        assert_eq!(
            parsed("cache_creation_input_token_cost_above_1hr"),
            Some((Unit::CacheWrite1h, None, None))
        );
        assert_eq!(
            parsed("cache_creation_input_token_cost_above_1hr_above_200k_tokens"),
            Some((Unit::CacheWrite1h, None, Some(200_000)))
        );
        assert_eq!(
            parsed("output_cost_per_token_batches"),
            Some((Unit::Output, Some("batch"), None))
        );
        for name in [
            "max_input_tokens",
            "output_cost_per_second",
            "mode",
            "input_cost_per_pixel",
        ] {
            assert_eq!(parsed(name), None, "{name}");
        }
    }

    #[test]
    fn models_are_named_as_at_their_providers() {
        let model = |name: &'static str, provider: &str| {
            let entry = serde_json::json!({"litellm_provider": provider});
            let entry = entry.as_object().expect("an object");
            (
                model_name(name, entry),
                self::provider(entry).map(str::to_owned),
            )
        };
        for (name, litellm, expected, ours) in [
            ("gpt-4o", "openai", "gpt-4o", "openai"),
            ("azure/gpt-4o", "azure", "gpt-4o", "azure.ai.openai"),
            (
                "gemini/gemini-2.5-pro",
                "gemini",
                "gemini-2.5-pro",
                "gcp.gemini",
            ),
            (
                "vertex_ai/claude-x",
                "vertex_ai-anthropic_models",
                "claude-x",
                "gcp.vertex_ai",
            ),
            (
                "openrouter/openai/gpt-4o",
                "openrouter",
                "openai/gpt-4o",
                "openrouter",
            ),
            (
                "us.amazon.nova-v1:0",
                "bedrock_converse",
                "us.amazon.nova-v1:0",
                "aws.bedrock",
            ),
            ("acme/house-model", "acme", "house-model", "acme"),
        ] {
            assert_eq!(
                model(name, litellm),
                (expected, Some(ours.to_owned())),
                "{name}"
            );
        }
    }
}
