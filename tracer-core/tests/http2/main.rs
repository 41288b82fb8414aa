//! Connections between a client and a server of the `h2` crate, read from the side: what is reported
//! is what they said to each other.

mod observer;
mod plan;
#[path = "../random/mod.rs"]
mod random;
mod talk;

use observer::{Observer, Seen};
use plan::{Fate, Plan};
use random::Random;
use tracer_core::http::exchange::BodyEnd;

/// Conversations of some seeds, each with other settings of both sides.
const SEEDS: u64 = 24;

#[test]
fn exchanges_are_what_both_ends_said() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let plans = plan::plans(&mut random);
        let said = talk::talk(&plans, &mut random);
        for observer in [Observer::of_client(), Observer::of_server()] {
            let seen = observer.watch(&said);
            assert_eq!(seen.len(), plans.len(), "seed {seed}");
            for plan in &plans {
                assert_told(plan, &seen[&plan.number], seed);
            }
        }
    }
}

#[test]
fn the_pieces_do_not_matter() {
    for seed in 0..SEEDS / 8 {
        let mut random = Random(seed);
        let plans = plan::plans(&mut random);
        let said = talk::talk(&plans, &mut random);
        let whole = Observer::of_client().watch(&said);
        for cut in [1, 9, 1000] {
            let seen = Observer::of_client().watch(&talk::cut(&said, cut));
            assert_eq!(seen, whole, "seed {seed}");
        }
    }
}

#[test]
fn an_observer_that_comes_late_knows_less_but_nothing_wrong() {
    let mut complete = 0;
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let plans = plan::plans(&mut random);
        let said = talk::talk(&plans, &mut random);
        let late = random.below(said.len() / 2);
        for seen in Observer::late().watch_from(&said[late..]).values() {
            complete += usize::from(assert_not_wrong(&plans, seen, seed));
        }
    }
    assert!(complete > 100, "{complete} exchanges seen to their ends");
}

/// All of an exchange was reported.
fn assert_told(plan: &Plan, seen: &Seen, seed: u64) {
    let about = format!("seed {seed}, {}", plan.path());
    assert_eq!(seen.method, plan.method, "{about}");
    assert_eq!(seen.path, plan.harmless_path(), "{about}");
    assert_eq!(seen.host.as_deref(), Some(plan.host), "{about}");
    assert_eq!(seen.headers, plan.kept_headers(), "{about}");
    assert_eq!(seen.unknown, 0, "{about}");
    assert_eq!(seen.body, plan.body, "{about}");
    assert_eq!(seen.request_end, Some(BodyEnd::Complete), "{about}");
    // What is reset may have been over, or not have begun.
    let is_reset = matches!(plan.fate, Fate::ResetByClient | Fate::ResetByServer);
    if is_reset && seen.end == Some(BodyEnd::Cut) {
        let answer = &plan.answer;
        assert!(
            seen.status.is_none_or(|status| status == answer.status),
            "{about}"
        );
        assert!(answer.body.starts_with(&seen.answer), "{about}");
        return;
    }
    assert_eq!(seen.status, Some(plan.answer.status), "{about}");
    assert_eq!(seen.answer_headers, plan.kept_answer_headers(), "{about}");
    assert_eq!(seen.end, Some(BodyEnd::Complete), "{about}");
    assert_eq!(seen.answer, plan.answer.body, "{about}");
    let trailers = (plan.fate == Fate::Trailers).then(|| vec![("grpc-status".into(), "0".into())]);
    assert_eq!(seen.trailers, trailers, "{about}");
}

/// Whatever was reported is true; returns whether it was seen to its end.
fn assert_not_wrong(plans: &[Plan], seen: &Seen, seed: u64) -> bool {
    // The body begins with the number of the exchange.
    let Some(plan) = plans.iter().find(|plan| plan.begins(&seen.body)) else {
        return false;
    };
    let about = format!("seed {seed}, {}", plan.path());
    let path_is_unknown = seen.path.is_empty() && seen.unknown > 0;
    assert!(
        path_is_unknown || seen.path == plan.harmless_path(),
        "{about}"
    );
    let is_among = |fields: &[(String, String)], all: &[(String, String)]| {
        fields.iter().all(|field| all.contains(field))
    };
    assert!(
        seen.host.as_deref().is_none_or(|host| host == plan.host),
        "{about}"
    );
    assert!(is_among(&seen.headers, &plan.kept_headers()), "{about}");
    let answer_headers = plan.kept_answer_headers();
    assert!(is_among(&seen.answer_headers, &answer_headers), "{about}");
    let status = plan.answer.status;
    assert!(seen.status.is_none_or(|seen| seen == status), "{about}");
    if seen.unknown == 0 {
        assert_eq!(seen.headers, plan.kept_headers(), "{about}");
    }
    if seen.end != Some(BodyEnd::Complete) {
        return false;
    }
    assert_eq!(seen.answer, plan.answer.body, "{about}");
    true
}
