//! What an agent that runs on this host has seen so far, as its endpoint tells.

use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::report::{Answer, RunningAgent};
use crate::{
    host::procfs::ProcFs,
    telemetry::{
        processes::{self, SeenProcess, SeenProcesses},
        registry::BINARY_CALLS,
    },
};

/// Longest wait for each step of an answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes read of an answer.
const PAGE_BYTES: u64 = 16 << 20;

/// Calls seen through each file, by its path and build id as metrics show them.
pub(super) type FileCalls = HashMap<(String, String), u64>;

/// Calls that were seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By file.
    pub(super) files: FileCalls,
    /// By process id, whoever had it then.
    pub(super) processes: HashMap<u32, Vec<SeenProcess>>,
}

impl Seen {
    /// Calls of the process that has this id now.
    pub(super) fn calls_of(&self, pid: u32, proc: &ProcFs) -> Option<SeenProcess> {
        let lives = self.processes.get(&pid)?;
        let start_ticks = proc.stat(pid)?.start_ticks;
        let mut lives = lives.iter();
        lives.find(|it| it.start_ticks == start_ticks).copied()
    }
}

/// Asks the agent whose endpoint would be at `address`, if it is to be anywhere.
pub(super) fn ask(address: Option<SocketAddr>) -> (RunningAgent, Seen) {
    let told = match address {
        Some(address) => metrics(address).map_err(|error| {
            format!("no agent tells its metrics on {address} ({error}): calls seen are not known")
        }),
        None => Err("the metrics of agents are turned off: calls seen are not known".to_owned()),
    };
    let (reached, reason, seen) = match told {
        Ok(page) => {
            let seen = Seen {
                files: calls(&page),
                // An agent of another version may not tell them.
                processes: address.map(by_process).unwrap_or_default(),
            };
            (Answer::Yes, None, seen)
        }
        Err(reason) => (Answer::No, Some(reason), Seen::default()),
    };
    let agent = RunningAgent {
        address: address.map(|address| address.to_string()),
        reached,
        reason,
    };
    (agent, seen)
}

fn metrics(address: SocketAddr) -> io::Result<String> {
    let page = get(address, "/metrics")?;
    if page.contains("llm_tracer_") {
        Ok(page)
    } else {
        Err(io::Error::other("what listens there is no agent"))
    }
}

fn by_process(address: SocketAddr) -> HashMap<u32, Vec<SeenProcess>> {
    let document = get(address, processes::PATH).unwrap_or_default();
    let seen: SeenProcesses = serde_json::from_str(&document).unwrap_or_default();
    let mut by_process: HashMap<u32, Vec<SeenProcess>> = HashMap::new();
    for process in seen.processes {
        by_process.entry(process.pid).or_default().push(process);
    }
    by_process
}

/// The body of an answer.
fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Of HTTP/1.0: its body is not cut into chunks.
    let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(PAGE_BYTES).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
        _ => Err(io::Error::other("what listens there is no agent")),
    }
}

/// Lines are `name{binary="PATH",build_id="ID"} NUMBER`, of OpenMetrics.
fn calls(page: &str) -> FileCalls {
    let of_line = |line: &str| {
        let labels = line.strip_prefix(BINARY_CALLS.name)?;
        let (labels, value) = labels.rsplit_once("} ")?;
        let (path, rest) = quoted(labels.strip_prefix("{binary=")?)?;
        let (build_id, _) = quoted(rest.strip_prefix(",build_id=")?)?;
        Some(((path, build_id), value.trim().parse().ok()?))
    };
    page.lines().filter_map(of_line).collect()
}

/// A quoted value, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, net::TcpListener, thread};

    use super::*;
    use crate::telemetry::Telemetry;

    #[test]
    fn calls_are_told_by_file() {
        let page = "\
# TYPE llm_tracer_binary_calls counter
llm_tracer_binary_calls_total{binary=\"/usr/lib/libssl.so.3\",build_id=\"aa\"} 7
llm_tracer_binary_calls_total{binary=\"/usr/lib/libssl.so.3\",build_id=\"bb\"} 2
llm_tracer_binary_calls_total{binary=\"/opt/a \\\"b\\\\n/node\",build_id=\"\"} 1
llm_tracer_binary_calls_total{binary=\"cut
llm_tracer_segments_total 9
";
        let calls = calls(page);
        let of = |path: &str, id: &str| calls.get(&(path.to_owned(), id.to_owned())).copied();
        assert_eq!(of("/usr/lib/libssl.so.3", "aa"), Some(7));
        assert_eq!(of("/usr/lib/libssl.so.3", "bb"), Some(2));
        assert_eq!(of("/opt/a \"b\\n/node", ""), Some(1));
        assert_eq!(calls.len(), 3);
    }

    #[test]
    fn nobody_there_is_said() {
        let (agent, seen) = ask(None);
        assert_eq!(agent.reached, Answer::No);
        assert!(agent.reason.is_some() && seen.files.is_empty() && seen.processes.is_empty());
    }

    /// Answers each path with its page, as an agent does.
    fn endpoint(pages: Vec<(&'static str, String)>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for (path, page) in pages {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap();
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                assert!(request.starts_with(&format!("GET {path} ")), "{request}");
                write!(stream, "HTTP/1.0 200 OK\r\n\r\n{page}").unwrap();
            }
        });
        address
    }

    #[test]
    fn calls_are_those_of_the_process_that_has_the_id_now() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("7")).unwrap();
        let stat = "7 (ollama) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0 200 1000 10";
        fs::write(root.path().join("7/stat"), stat).unwrap();
        let telemetry = Telemetry::new();
        telemetry.processes.count(7, 100, false);
        telemetry.processes.count(7, 200, true);
        telemetry.processes.count(8, 200, true);
        let document = serde_json::to_string(&telemetry.processes.told()).unwrap();
        let metrics = telemetry.render();
        let address = endpoint(vec![("/metrics", metrics), (processes::PATH, document)]);
        let (agent, seen) = ask(Some(address));
        assert_eq!(agent.reached, Answer::Yes, "{agent:?}");
        let proc = ProcFs::new(root.path());
        let calls = seen.calls_of(7, &proc).unwrap();
        assert_eq!((calls.start_ticks, calls.calls_at_sockets), (200, 1));
        assert_eq!(seen.calls_of(8, &proc), None);
        assert_eq!(seen.calls_of(9, &proc), None);
    }
}
