//! Judgements as frameworks ask for them, and what only looks like one.

use super::{Likeness, Opinion};

/// `label score (reason)`.
fn read(answer: &str) -> Option<String> {
    let Opinion {
        label,
        score,
        reason,
        likeness: _,
    } = Opinion::of(answer)?;
    let parts = [
        label.map(|label| label.name().to_owned()),
        score.map(|score| score.to_string()),
        reason.map(|reason| format!("({reason})")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    Some(parts.join(" "))
}

#[test]
fn frameworks_have_their_own_words() {
    for (answer, opinion) in [
        // Phoenix.
        (r#"{"explanation": "x", "label": "correct"}"#, "correct (x)"),
        (r#"{"label": "non-toxic"}"#, "non-toxic"),
        // MLflow.
        (r#"{"rationale": "x", "result": "yes"}"#, "yes (x)"),
        (
            "```json\n{\"rationale\": \"x\", \"result\": \"no\"}\n```",
            "no (x)",
        ),
        (
            "Let me see.\n```json\n{\"result\": true, \"rationale\": \"x\"}\n```",
            "true (x)",
        ),
        // G-Eval of DeepEval.
        (r#"{"score": 8, "reason": "x"}"#, "8 (x)"),
        (
            r#"{"verdicts": [{"verdict": "yes", "reason": null}, {"verdict": "idk", "reason": "x"}]}"#,
            "0.5",
        ),
        // ragas.
        (
            r#"{"statements": [{"statement": "a", "reason": "x", "verdict": 1}, {"statement": "b", "reason": "x", "verdict": 0}]}"#,
            "0.5",
        ),
        (r#"{"reason": "x", "verdict": 1}"#, "1 (x)"),
        // Graders of OpenAI.
        (
            r#"{"steps": [{"description": "d", "conclusion": "c"}], "result": 0.75}"#,
            "0.75",
        ),
        // autoevals.
        (r#"{"reasons": ["x", "y"], "choice": "A"}"#, "a (x\ny)"),
        // openevals, promptfoo.
        (r#"{"reasoning": "x", "score": true}"#, "true (x)"),
        (
            r#"{"reason": "x", "pass": true, "score": 1.0}"#,
            "pass 1 (x)",
        ),
        // Others.
        (
            r#"{"evaluation": {"feedback": "x", "score": "4/5"}}"#,
            "4 (x)",
        ),
        (r#"{"Overall Score": "80%", "Comments": "x"}"#, "0.8 (x)"),
        // Inspect, MT-bench.
        ("It is right.\n\nGRADE: C", "c"),
        ("Well done. Rating: no.\nRating: [[8]]", "8"),
        ("**Score:** 4.5/5", "4.5"),
        ("[[B]]", "b"),
    ] {
        assert_eq!(read(answer).as_deref(), Some(opinion), "{answer}");
    }
}

#[test]
fn who_sorts_texts_answers_as_some_judges_do() {
    for (answer, likeness) in [
        (r#"{"label": "safe"}"#, Likeness::Common),
        (r#"{"choice": "B", "confidence": 0.5}"#, Likeness::Common),
        (r#"{"result": 4}"#, Likeness::Common),
        ("[[B]]", Likeness::Common),
        (
            r#"{"classifications": [{"label": "safe"}, {"label": "low"}]}"#,
            Likeness::Common,
        ),
        (r#"{"label": "safe", "reason": "x"}"#, Likeness::Telling),
        (r#"{"decision": "approved", "score": 1}"#, Likeness::Telling),
        (r#"{"verdict": "yes"}"#, Likeness::Telling),
        (r#"{"verdicts": [{"verdict": "yes"}]}"#, Likeness::Telling),
        ("Rating: [[8]]", Likeness::Telling),
    ] {
        let found = Opinion::of(answer).map(|opinion| opinion.likeness);
        assert_eq!(found, Some(likeness), "{answer}");
    }
}

#[test]
fn what_is_something_else_is_no_judgement() {
    for answer in [
        "",
        "yes",
        "The score is 4.",
        "Score: the home team won",
        r#"{"translation": "Bonjour", "score": 1}"#,
        r#"{"label": "a customer of ours"}"#,
        r#"{"reason": "x"}"#,
        r#"{"score": null, "reason": "x"}"#,
        r#"{"score": [1, 2]}"#,
        r#"{"name": "Ann", "grade": 4}"#,
        r#"{"sentiment": "positive"}"#,
        r#"{"verdicts": []}"#,
        r#"{"verdicts": [{"verdict": "maybe so"}]}"#,
        r#"{"statements": ["a", "b"]}"#,
        r#"{"score": 1"#,
        "[1, 2]",
        "https://example.com/score=4",
    ] {
        assert_eq!(read(answer), None, "{answer}");
    }
}

#[test]
fn deep_and_wide_answers_are_no_trouble() {
    let deep = format!("{}{}", r#"{"evaluation":"#.repeat(5_000), "}".repeat(5_000));
    assert_eq!(read(&deep), None);
    let wide = format!(
        r#"{{"verdicts": [{}]}}"#,
        vec![r#"{"verdict": "yes"}"#; 300].join(",")
    );
    assert_eq!(read(&wide), None);
}
