//! Policies as an operator tries them.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A chat and an embedding.
const TAPE: &str = "../tracer-core/tests/tapes/openai_chat.jsonl";

fn agent(args: &[&Path]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-agent"));
    let Output {
        status,
        stdout,
        stderr,
    } = command.env_clear().args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn tape() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(TAPE)
}

fn policy(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

const RULES: &str = "
[[rule]]
name = 'embeddings stay in'
when.operation = 'embeddings'
capture = 'none'

[[rule]]
name = 'curl'
when.exe = '*/curl'
capture = 'metadata'

[[rule]]
name = 'chats'
when.model = 'gpt-4o*'
capture = 'masked'
keep = ['input_messages']

[attributes]
never = ['user_agent.original']
";

#[test]
fn a_policy_is_checked_and_told() {
    let file = policy(RULES);
    let (code, stdout, stderr) = agent(&["policy".as_ref(), "check".as_ref(), file.path()]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.starts_with(
            "1. embeddings stay in\n   where operation is embeddings\n   nothing leaves\n"
        ),
        "{stdout}"
    );
    assert!(stdout.ends_with(": ok\n"), "{stdout}");
    let file = policy("[[rule]]\nname = 'a'\ncapture = 'most'");
    let path = file.path().display().to_string();
    let expected = format!(
        "error: {path}:3:11: `capture` cannot be `most`: write one of none, metadata, masked, full\n"
    );
    let check = ["policy".as_ref(), "check".as_ref(), file.path()];
    let tape = tape();
    let replay = [
        "replay".as_ref(),
        tape.as_ref(),
        "--policy".as_ref(),
        file.path(),
    ];
    for args in [&check[..], &replay[..]] {
        let (code, _, stderr) = agent(args);
        assert_eq!((code, stderr.as_str()), (Some(2), expected.as_str()));
    }
}

#[test]
fn what_would_leave_is_explained_field_by_field() {
    let file = policy(RULES);
    let tape = tape();
    let explain = [
        "policy".as_ref(),
        "explain".as_ref(),
        file.path(),
        tape.as_ref(),
    ];
    let (code, stdout, stderr) = agent(&explain);
    assert_eq!(code, Some(0), "{stderr}");
    let parts = stdout.split("\n\n");
    let calls: Vec<&str> = parts.filter(|part| part.starts_with("call ")).collect();
    // Of a tape nobody knows the program: the stricter rule may be the one that was meant.
    for line in [
        "  rule `curl`: metadata, since it is not known whether it matches, and it is stricter",
        "  leaves  span.attributes.gen_ai.request.model = gpt-4o-mini",
        "  stays   span.attributes.user_agent.original: [attributes] never lets it out",
        "  stays   content.input_messages: capture is metadata",
    ] {
        assert!(calls[0].lines().any(|it| it == line), "{line}\n{stdout}");
    }
    for line in [
        "  rule `embeddings stay in`: none",
        "  stays   all: nothing of the call leaves, its metrics neither",
    ] {
        assert!(calls[1].lines().any(|it| it == line), "{line}\n{stdout}");
    }
    let json = [&explain[..], &["--format".as_ref(), "json".as_ref()]].concat();
    let (_, stdout, _) = agent(&json);
    let lines = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<serde_json::Value> = lines.collect();
    let first = lines.iter().find(|line| line["is"] == "call").unwrap();
    assert_eq!(first["schema_version"], 1);
    assert_eq!(first["rule"], "curl");
    assert_eq!(first["cautious"], true);
    let attributes = &first["leaves"]["span"]["attributes"];
    assert_eq!(attributes["gen_ai.request.model"], "gpt-4o-mini");
}

#[test]
fn what_a_policy_holds_back_is_not_printed() {
    let file = policy(RULES);
    let tape = tape();
    let replay: [&Path; 6] = [
        "replay".as_ref(),
        tape.as_ref(),
        "--policy".as_ref(),
        file.path(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    let (code, stdout, stderr) = agent(&replay);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(
        stdout.contains("\"llm_tracer.policy.rule\":\"curl\""),
        "{stdout}"
    );
    assert!(!stdout.contains("user_agent.original"), "{stdout}");
    let sampled = policy("[sampling]\nrate = 0.0");
    let none = [
        replay[0],
        replay[1],
        replay[2],
        sampled.path(),
        replay[4],
        replay[5],
    ];
    let (code, stdout, stderr) = agent(&none);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
}
