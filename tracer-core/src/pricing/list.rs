//! The public list of prices: the crate `genai-prices`.
//!
//! It computes in floating point, to some 10⁻¹⁵ of a call's cost, which the rounding to 10⁻¹² takes
//! away.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use genai_prices::{Calculator, ErrorKind, PriceCalculation, PriceRequest, Usage, UsageKey};

use super::{
    cost::UnknownCost,
    quantities::Quantities,
    served::{Server, Tier},
};
use crate::{llm::call::Provider, money::Amount, time::Timestamp};

/// Its names of providers, by ours. Those that are not here have no prices.
const PROVIDERS: [(&str, &str); 26] = [
    ("anthropic", "anthropic"),
    ("aws.bedrock", "aws"),
    ("azure.ai.inference", "azure"),
    ("azure.ai.openai", "azure"),
    ("cerebras", "cerebras"),
    ("cohere", "cohere"),
    ("databricks", "databricks"),
    ("deepseek", "deepseek"),
    ("fireworks_ai", "fireworks"),
    ("gcp.gemini", "google"),
    ("gcp.gen_ai", "google"),
    ("gcp.vertex_ai", "google"),
    ("github_copilot", "github-copilot"),
    ("groq", "groq"),
    ("minimax", "minimax"),
    ("mistral_ai", "mistral"),
    ("moonshot_ai", "moonshotai"),
    ("novita_ai", "novita"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together_ai", "together"),
    ("voyage_ai", "voyageai"),
    ("x_ai", "x-ai"),
    ("z_ai", "zai"),
    ("zhipu_ai", "zhipuai"),
];
/// Its name for whoever names models after those who serve them: `anthropic/claude-…`, `gpt-…`.
const GATEWAY: &str = "litellm";

/// Reads the list, which takes some tens of milliseconds, so that no call has to wait for it.
pub(super) fn warm() {
    let _ = Calculator::bundled();
}

/// What a call costs by the list.
pub(super) fn cost(
    server: Server,
    provider: &Provider,
    model: &str,
    tier: &Tier,
    at: Timestamp,
    used: &Quantities,
) -> Result<Amount, UnknownCost> {
    let provider = match server {
        Server::Known => by_our_name(&provider.0).ok_or(UnknownCost::Provider)?,
        Server::Gateway => GATEWAY,
        Server::Unknown => return Err(UnknownCost::Provider),
    };
    let usage = usage(used);
    let at: SystemTime = UNIX_EPOCH + Duration::from_nanos(at.unix_nanos());
    let request = PriceRequest::new(model, &usage)
        .with_provider_id(provider)
        .with_timestamp(at);
    let standard = calculate(&request)?;
    let found = match tier {
        Tier::Standard => standard,
        Tier::Unsure => return Err(UnknownCost::Tier),
        Tier::Batch => variant(request, "processing", "batch", &standard, used)?,
        Tier::Named(tier) => variant(request, "service_tier", tier, &standard, used)?,
    };
    // A model may be listed without prices, and a part of what was used as well: that is not free.
    let has_input = used.input == 0 || found.input_price > 0.0;
    let has_output = used.output == 0 || found.output_price > 0.0;
    if !has_input || !has_output {
        return Err(UnknownCost::Price);
    }
    Amount::from_f64(found.total_price).ok_or(UnknownCost::Price)
}

fn by_our_name(name: &str) -> Option<&'static str> {
    let found = PROVIDERS.binary_search_by_key(&name, |(ours, _)| ours);
    PROVIDERS.get(found.ok()?).map(|(_, its)| *its)
}

fn calculate(request: &PriceRequest<'_>) -> Result<PriceCalculation, UnknownCost> {
    Calculator::bundled()
        .calculate(request)
        .map_err(|error| match error.kind() {
            ErrorKind::ProviderNotFound => UnknownCost::Provider,
            ErrorKind::ModelNotFound => UnknownCost::Model,
            _ => UnknownCost::Price,
        })
}

/// The price of a tier. The list gives its standard price for a tier that it does not know, so one that
/// makes no difference is none.
fn variant<'a>(
    request: PriceRequest<'a>,
    key: &'a str,
    value: &'a str,
    standard: &PriceCalculation,
    used: &Quantities,
) -> Result<PriceCalculation, UnknownCost> {
    let found = calculate(&request.with_price_context(key, value))?;
    let is_same = Amount::from_f64(found.total_price) == Amount::from_f64(standard.total_price);
    if is_same && !used.is_nothing() {
        Err(UnknownCost::Tier)
    } else {
        Ok(found)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^53"
)]
fn usage(used: &Quantities) -> Usage {
    let mut usage = Usage::from([
        (UsageKey::INPUT_TOKENS, used.input as f64),
        (UsageKey::OUTPUT_TOKENS, used.output as f64),
    ]);
    // A part that is unknown must stay absent: where it has a price, the list refuses to guess.
    for (key, count) in [
        ("cache_read_tokens", Some(used.cache_read)),
        ("cache_write_tokens", Some(used.cache_write)),
        ("cache_write_1h_tokens", Some(used.cache_write_1h)),
        ("input_audio_tokens", Some(used.input_audio)),
        ("cache_audio_read_tokens", used.cache_read_audio),
        ("input_image_tokens", Some(used.input_image)),
        ("cache_image_read_tokens", used.cache_read_image),
        ("output_reasoning_tokens", Some(used.reasoning)),
        ("output_audio_tokens", Some(used.output_audio)),
        ("output_image_tokens", Some(used.output_image)),
        ("web_searches", Some(used.web_searches)),
    ] {
        if let Some(count) = count {
            usage.insert(UsageKey::from_static(key), count as f64);
        }
    }
    usage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::cost::LIST_NAME;

    #[test]
    fn the_version_is_the_one_that_is_linked() {
        let locked = include_str!("../../../Cargo.lock");
        let (_, package) = locked
            .split_once("name = \"genai-prices\"\nversion = \"")
            .expect("in the lock file");
        let (version, _) = package.split_once('"').expect("a version");
        assert_eq!(LIST_NAME, format!("genai-prices {version}"));
    }

    #[test]
    fn names_of_providers_are_sorted_and_known_to_the_list() {
        assert!(PROVIDERS.is_sorted_by_key(|(ours, _)| ours));
        for (_, its) in PROVIDERS {
            let known = Calculator::bundled()
                .providers()
                .any(|known| known.id() == its);
            assert!(known, "{its}");
        }
    }

    #[test]
    fn keys_are_known_to_the_list() {
        let used = Quantities {
            cache_read_audio: Some(0),
            cache_read_image: Some(0),
            ..Quantities::default()
        };
        let usage = usage(&used);
        let request = PriceRequest::new("gpt-4o", &usage).with_provider_id("openai");
        let found = Calculator::bundled().calculate(&request).expect("a price");
        assert_eq!(found.warnings, [""; 0]);
    }
}
