//! What policy and correlation cost a call in metadata mode, part by part, and in all.
//!
//! `cargo bench -p tracer-core --bench cost`. A conversation of four messages with three tools, the last
//! message always another, by a client with an API key and the headers of a gateway, answered by a
//! text. Each part is what it adds to all before it; the medians of interleaved rounds. Fails where
//! policy and correlation (relations, and the request that is served) are above [`WANTED`].

#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::{
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use tracer_core::{
    attribution::{AttributionRules, Dimension, Salt},
    correlate::Relations,
    evaluation::Checks,
    pipeline::PipelineConfig,
    policy::{Caller, Policy, PolicyFile, mask::PseudonymKey},
    pricing::PriceBook,
    segment::Direction,
    semconv::Value,
};
use wire::{CHAT_ANSWER, Player, Wire, answer, json};

/// The most that policy and correlation may take together, in microseconds.
const WANTED: f64 = 15.0;
const ROUNDS: usize = 31;
const CALLS: u32 = 1_000;

/// A tool with a schema of usual length.
const TOOL: &str = r#"{"type":"function","function":{"name":"NAME","description":"Looks up what is known of a place, by its name and the country that it is in, in the unit that is asked for.","parameters":{"type":"object","properties":{"place":{"type":"string","description":"Name of the place"},"country":{"type":"string"},"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["place"],"additionalProperties":false}}}"#;

/// Of an application that serves somebody.
const ASKED: &[u8] = b"POST /chats/ask HTTP/1.1\r\nhost: shop.example\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{\"question\":\"?\"}";

/// What is done for each call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Alone,
    Relations,
    Evaluations,
    Attribution,
    Pricing,
    Policy,
}

/// The stages, with the name of what each adds.
const STAGES: [(Stage, &str); 6] = [
    (Stage::Alone, "parsed alone"),
    (
        Stage::Relations,
        "relations: turns, attempts, tools, sessions",
    ),
    (Stage::Evaluations, "evaluations"),
    (
        Stage::Attribution,
        "attribution, with a name for the API key",
    ),
    (Stage::Pricing, "cost, by the public list"),
    (Stage::Policy, "policy of thirty rules, with samples"),
];

/// One way to treat calls.
struct Way {
    player: Player,
    wire: Wire,
    number: u64,
    prices: Option<PriceBook>,
    policy: Option<Policy>,
    /// A request that is served around each call.
    inbound: Option<Wire>,
    took: Vec<f64>,
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark: asked for by cargo, answered on the terminal"
)]
fn main() {
    // Those who only list or run tests ask for nothing to be measured.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let mut ways = STAGES.map(|(stage, _)| Way::new(stage, false));
    let mut inbound = [Stage::Alone, Stage::Relations].map(|stage| Way::new(stage, true));
    for _ in 0..ROUNDS {
        ways.iter_mut().chain(&mut inbound).for_each(Way::round);
    }
    let took: Vec<_> = ways.iter_mut().map(Way::median).collect();
    let [alone, related] = inbound.each_mut().map(Way::median);
    println!("{:48} {:6.2} µs", STAGES[0].1, took[0]);
    for ((_, name), pair) in STAGES.iter().skip(1).zip(took.windows(2)) {
        println!("{name:48} {:+6.2} µs", pair[1] - pair[0]);
    }
    let served = (related - alone) - (took[1] - took[0]);
    println!(
        "{:48} {served:+6.2} µs",
        "the request of a user that is served"
    );
    let part = |stage: Stage| took[stage as usize] - took[stage as usize - 1];
    let wanted = part(Stage::Relations) + part(Stage::Policy) + served.max(0.0);
    let all = took[took.len() - 1] - took[0] + served.max(0.0);
    println!("{:48} {all:6.2} µs", "all of these");
    println!(
        "{:48} {wanted:6.2} µs, of {WANTED} that are wanted",
        "policy and correlation of them"
    );
    assert!(wanted < WANTED, "policy and correlation cost too much");
}

impl Way {
    fn new(stage: Stage, is_served: bool) -> Self {
        let mut config = PipelineConfig {
            relations: Relations::Off,
            evaluations: Checks::NONE,
            ..PipelineConfig::default()
        };
        if stage >= Stage::Relations {
            config.relations = Relations::All;
        }
        if stage >= Stage::Evaluations {
            config.evaluations = Checks::ALL;
        }
        if stage >= Stage::Attribution {
            let rules = rules();
            config.headers = rules.admitted(config.headers);
            config.attribution = rules;
        }
        let prices = (stage >= Stage::Pricing).then(|| PriceBook::new(Vec::new(), true));
        Self {
            player: Player::with(config),
            wire: Wire::new(1),
            number: 0,
            prices,
            policy: (stage >= Stage::Policy).then(policy),
            inbound: is_served.then(|| Wire::new(2)),
            took: Vec::new(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
    fn round(&mut self) {
        let answer = json(CHAT_ANSWER);
        let served = answer_of_ours();
        let resource = [
            ("service.name".into(), Value::Str("shop".into())),
            (
                "process.executable.path".into(),
                Value::Str("/usr/bin/python3.11".into()),
            ),
        ];
        let caller = Caller {
            resource: &resource,
            is_settled: true,
        };
        let mut took = Duration::ZERO;
        for _ in 0..CALLS {
            self.number += 1;
            let request = request(self.number);
            let start = Instant::now();
            if let Some(wire) = &mut self.inbound {
                self.player.send(wire, Direction::Inbound, ASKED);
            }
            self.player.exchange(&mut self.wire, &request, &answer);
            if let Some(wire) = &mut self.inbound {
                self.player.send(wire, Direction::Outbound, &served);
            }
            for mut call in self.player.calls() {
                if let Some(prices) = &self.prices {
                    prices.price(&mut call);
                }
                match &mut self.policy {
                    Some(policy) => drop(black_box(policy.release(call, &caller))),
                    None => drop(black_box(call)),
                }
            }
            took += start.elapsed();
        }
        self.took.push(took.as_secs_f64() * 1e6 / f64::from(CALLS));
    }

    fn median(&mut self) -> f64 {
        self.took.sort_by(f64::total_cmp);
        self.took[self.took.len() / 2]
    }
}

fn answer_of_ours() -> Vec<u8> {
    answer("content-type: application/json\r\n", br#"{"answer":"!"}"#)
}

fn request(number: u64) -> Vec<u8> {
    let tools = ["weather", "forecast", "climate"].map(|name| TOOL.replace("NAME", name));
    let body = format!(
        r#"{{"model":"gpt-5","messages":[{{"role":"system","content":"You help with the weather."}},{{"role":"user","content":"What is it like in Paris?"}},{{"role":"assistant","content":"It is sunny, and will stay so until the evening."}},{{"role":"user","content":"And in town {number}?"}}],"tools":[{}],"metadata":{{"team":"search","feature":"answers"}}}}"#,
        tools.join(",")
    );
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-type: application/json\r\nauthorization: Bearer sk-proj-0123456789abcdef0123456789abcdef\r\nopenai-organization: org-1\r\nbaggage: user.id=jane,team=search\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// About what holds if nobody says anything.
fn rules() -> AttributionRules {
    let sources = [
        (Dimension::App, "baggage:app resource:service.name"),
        (Dimension::Workspace, "header:openai-organization api-key"),
        (Dimension::Feature, "baggage:feature body:metadata.feature"),
        (
            Dimension::User,
            "baggage:user.id header:helicone-user-id header:x-portkey-metadata#_user",
        ),
        (
            Dimension::Team,
            "baggage:team header:x-team body:metadata.team",
        ),
    ];
    let sources = sources.map(|(dimension, words)| {
        let words = words.split(' ');
        let all = words.map(|word| word.parse().expect("a source"));
        (dimension, all.collect())
    });
    AttributionRules::new(&sources, Salt::new([0; Salt::BYTES]))
}

/// Rules that ask for several facts, all but the last in vain.
fn policy() -> Policy {
    let mut text = String::new();
    for number in 0..29 {
        let _ = writeln!(
            text,
            "[[rule]]\nname = 'rule {number}'\nwhen = {{ app = ['shop', 'store*'], exe = '*python*', model = ['gpt-5*', 'o?'], team = 'team-{number}' }}\ncapture = 'none'"
        );
    }
    text += "[[rule]]\nname = 'shop'\nwhen = { app = 'shop', provider = 'openai' }\ncapture = 'metadata'\n[sampling]\nrate = 0.5\n";
    Policy::new(
        PolicyFile::parse(&text).expect("a policy"),
        PseudonymKey::new([0; PseudonymKey::BYTES]),
        rules(),
    )
}
