//! What it costs for each call to find out where it belongs, and what can be said of its answer.
//!
//! `cargo bench -p tracer-core --bench relations`. A conversation of four messages with three tools, the
//! last message always another, answered by a text. `alone` is without either, `related` with its
//! relations, `evaluated` with all checks as well; `content` has its content kept, which a policy may
//! want. What a row is above `alone` is the cost.

#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::hint::black_box;

use criterion::Criterion;
use tracer_core::{
    correlate::Relations, evaluation::Checks, llm::content::ContentCapture,
    pipeline::PipelineConfig,
};
use wire::{CHAT_ANSWER, Player, Wire, chat_request, json};

/// A tool with a schema of usual length.
const TOOL: &str = r#"{"type":"function","function":{"name":"NAME","description":"Looks up what is known of a place, by its name and the country that it is in, in the unit that is asked for.","parameters":{"type":"object","properties":{"place":{"type":"string","description":"Name of the place"},"country":{"type":"string"},"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["place"],"additionalProperties":false}}}"#;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let plain = PipelineConfig {
        relations: Relations::Off,
        evaluations: Checks::NONE,
        ..PipelineConfig::default()
    };
    let related = PipelineConfig {
        relations: Relations::All,
        ..plain.clone()
    };
    let evaluated = PipelineConfig {
        evaluations: Checks::ALL,
        ..related.clone()
    };
    let content = PipelineConfig {
        content: ContentCapture::Keep {
            per_call: 512 << 10,
        },
        ..evaluated.clone()
    };
    let kinds = [
        ("alone", plain),
        ("related", related),
        ("evaluated", evaluated),
        ("content", content),
    ];
    for (name, config) in kinds {
        let mut player = Player::with(config);
        let mut wire = Wire::new(1);
        let answer = json(CHAT_ANSWER);
        let mut number = 0_u64;
        criterion.bench_function(&format!("call/{name}"), |bencher| {
            bencher.iter(|| {
                number += 1;
                player.exchange(&mut wire, &request(number), &answer);
                black_box(player.calls())
            });
        });
    }
    criterion.final_summary();
}

fn request(number: u64) -> Vec<u8> {
    let tools = ["weather", "forecast", "climate"].map(|name| TOOL.replace("NAME", name));
    chat_request(&format!(
        r#"{{"model":"gpt-5","messages":[{{"role":"system","content":"You help with the weather."}},{{"role":"user","content":"What is it like in Paris?"}},{{"role":"assistant","content":"It is sunny, and will stay so until the evening."}},{{"role":"user","content":"And in town {number}?"}}],"tools":[{}]}}"#,
        tools.join(",")
    ))
}
