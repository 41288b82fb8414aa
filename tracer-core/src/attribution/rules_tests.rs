use super::*;

fn rules(all: &[(Dimension, &[&str])]) -> AttributionRules {
    let sources: Vec<_> = all
        .iter()
        .map(|(dimension, sources)| {
            let sources = sources.iter().map(|source| source.parse().expect(source));
            (*dimension, sources.collect())
        })
        .collect();
    AttributionRules::new(&sources, Salt::new([7; Salt::BYTES]))
}

fn headers(rules: &AttributionRules, wire: &[(&str, &str)]) -> Headers {
    let wire = wire.iter().map(|(name, value)| (*name, value.as_bytes()));
    Headers::admit(&rules.admitted(AllowList::default()), wire)
}

fn told(found: &Attribution, dimension: Dimension) -> Option<(&str, &str)> {
    let known = found.get(dimension)?;
    Some((&known.value, &known.source))
}

#[test]
fn the_best_source_that_has_a_value_counts() {
    let rules = rules(&[
        (
            Dimension::Team,
            &["header:x-team", "baggage:team", "body:metadata.team"],
        ),
        (Dimension::User, &["body:safety_identifier", "body:user"]),
    ]);
    let body = br#"{"user":"jane","metadata":{"team":"body"},"safety_identifier":""}"#;
    for (wire, team) in [
        (
            &[("X-Team", "header"), ("baggage", "team=bag")][..],
            ("header", "header:x-team"),
        ),
        (
            &[("X-Team", " "), ("baggage", "team=bag")],
            ("bag", "baggage:team"),
        ),
        (&[], ("body", "body:metadata.team")),
    ] {
        let mut found = rules.of_request(&headers(&rules, wire));
        rules.of_body(body, &mut found);
        assert_eq!(told(&found, Dimension::Team), Some(team));
        assert_eq!(told(&found, Dimension::User), Some(("jane", "body:user")));
    }
}

#[test]
fn only_named_headers_are_kept_and_none_is_exported_as_a_header() {
    let rules = rules(&[(Dimension::Team, &["header:x-team"])]);
    let list = rules.admitted(AllowList::default());
    assert!(list.admits("x-team") && !list.admits("baggage") && !list.admits("x-user"));
    assert_eq!(list.extra().count(), 0);
}

#[test]
fn a_credential_is_told_by_a_name_or_not_at_all() {
    let workspace: (Dimension, &[&str]) =
        (Dimension::Workspace, &["header:openai-project", "api-key"]);
    let with_keys = rules(&[workspace]);
    let wire = [("authorization", "Bearer sk-canary"), ("cookie", "canary")];
    let kept = headers(&with_keys, &wire);
    assert!(!format!("{kept:?}").contains("canary"));
    let found = with_keys.of_request(&kept);
    let known = found.get(Dimension::Workspace).expect("a workspace");
    assert!(known.value.starts_with("key-"), "{known:?}");
    assert_eq!(known.confidence, Confidence::Derived);
    // In the wrong place.
    let found = with_keys.of_request(&headers(
        &with_keys,
        &[("openai-project", "sk-proj-canary")],
    ));
    assert_eq!(found, Attribution::default());
    let without = rules(&[(Dimension::Workspace, &["header:openai-project"])]);
    assert_eq!(headers(&without, &wire).key(), None, "nobody asked");
}

#[test]
fn answers_and_gateways_tell_too() {
    let rules = rules(&[
        (
            Dimension::Workspace,
            &["response:anthropic-workspace-id", "header:x-org"],
        ),
        (Dimension::User, &["header:x-portkey-metadata#_user"]),
    ]);
    let wire = [
        ("x-org", "org"),
        ("x-portkey-metadata", r#"{"_user":"jane","team":"x"}"#),
    ];
    let mut found = rules.of_request(&headers(&rules, &wire));
    assert_eq!(
        told(&found, Dimension::Workspace),
        Some(("org", "header:x-org"))
    );
    let answer = headers(&rules, &[("anthropic-workspace-id", "wrk_1")]);
    rules.of_response(&answer, &mut found);
    assert_eq!(
        told(&found, Dimension::Workspace),
        Some(("wrk_1", "response:anthropic-workspace-id"))
    );
    assert_eq!(
        told(&found, Dimension::User),
        Some(("jane", "header:x-portkey-metadata#_user"))
    );
}

#[test]
fn values_are_bounded() {
    let rules = rules(&[(Dimension::User, &["body:user"])]);
    let body = format!(r#"{{"user":"{}"}}"#, "é".repeat(10_000));
    let mut found = Attribution::default();
    rules.of_body(body.as_bytes(), &mut found);
    let (value, _) = told(&found, Dimension::User).expect("a user");
    assert_eq!(value.len(), 1_024);
}
