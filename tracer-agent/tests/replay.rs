//! Tapes replayed by the command, as a user does it.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A chat and an embedding.
const TAPE: &str = "../tracer-core/tests/tapes/openai_chat.jsonl";

fn replay(tape: &Path, format: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-agent"));
    command.env_clear().arg("replay").arg(tape);
    let Output {
        status,
        stdout,
        stderr,
    } = command.args(["--format", format]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn tape() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(TAPE)
}

#[test]
fn the_calls_of_a_tape_are_printed() {
    let (code, stdout, stderr) = replay(&tape(), "json");
    assert_eq!(code, Some(0), "{stderr}");
    let calls: Vec<serde_json::Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let models: Vec<_> = calls
        .iter()
        .map(|call| call["gen_ai.request.model"].as_str().unwrap())
        .collect();
    assert_eq!(models, ["gpt-4o-mini", "text-embedding-3-small"]);
    assert_eq!(calls[0]["gen_ai.usage.input_tokens"], 57);

    let (code, stdout, _) = replay(&tape(), "text");
    assert_eq!((code, stdout.lines().count()), (Some(0), 3), "{stdout}");
}

#[test]
fn compressed_or_not_a_tape_is_the_same() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
    encoder.write_all(&fs::read(tape()).unwrap()).unwrap();
    encoder.finish().unwrap();
    let (code, stdout, stderr) = replay(file.path(), "json");
    assert_eq!((code, stdout.lines().count()), (Some(0), 2), "{stderr}");
}

/// What stands before a line that is wrong is reported all the same.
#[test]
fn a_broken_tape_tells_the_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&fs::read(tape()).unwrap()).unwrap();
    writeln!(file, "{{\"at\":1}}").unwrap();
    let (code, stdout, stderr) = replay(file.path(), "json");
    assert_eq!((code, stdout.lines().count()), (Some(1), 2), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: cannot read the tape "), "{stderr}");
    assert!(last.contains("line 9 is no entry of a tape"), "{stderr}");
}

#[test]
fn what_is_no_tape_is_refused() {
    let missing = Path::new("/nonexistent/tape.jsonl");
    let (code, _, stderr) = replay(missing, "json");
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    let file = tempfile::NamedTempFile::new().unwrap();
    File::create(file.path()).unwrap();
    let (code, _, stderr) = replay(file.path(), "json");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("line 1 is no header of a tape"), "{stderr}");
}
