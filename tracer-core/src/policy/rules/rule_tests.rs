//! Which rule decides, also of calls of which not all is known.

use std::borrow::Cow;

use super::{
    caller::Caller,
    decision::{Capture, Decision},
    fact::Subject,
    file::PolicyFile,
};
use crate::{
    attribution::{Attribution, AttributionRules, Dimension, Salt},
    llm::{
        call::{CallFacts, CaptureState, Outcome},
        strings::sample::call_of,
    },
    semconv::Value,
};

fn call() -> CallFacts {
    let mut call = call_of("", 0);
    call.provider.0 = "openai".into();
    call.request.model = Some("gpt-5".to_owned());
    call.response.model = Some("gpt-5-2026-01-01".to_owned());
    call.response.status = Some(200);
    call.path = "/v1/chat/completions".to_owned();
    call.outcome = Outcome::Success;
    call.capture = CaptureState::Complete;
    call.attribution = Attribution::default();
    call.lineage = None;
    call.parent = None;
    call
}

fn attribution() -> AttributionRules {
    let sources = [(
        Dimension::Team,
        vec!["resource:k8s.pod.label.team".parse().unwrap()],
    )];
    AttributionRules::new(&sources, Salt::new([0; Salt::BYTES]))
}

fn decide<'f>(file: &'f PolicyFile, call: &CallFacts, caller: &Caller<'_>) -> Decision<'f> {
    file.rules.decide(&Subject {
        call,
        caller,
        attribution: &attribution(),
    })
}

/// What a rule with this condition, that lets nothing out, decides of a call.
fn asked(when: &str, call: &CallFacts, caller: &Caller<'_>) -> (Capture, bool) {
    let text = format!("[[rule]]\nname = 'r'\nwhen = {{ {when} }}\ncapture = 'none'");
    let file = PolicyFile::parse(&text).unwrap();
    let decision = decide(&file, call, caller);
    (decision.capture, decision.is_cautious)
}

fn resource(pairs: &[(&'static str, &'static str)]) -> Vec<(Cow<'static, str>, Value)> {
    let value = |text: &'static str| Value::Str(text.into());
    pairs
        .iter()
        .map(|(name, text)| ((*name).into(), value(text)))
        .collect()
}

const MATCHES: (Capture, bool) = (Capture::None, false);
const DOES_NOT: (Capture, bool) = (Capture::Metadata, false);
const MAY: (Capture, bool) = (Capture::None, true);

#[test]
fn every_fact_can_be_asked_for() {
    let resource = resource(&[
        ("process.executable.path", "/usr/bin/python3"),
        ("k8s.pod.label.team", "search"),
    ]);
    let caller = Caller {
        resource: &resource,
        is_settled: true,
    };
    let mut call = call();
    for (when, expected) in [
        ("provider = 'OpenAI'", MATCHES),
        ("model = 'gpt-5'", MATCHES),
        ("model = '*-2026-*'", MATCHES),
        ("model = 'claude*'", DOES_NOT),
        ("operation = 'chat'", MATCHES),
        ("operation = 'embeddings'", DOES_NOT),
        ("api = 'openai.*'", MATCHES),
        ("team = 'search'", MATCHES),
        ("user = '*'", DOES_NOT),
        ("user = '!root'", MATCHES),
        ("exe = '*/python*'", MATCHES),
        ("path = '/v1/*'", MATCHES),
        ("side = 'client'", MATCHES),
        ("outcome = 'success'", MATCHES),
        ("outcome = 'flagged'", DOES_NOT),
        ("status = '2*'", MATCHES),
        ("error = '*'", DOES_NOT),
        ("provider = 'openai', side = 'server'", DOES_NOT),
    ] {
        assert_eq!(asked(when, &call, &caller), expected, "{when}");
    }
    call.outcome = Outcome::Failed {
        error_type: "content_filter".to_owned(),
    };
    for when in [
        "outcome = 'failed'",
        "outcome = 'flagged'",
        "error = 'content_*'",
    ] {
        assert_eq!(asked(when, &call, &caller), MATCHES, "{when}");
    }
}

#[test]
fn what_is_not_known_makes_careful() {
    let mut call = call();
    // The process ended before it could be looked at; its pod may still become known.
    let early = Caller {
        resource: &[],
        is_settled: false,
    };
    assert_eq!(asked("exe = '/bin/curl'", &call, &Caller::UNKNOWN), MAY);
    assert_eq!(asked("team = 'search'", &call, &early), MAY);
    assert_eq!(asked("team = 'search'", &call, &Caller::UNKNOWN), DOES_NOT);
    assert_eq!(
        asked("user = 'ann'", &call, &early),
        DOES_NOT,
        "of the wire"
    );
    assert_eq!(
        asked("team = 'x', provider = 'other'", &call, &early),
        DOES_NOT
    );
    call.capture = CaptureState::Gap;
    call.response.model = None;
    call.host = None;
    for when in [
        "model = 'claude*'",
        "host = 'internal'",
        "user = 'ann'",
        "outcome = 'failed'",
        "outcome = 'success'",
    ] {
        assert_eq!(asked(when, &call, &Caller::UNKNOWN), MAY, "{when}");
    }
    assert_eq!(asked("model = 'gpt-5'", &call, &Caller::UNKNOWN), MATCHES);
}

#[test]
fn the_first_that_matches_decides_and_the_strictest_that_may() {
    let text = "
        [[rule]]
        name = 'curl'
        when.exe = '*/curl'
        capture = 'masked'
        keep = ['input_messages', 'documents']
        [[rule]]
        name = 'openai'
        when.provider = 'openai'
        capture = 'full'
        keep = ['input_messages', 'output_messages']
        [[rule]]
        name = 'never asked'
        capture = 'none'
    ";
    let file = PolicyFile::parse(text).unwrap();
    let known = resource(&[("process.executable.path", "/bin/wget")]);
    let caller = |resource| Caller {
        resource,
        is_settled: true,
    };
    let call = call();
    let decision = decide(&file, &call, &caller(&known));
    assert_eq!(decision.rule, Some("openai"));
    assert_eq!(decision.capture, Capture::Full);
    let decision = decide(&file, &call, &caller(&[]));
    assert_eq!(decision.rule, Some("curl"));
    assert_eq!(
        (decision.capture, decision.is_cautious),
        (Capture::Masked, true)
    );
    let fields: Vec<_> = decision.fields.iter().map(|it| it.name()).collect();
    assert_eq!(fields, ["input_messages"]);
}
