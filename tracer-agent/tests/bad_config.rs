//! Every file in `fixtures/bad-config` gives one line that says where, what and what is allowed.

use std::{fs, path::Path};

use tracer_agent::config::{effective::Config, file, layers::Layers};

#[test]
fn every_bad_file_is_told_in_one_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad-config");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let messages: Vec<String> = paths.iter().map(|path| message(path)).collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    address.toml:2:10: "localhost" is no valid value of `metrics.listen`: not an IP address with a port; expected an address and port such as 127.0.0.1:9469, or none
    attribution-credential.toml:2:14: ["header:x-api-key"] is no valid value of `attribution.workspace`: header `x-api-key` may carry a credential and is never kept: take it off the list; expected sources such as header:x-team, the best first
    attribution-metrics.toml:2:20: ["squad"] is no valid value of `attribution.metrics`: `squad` is nothing that calls are attributed to; expected some of app, environment, workspace, feature, user, team
    attribution-source.toml:2:26: ["x-squad"] is no valid value of `attribution.team`: `x-squad` is no source: write header:NAME, header:NAME#MEMBER, response:NAME, baggage:KEY, body:PATH, resource:NAME or api-key; expected sources such as header:x-team, the best first
    budget.toml:2:10: { "search" = "team=search 100 dollars per day" } is no valid value of `budgets`: `dollars` is no currency: write its three capital letters, such as USD; expected a table of name = "WHOSE AMOUNT CURRENCY per PERIOD", such as search = "team=search 100 USD per day"
    choice.toml:2:10: "xml" is no valid value of `export.terminal.format`: not one of the words allowed; expected text, json or none
    date.toml:2:7: a date or time is no valid value of `agent.log`: values of this kind are not used here; expected off, error, warn, info, debug or trace, or directives such as info,tracer_agent=debug
    duplicate.toml:3:1: duplicate key; the file must be valid TOML
    endpoint-scheme.toml:2:12: "unix:///run/otlp" is no valid value of `export.otlp.endpoint`: not a URL; expected a URL such as http://127.0.0.1:4317
    endpoint-user.toml:2:12: (hidden) is no valid value of `export.otlp.endpoint`: a name and password in the URL are not sent: set a header, such as `authorization`, in the headers of the collector; expected a URL such as http://127.0.0.1:4317
    endpoint-without-scheme.toml:2:12: endpoint `collector:4317` has no scheme, which only grpc allows: write http://collector:4317 or https://collector:4317
    exe-empty.toml:2:9: [""] is no valid value of `processes.exes`: an empty item says nothing: give it a value or leave it out; expected patterns such as /usr/bin/python*
    header-boolean.toml:2:35: a truth value is no valid value of `export.otlp.headers`: values of this kind are not used here; expected a table of strings in a file, `name=value,name=value` (values percent-encoded) elsewhere
    header-with-credentials.toml:2:27: ["Authorization"] is no valid value of `privacy.keep_headers`: header `Authorization` may carry a credential and is never kept: take it off the list; expected header names such as x-request-team
    interval-zero.toml:2:19: 0 is no valid value of `export.metric_interval`: zero is not allowed; expected a time with its unit such as 500ms, 10s or 2m, more than zero
    key-misspelled.toml:2:1: unknown key `capture.ring_siz`; did you mean `capture.ring_size`?
    key-unknown.toml:1:1: unknown key `colour`; allowed here: capture, processes, kubernetes, export, content, metrics, providers, cost, attribution, budgets, policy, privacy, traces, evaluations, agent
    log-filter.toml:2:7: "verbose" is no valid value of `agent.log`: not a filter; expected off, error, warn, info, debug or trace, or directives such as info,tracer_agent=debug
    pid.toml:2:8: "none" is no valid value of `processes.pids`: not a number in range; expected positive whole numbers
    prices-relative.toml:2:11: ["prices.toml"] is no valid value of `cost.prices`: the path is not absolute; expected absolute paths
    provider-list.toml:2:21: an array is no valid value of `providers`: values of this kind are not used here; expected a table of host = "provider" in a file, `host=provider,host=provider` elsewhere
    provider-number.toml:2:21: a number is no valid value of `providers`: values of this kind are not used here; expected a table of host = "provider" in a file, `host=provider,host=provider` elsewhere
    provider.toml:2:21: { "llm.example.com" = "Open AI" } is no valid value of `providers`: provider name `Open AI` is not valid: use lower-case letters, digits, `_` and `.`; expected a table of host = "provider" in a file, `host=provider,host=provider` elsewhere
    ring-size.toml:3:13: "9MiB" is no valid value of `capture.ring_size`: not a power of two; expected a power of two from 64KiB to 1GiB, such as 8MiB
    rule.toml:2:23: ["user:root"] is no valid value of `processes.include`: rules know no `user`; expected rules such as name:python*, exe:/usr/bin/* or cgroup:*docker*
    secret-of-wrong-kind.toml:2:12: (hidden) is no valid value of `export.otlp.headers`: a list stands where a table belongs; expected a table of strings in a file, `name=value,name=value` (values percent-encoded) elsewhere
    section-as-key.toml:2:1: `export.otlp` is a section, not a key; it holds: endpoint, backend, protocol, headers, timeout, compression, certificate, client_certificate, client_key, insecure, temporality, traces, metrics, logs
    section-unknown.toml:4:14: unknown key `export.otlp.profiles`; allowed here: endpoint, backend, protocol, headers, timeout, compression, certificate, client_certificate, client_key, insecure, temporality, traces, metrics, logs
    size-too-small.toml:2:16: "1KiB" is no valid value of `capture.exchange_cap`: not between 64KiB and 1GiB; expected a size such as 512KiB or 4MiB
    syntax.toml:1:9: unclosed table, expected `]`; the file must be valid TOML
    time-without-unit.toml:2:20: 10 is no valid value of `agent.shutdown_timeout`: the unit is missing; expected a time with its unit such as 500ms, 10s or 2m
    "#);
}

fn message(path: &Path) -> String {
    let name = Path::new(path.file_name().unwrap());
    let text = fs::read_to_string(path).unwrap();
    let result = file::parse(name, &text).and_then(|layer| Config::resolve(&Layers::new([layer])));
    let message = result.expect_err("the file is bad").to_string();
    assert!(!message.contains('\n'), "more than one line: {message}");
    assert!(!message.contains("canary"), "a secret is shown: {message}");
    message
}
