//! Tapes replayed by the command, as a user does it.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
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

/// A collector that answers every request with `status`; it ends with the test.
fn collector(status: &'static str) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (lines, head_lines) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Who breaks off is not served further.
            let _ = answer(stream.unwrap(), status, &lines);
        }
    });
    (address, head_lines)
}

fn answer(stream: TcpStream, status: &str, head_lines: &mpsc::Sender<String>) -> io::Result<()> {
    let mut requests = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().map_err(io::Error::other)?;
            }
            if line.is_empty() {
                break;
            }
            // Who asks for the answers only does not look at them.
            let _ = head_lines.send(line);
        }
        io::copy(&mut requests.by_ref().take(length), &mut io::sink())?;
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn replay_to(status: &'static str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-agent"));
    let endpoint = format!("http://{}", collector(status).0);
    let output = command
        .env_clear()
        .arg("replay")
        .arg(tape())
        .args(["--format", "none", "--otlp-endpoint", &endpoint])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn what_the_collector_refuses_is_not_delivered() {
    let (code, said) = replay_to("200 OK");
    assert_eq!(code, Some(0), "{said}");
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "404 Not Found",
        "500 Internal Server Error",
        "301 Moved Permanently",
    ] {
        let (code, said) = replay_to(status);
        assert_eq!(code, Some(3), "{status}: {said}");
        let last = said.lines().last().unwrap();
        assert!(last.contains("not delivered: spans (2 refused"), "{said}");
    }
}

/// The library under the agent reads the environment as well.
#[test]
fn headers_of_one_signal_replace_those_of_the_environment() {
    let (address, head_lines) = collector("200 OK");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "[export.otlp.traces.headers]\nx-key = 'file'").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tracer-agent"))
        .env_clear()
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=environment,x-other=1")
        .env("OTEL_METRICS_EXPORTER", "none")
        .arg("replay")
        .arg(tape())
        .arg("--config")
        .arg(file.path())
        .args(["--format", "none", "--otlp-endpoint"])
        .arg(format!("http://{address}"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let mut ours: Vec<String> = head_lines
        .try_iter()
        .filter(|line| line.starts_with("x-"))
        .collect();
    // One for each request.
    ours.dedup();
    assert_eq!(ours, ["x-key: file"]);
}

#[test]
fn what_standard_output_does_not_take_is_not_delivered() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return println!("skipped: this host has no /dev/full");
    };
    for format in ["text", "json"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-agent"));
        let output = command
            .env_clear()
            .arg("replay")
            .arg(tape())
            .args(["--format", format])
            .stdout(full.try_clone().unwrap())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{format}: {said}");
        assert!(said.contains("No space left on device"), "{format}: {said}");
    }
}
