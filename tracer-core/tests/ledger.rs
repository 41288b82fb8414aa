//! Costs of calls as they are on the wire, against costs that were counted by hand.
//!
//! Prices are those that the providers publish, in dollars for a million tokens, as the public list has
//! them on the day of the calls.

#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use tracer_core::{
    llm::provider::HostRule,
    money::Amount,
    pipeline::PipelineConfig,
    policy,
    pricing::{self, Cost, CostSource, PriceBook},
    semconv::{self, Metric, Value},
};
use wire::{Player, Wire, answer, chunked, json};

/// 23 November 2026, 12:00 UTC.
const NOON: u64 = 1_795_435_200_000_000_000;
const HOUR: u64 = 3_600_000_000_000;

fn post(host: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn chat(host: &str, model: &str) -> Vec<u8> {
    let body = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    post(host, "/v1/chat/completions", &body)
}

fn completion(model: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion","model":"{model}","choices":[{{"index":0,"message":{{"role":"assistant","content":"hello"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
    )
}

fn message(model: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"m1","type":"message","role":"assistant","model":"{model}","content":[{{"type":"text","text":"hello"}}],"stop_reason":"end_turn","usage":{usage}}}"#
    )
}

/// The costs of exchanges that begin at a time.
fn costs(book: &PriceBook, at: u64, exchanges: &[(Vec<u8>, Vec<u8>)]) -> Vec<Cost> {
    let house = HostRule::new("models.example.com", "house").expect("a rule");
    let mut player = Player::with(PipelineConfig {
        hosts: vec![house],
        ..PipelineConfig::default()
    });
    player.go_to(at);
    for (number, (request, response)) in (1..).zip(exchanges) {
        let mut wire = Wire::new(number);
        player.exchange(&mut wire, request, response);
        player.close(wire);
    }
    let calls = player.calls();
    assert_eq!(calls.len(), exchanges.len());
    calls.iter().map(|call| book.cost(call.facts())).collect()
}

fn told(cost: &Cost) -> String {
    match cost {
        Cost::None => "none".to_owned(),
        Cost::Unknown(why) => format!("unknown {}", why.name()),
        Cost::Known(known) => {
            let (source, confidence) = (known.source.name(), known.confidence.name());
            format!("{} {} {source} {confidence}", known.amount, known.currency)
        }
    }
}

fn told_at(book: &PriceBook, at: u64, request: Vec<u8>, response: Vec<u8>) -> String {
    told(&costs(book, at, &[(request, response)])[0])
}

fn list() -> PriceBook {
    PriceBook::new(Vec::new(), true)
}

#[test]
fn the_public_list_knows_parts_tiers_and_times() {
    let book = list();
    let check = |at, request, response: &str, expected: &str| {
        let cost = told_at(&book, at, request, json(response));
        assert_eq!(
            cost.replace(CostSource::List.name(), "list"),
            expected,
            "{response}"
        );
    };
    // 200 at 2.50, 800 from the cache at 1.25, 100 at 10; the served model decides.
    check(
        NOON,
        chat("api.openai.com", "gpt-4o-mini"),
        &completion(
            "gpt-4o-2024-08-06",
            r#"{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_tokens_details":{"cached_tokens":800}}"#,
        ),
        "0.0025 USD list derived",
    );
    // Half the price: 1,000 at 0.625 and 100 at 5.
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}"#;
    let flex = completion("gpt-5-2025-08-07", usage).replacen('{', r#"{"service_tier":"flex","#, 1);
    check(
        NOON,
        chat("api.openai.com", "gpt-5"),
        &flex,
        "0.001125 USD list derived",
    );
    let scale = flex.replace("flex", "scale");
    check(
        NOON,
        chat("api.openai.com", "gpt-5"),
        &scale,
        "unknown tier",
    );
    // 100 at 3, 400 read at 0.30, 300 written at 3.75 and 200 for an hour at 6, 50 at 15.
    let written = r#"{"input_tokens":100,"output_tokens":50,"cache_read_input_tokens":400,
        "cache_creation_input_tokens":500,"cache_creation":{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":200}}"#;
    let claude = || {
        let body = r#"{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
        post("api.anthropic.com", "/v1/messages", body)
    };
    check(
        NOON,
        claude(),
        &message("claude-sonnet-4-5-20250929", written),
        "0.003495 USD list derived",
    );
    // A long prompt: 250,000 at 6 and 10 at 22.50; as part of a batch half of it.
    let long = r#"{"input_tokens":250000,"output_tokens":10,"service_tier":"standard"}"#;
    let long = message("claude-sonnet-4-5-20250929", long);
    check(NOON, claude(), &long, "1.500225 USD list derived");
    let batch = long.replace("standard", "batch");
    check(NOON, claude(), &batch, "0.7501125 USD list derived");
    // Two searches of the web at 10 for a thousand.
    let searched =
        r#"{"input_tokens":1000,"output_tokens":0,"server_tool_use":{"web_search_requests":2}}"#;
    check(
        NOON,
        claude(),
        &message("claude-sonnet-4-5-20250929", searched),
        "0.023 USD list derived",
    );
    // 20 of text at 0.30, 80 of audio at 1, and 10 with 5 of thought at 2.50.
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"hello"}]},"finishReason":"STOP"}],"modelVersion":"gemini-2.5-flash",
        "usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":10,"thoughtsTokenCount":5,"totalTokenCount":115,
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":20},{"modality":"AUDIO","tokenCount":80}]}}"#;
    let asked = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    check(
        NOON,
        post(
            "generativelanguage.googleapis.com",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            asked,
        ),
        gemini,
        "0.0001235 USD list derived",
    );
    // By day and by night: 1,000 at 0.27 or 0.135.
    let night = r#"{"prompt_tokens":1000,"completion_tokens":0,"total_tokens":1000}"#;
    let deepseek = completion("deepseek-chat", night);
    check(
        NOON,
        chat("api.deepseek.com", "deepseek-chat"),
        &deepseek,
        "0.00027 USD list derived",
    );
    check(
        NOON + 8 * HOUR,
        chat("api.deepseek.com", "deepseek-chat"),
        &deepseek,
        "0.000135 USD list derived",
    );
    // Before March it was 0.10.
    let mistral = completion("mistral-small-latest", night);
    check(
        NOON,
        chat("api.mistral.ai", "mistral-small-latest"),
        &mistral,
        "0.00015 USD list derived",
    );
    check(
        NOON - 300 * 24 * HOUR,
        chat("api.mistral.ai", "mistral-small-latest"),
        &mistral,
        "0.0001 USD list derived",
    );
    // Amazon names the model in the path: 1,000 at 0.06 and 10 at 0.24.
    let nova = r#"{"output":{"message":{"role":"assistant","content":[{"text":"hello"}]}},"stopReason":"end_turn",
        "usage":{"inputTokens":1000,"outputTokens":10,"totalTokens":1010}}"#;
    check(
        NOON,
        post(
            "bedrock-runtime.us-east-1.amazonaws.com",
            "/model/amazon.nova-lite-v1%3A0/converse",
            r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
        ),
        nova,
        "0.0000624 USD list derived",
    );
    // 1,000 at 0.02, and no output.
    check(
        NOON,
        post(
            "api.openai.com",
            "/v1/embeddings",
            r#"{"model":"text-embedding-3-small","input":"hi"}"#,
        ),
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":1000,"total_tokens":1000}}"#,
        "0.00002 USD list derived",
    );
}

#[test]
fn what_the_answer_says_comes_first() {
    let dearer = pricing::from_toml("[[price]]\nmodel = \"*\"\ninput = 1000\noutput = 1000\n");
    let book = PriceBook::new(dearer.expect("prices"), true);
    let usage = |more: &str| {
        format!(r#"{{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,{more}}}"#)
    };
    for (host, model, more, expected) in [
        (
            "openrouter.ai",
            "openai/gpt-4o",
            r#""cost":0.00014823"#,
            "0.00014823",
        ),
        (
            "api.x.ai",
            "grok-4",
            r#""cost_in_usd_ticks":12345678"#,
            "0.0012345678",
        ),
        (
            "api.perplexity.ai",
            "sonar",
            r#""cost":{"total_cost":0.006,"request_cost":0.005}"#,
            "0.006",
        ),
        ("api.openai.com", "gpt-4o", r#""cost":0"#, "0"),
    ] {
        let answer = json(&completion(model, &usage(more)));
        let cost = told_at(&book, NOON, chat(host, model), answer);
        assert_eq!(cost, format!("{expected} USD reported observed"), "{host}");
    }
    // LiteLLM tells it in a header; that of a stream was written before its end was known.
    let headers = "content-type: application/json\r\nx-litellm-call-id: c1\r\nx-litellm-response-cost: 4.5e-05\r\n";
    let body = completion("gpt-4o", &usage(r#""x":1"#));
    let cost = told_at(
        &book,
        NOON,
        chat("gateway.example.com", "gpt-4o"),
        answer(headers, body.as_bytes()),
    );
    assert_eq!(cost, "0.000045 USD reported observed");
}

#[test]
fn prices_of_the_operator_come_before_the_list() {
    let prices = r#"
        [[price]]
        model = "gpt-4o*"
        provider = "openai"
        until = "2026-01-01"
        input = 100
        output = 100

        [[price]]
        model = "gpt-4o*"
        provider = "openai"
        input = 2
        output = 8

        [[price]]
        model = "house-*"
        currency = "EUR"
        input = 0
        output = 0.5
        request = 0.001
    "#;
    let book = PriceBook::new(pricing::from_toml(prices).expect("prices"), false);
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}"#;
    let cost = |host: &str, model: &str| {
        told_at(
            &book,
            NOON,
            chat(host, model),
            json(&completion(model, usage)),
        )
    };
    assert_eq!(
        cost("api.openai.com", "GPT-4o-2024-08-06"),
        "0.0028 USD override derived"
    );
    assert_eq!(
        cost("models.example.com", "house-7b"),
        "0.00105 EUR override derived"
    );
    assert_eq!(
        cost("localhost:8000", "house-7b"),
        "0.00105 EUR override derived"
    );
    assert_eq!(
        cost("localhost:8000", "gpt-4o"),
        "unknown provider",
        "it may be anything"
    );
    assert_eq!(
        cost("api.groq.com", "gpt-4o"),
        "unknown provider",
        "without the list"
    );
}

#[test]
fn what_is_not_known_has_a_reason_and_no_amount() {
    let book = list();
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}"#;
    for (host, model, expected) in [
        ("api.openai.com", "gpt-never-heard-of", "unknown model"),
        ("api.sambanova.ai", "llama", "unknown provider"),
        ("localhost:8000", "gpt-4o", "unknown provider"),
        ("api.openai.com", "omni-moderation-latest", "unknown price"),
    ] {
        let answer = json(&completion(model, usage));
        assert_eq!(
            told_at(&book, NOON, chat(host, model), answer),
            expected,
            "{host} {model}"
        );
    }
    let silent = json(&completion("gpt-4o", "null"));
    assert_eq!(
        told_at(&book, NOON, chat("api.openai.com", "gpt-4o"), silent),
        "unknown usage"
    );
    let refused = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: 38\r\n\r\n{\"error\":{\"code\":\"rate_limit_reached\"}}";
    assert_eq!(
        told_at(
            &book,
            NOON,
            chat("api.openai.com", "gpt-4o"),
            refused.to_vec()
        ),
        "none",
        "nothing was used"
    );
    // A stream that the client left: its input is known, what was made of it is not.
    let start = b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"model\":\"claude-sonnet-4-5-20250929\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}}}\n\n".to_vec();
    let mut cut = chunked("text/event-stream", &[start]);
    cut.truncate(cut.len() - 5);
    let asked = r#"{"model":"claude-sonnet-4-5","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let left = told_at(
        &book,
        NOON,
        post("api.anthropic.com", "/v1/messages", asked),
        cut,
    );
    assert_eq!(left, "unknown usage");
}

/// A ledger of many calls: what each costs, and what all of them do, in any order.
#[test]
fn sums_agree_with_the_ledger() {
    // Dollars for ten thousand million tokens: input, cached, output.
    let models = [
        (
            "api.openai.com",
            "gpt-4o-2024-08-06",
            [25_000, 12_500, 100_000],
        ),
        (
            "api.openai.com",
            "gpt-5-2025-08-07",
            [12_500, 1_250, 100_000],
        ),
        (
            "api.groq.com",
            "llama-3.3-70b-versatile",
            [5_900, 5_900, 7_900],
        ),
        (
            "api.mistral.ai",
            "mistral-small-latest",
            [1_500, 150, 6_000],
        ),
    ];
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let mut exchanges = Vec::new();
    let mut ledger = Vec::new();
    for _ in 0..2_000 {
        let (host, model, [input, cached, output]) = models[random(4) as usize];
        let (prompt, made) = (random(150_000), random(9_000));
        let read = random(prompt + 1);
        let usage = format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{made},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{read}}}}}"#,
            prompt + made
        );
        exchanges.push((chat(host, model), json(&completion(model, &usage))));
        let tenths_of_nano = (prompt - read) * input + read * cached + made * output;
        ledger.push(Amount::from_pico(u128::from(tenths_of_nano) * 100));
    }
    let costs = costs(&list(), NOON, &exchanges);
    let amounts: Vec<Amount> = costs
        .iter()
        .map(|cost| match cost {
            Cost::Known(known) => known.amount,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(amounts, ledger);
    let total: Amount = ledger.iter().copied().sum();
    assert_eq!(amounts.iter().rev().copied().sum::<Amount>(), total);
    // As telemetry has it.
    let floats: f64 = amounts.iter().map(|amount| amount.as_f64()).sum();
    assert!((floats - total.as_f64()).abs() < 1e-9, "{floats} {total}");
}

#[test]
fn a_span_and_a_measurement_tell_it_once() {
    let mut player = Player::new();
    player.go_to(NOON);
    let mut wire = Wire::new(1);
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}"#;
    let answer = json(&completion("gpt-4o-2024-08-06", usage));
    player.exchange(&mut wire, &chat("api.openai.com", "gpt-4o"), &answer);
    player.close(wire);
    let mut call = player.calls().remove(0);
    list().price(&mut call);
    let released = policy::release(call);
    let span = semconv::span(&released);
    let attribute = |name: &str| span.attribute(name).cloned();
    assert_eq!(
        attribute("llm_tracer.cost.amount"),
        Some(Value::Double(0.0035))
    );
    assert_eq!(
        attribute("llm_tracer.cost.currency"),
        Some(Value::Str("USD".into()))
    );
    assert_eq!(attribute("llm_tracer.cost.unknown"), None);
    let measured = semconv::measurements(&released);
    let costs: Vec<_> = measured
        .iter()
        .filter(|it| it.metric == Metric::Cost)
        .collect();
    assert_eq!(costs.len(), 1);
    assert_eq!(costs[0].values, [0.0035]);
}
