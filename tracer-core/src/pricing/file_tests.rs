use super::*;
use crate::pricing::quantities::Quantities;

fn error(text: &str) -> String {
    from_toml(text).expect_err("refused").to_string()
}

const USED: Quantities = Quantities {
    input: 1_000,
    cache_read: 0,
    cache_write: 0,
    cache_write_1h: 0,
    input_audio: 0,
    cache_read_audio: None,
    input_image: 0,
    cache_read_image: None,
    output: 100,
    reasoning: 0,
    output_audio: 0,
    output_image: 0,
    web_searches: 0,
};

fn cost(rule: &PriceRule, used: &Quantities) -> String {
    rule.cost(used).expect("a cost").to_string()
}

#[test]
fn toml_and_json_say_the_same() {
    let toml = r#"
        [[price]]
        model = "House-Model*"
        provider = "vllm"
        tier = "Flex"
        from = "2026-01-01"
        until = "2026-07-01T00:00:00Z"
        currency = "EUR"
        input = 2.50
        output = "10"
        above = [{ input_tokens = 200000, input = 5 }]
    "#;
    let json = r#"{"price":[{"model":"House-Model*","provider":"vllm","tier":"Flex","from":"2026-01-01",
        "until":"2026-07-01T00:00:00Z","currency":"EUR","input":2.50,"output":"10",
        "above":[{"input_tokens":200000,"input":5}]}]}"#;
    let rules = from_toml(toml).expect("prices");
    assert_eq!(rules, from_json(json).expect("prices"));
    let [rule] = &*rules else {
        panic!("one rule");
    };
    assert!(rule.model.matches("house-model-7b") && !rule.model.matches("other"));
    assert_eq!(rule.currency.code(), "EUR");
    // 1,000 at 2.50 and 100 at 10.
    assert_eq!(cost(rule, &USED), "0.0035");
    let long = Quantities {
        input: 200_001,
        ..USED
    };
    assert_eq!(cost(rule, &long), "1.001005");
    let short = Quantities {
        input: 200_000,
        ..USED
    };
    assert_eq!(cost(rule, &short), "0.501");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    assert_eq!(
        error("[[price]]\nmodel = \"a\"\nimput = 1\n")
            .lines()
            .next(),
        Some(
            "line 3: unknown field `imput`, expected one of `model`, `provider`, `tier`, `from`, `until`, `currency`, `above`, `input`, `cache_read`, `cache_write`, `cache_write_1h`, `input_audio`, `cache_read_audio`, `input_image`, `cache_read_image`, `output`, `reasoning`, `output_audio`, `output_image`, `web_search`, `request`"
        )
    );
    for (toml, expected) in [
        (
            "",
            "it holds no price: write `[[price]]`, or use a list of LiteLLM",
        ),
        (
            "[[price]]\nmodel = \"a\"",
            "price 1 (`a`): it has no price: give `input`, and `output` where there is any",
        ),
        (
            "[[price]]\nmodel = \"a\"\ninput = -1",
            "price 1 (`a`): `input` is no price: write a number that is not negative, such as 2.50",
        ),
        (
            "[[price]]\nmodel = \"a*b*\"\ninput = 1",
            "price 1 (`a*b*`): `model` must be a name with at most one `*`",
        ),
        (
            "[[price]]\nmodel = \"a\"\ninput = 1\nfrom = \"soon\"",
            "price 1 (`a`): `from` is no time: write \"2026-01-31\" or \"2026-01-31T12:00:00Z\"",
        ),
        (
            "[[price]]\nmodel = \"a\"\ninput = 1\nfrom = \"2026-02-01\"\nuntil = \"2026-01-01\"",
            "price 1 (`a`): `until` is not after `from`: it would never hold",
        ),
        (
            "[[price]]\nmodel = \"a\"\ninput = 1\ncurrency = \"dollars\"",
            "price 1 (`a`): `dollars` is no currency: write its three capital letters, such as USD",
        ),
        (
            "[[price]]\nmodel = \"a\"\ninput = 1\nabove = [{ input_tokens = 5 }]",
            "price 1 (`a`): `above` 5 tokens it has no price: give `input` or `output`",
        ),
    ] {
        assert_eq!(error(toml), expected, "{toml}");
    }
}

#[test]
fn a_list_of_litellm_is_read_by_its_names() {
    let json = r#"{
        "sample_spec": {"litellm_provider": "one of https://docs.litellm.ai", "input_cost_per_token": 0.0},
        "azure/gpt-4o": {"litellm_provider": "azure", "mode": "chat", "max_tokens": 4096,
            "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05,
            "input_cost_per_token_flex": 1.25e-06, "input_cost_per_token_above_200k_tokens": 5e-06,
            "cache_read_input_token_cost": null},
        "dall-e-3": {"litellm_provider": "openai", "input_cost_per_pixel": 3.8e-08}
    }"#;
    let rules = from_json(json).expect("prices");
    let [ordinary, flex] = &*rules else {
        panic!("two rules: {rules:?}");
    };
    assert_eq!(ordinary.provider.as_deref(), Some("azure.ai.openai"));
    assert!(ordinary.model.matches("gpt-4o"));
    assert_eq!(cost(ordinary, &USED), "0.0035");
    assert_eq!(flex.tier.as_deref(), Some("flex"));
    assert_eq!(cost(flex, &USED), "0.00225");
    let broken = r#"{"a": {"input_cost_per_token": -1}}"#;
    assert_eq!(
        from_json(broken).expect_err("refused").to_string(),
        "price 1 (`a`): `input_cost_per_token` is no price: write a number, not negative"
    );
    assert_eq!(from_json("{}"), Err(PriceFileError::Empty));
    assert!(matches!(
        from_json("[1]"),
        Err(PriceFileError::Syntax { line: 1, .. })
    ));
}

#[test]
fn any_text_is_refused_or_read() {
    for text in [
        "",
        "{",
        "[[price]]\nmodel=\"*\"\ninput=1e300",
        "[[price]]\nmodel=\"*\"\ninput=18446744073709551615\nrequest=1e18",
        r#"{"price":[{"model":"a","input":"1e-400"}]}"#,
        r#"{"x":{"input_cost_per_token_above_99999999999999999999k_tokens":1}}"#,
    ] {
        fuzz_prices(text.as_bytes());
    }
}
