//! What a policy costs for each call: the decision, and letting it out.
//!
//! `cargo bench -p tracer-core --bench policy`. `none` is without a file, `rules` with thirty rules of
//! which the last matches, `sampled` the same with a rate and the memory of traces. Each lets one
//! call out as metadata and frees it; `copy` is what the copy of the call takes that each begins with.

#[path = "../tests/wire/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::{fmt::Write as _, hint::black_box};

use criterion::Criterion;
use tracer_core::{
    attribution::{AttributionRules, Dimension, Salt},
    llm::call::{Call, Captured},
    policy::{Caller, Policy, PolicyFile, mask::PseudonymKey},
    segment::Direction,
    semconv::Value,
};
use wire::{CHAT_ANSWER, CHAT_BODY, Player, Wire, chat_request, json};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let call = call();
    criterion.bench_function("policy/copy", |bencher| {
        bencher.iter(|| black_box(call.clone()));
    });
    let rules = rules();
    let sampled = format!("{rules}[sampling]\nrate = 0.5\n");
    for (name, text) in [("none", ""), ("rules", &rules), ("sampled", &sampled)] {
        let mut policy = policy(text);
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
        criterion.bench_function(&format!("policy/{name}"), |bencher| {
            bencher.iter(|| black_box(policy.release(call.clone(), &caller)));
        });
    }
    criterion.final_summary();
}

fn call() -> Call<Captured> {
    let mut player = Player::new();
    let mut wire = Wire::new(1);
    player.send(&mut wire, Direction::Outbound, &chat_request(CHAT_BODY));
    player.send(&mut wire, Direction::Inbound, &json(CHAT_ANSWER));
    player.close(wire);
    player.calls().remove(0)
}

/// Rules that ask for several facts, all but the last in vain.
fn rules() -> String {
    let mut text = String::new();
    for number in 0..29 {
        let _ = writeln!(
            text,
            "[[rule]]\nname = 'rule {number}'\nwhen = {{ app = ['shop', 'store*'], exe = '*python*', model = ['gpt-5*', 'o?'], team = 'team-{number}' }}\ncapture = 'none'"
        );
    }
    text + "[[rule]]\nname = 'shop'\nwhen = { app = 'shop', provider = 'openai' }\ncapture = 'metadata'\n"
}

fn policy(text: &str) -> Policy {
    let sources = [
        (
            Dimension::App,
            vec!["resource:service.name".parse().expect("a source")],
        ),
        (
            Dimension::Team,
            vec!["resource:k8s.pod.label.team".parse().expect("a source")],
        ),
    ];
    Policy::new(
        PolicyFile::parse(text).expect("a policy"),
        PseudonymKey::new([0; PseudonymKey::BYTES]),
        AttributionRules::new(&sources, Salt::new([0; Salt::BYTES])),
    )
}
