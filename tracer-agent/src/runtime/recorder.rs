//! Records a tape: masked on the capture thread, written by a thread of its own.
//!
//! The capture thread never waits for the file. What the writer has no room for is left out: a
//! segment that is missing on a tape is a gap, which its offsets show.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use tokio::sync::oneshot;
use tracer_core::{
    detect::Role,
    http::head::HttpVersion,
    llm::call::CallFacts,
    pipeline::PipelineConfig,
    segment::{ConnectionId, FinalCounts, ProcessKey, Segment},
    tape::{Writer, mask::Mask},
    time::Timestamp,
};

use crate::host::process::ProcessInfo;

/// Bytes that may wait for the file.
const WAITING_BYTES: u64 = 16 << 20;

/// What to record.
#[derive(Debug)]
pub struct Recording {
    /// The file, new and empty.
    pub file: File,
    /// Its name; one that ends in `.gz` is compressed.
    pub path: PathBuf,
    /// Ends the recording after this time.
    pub duration: Option<Duration>,
    /// Ends the recording before the tape has more bytes, uncompressed.
    pub max_bytes: u64,
    /// Everything is recorded as it is, content and credentials included.
    pub content: bool,
}

/// The capture thread's end.
#[derive(Debug)]
pub struct Recorder {
    writer: Writer,
    /// Absent if everything is recorded as it is.
    mask: Option<Mask>,
    /// Who the processes are of which nothing is on the tape yet.
    processes: HashMap<ProcessKey, (u32, String)>,
    /// When the last segment came.
    latest: Timestamp,
    calls: Arc<Calls>,
    tape: Lines,
}

/// Calls that were reported while the tape was recorded.
#[derive(Debug, Default)]
struct Calls {
    all: AtomicU64,
    /// Those of which a masked tape holds nothing.
    left_out: AtomicU64,
}

/// Lines on their way to the file.
#[derive(Debug)]
struct Lines {
    /// Dropped when the tape is full.
    lines: Option<Sender<String>>,
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
    room: u64,
}

/// The file being written.
#[derive(Debug)]
pub struct TapeFile {
    path: PathBuf,
    thread: JoinHandle<io::Result<u64>>,
    lost: Arc<AtomicU64>,
    calls: Arc<Calls>,
}

/// A tape could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TapeFileError {
    /// The file does not take it.
    #[error("cannot write the tape {}: {source}; it holds what came before", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The thread ended by a panic.
    #[error("the thread that writes the tape ended by a panic; please report this")]
    Panic,
}

/// Begins a tape at `start`; masked by the `config` of the pipeline that it is recorded beside. The
/// receiver resolves when nothing more is written: the tape is full, or the file failed.
///
/// # Errors
/// When the system refuses a thread.
pub fn start(
    recording: Recording,
    config: &PipelineConfig,
    start: Timestamp,
) -> io::Result<(Recorder, TapeFile, oneshot::Receiver<()>)> {
    let (sender, lines) = mpsc::channel();
    let waiting = Arc::new(AtomicU64::new(0));
    let lost = Arc::new(AtomicU64::new(0));
    let (alive, ended) = oneshot::channel();
    let compressed = recording.path.extension().is_some_and(|it| it == "gz");
    let thread = {
        let waiting = Arc::clone(&waiting);
        let file = BufWriter::new(recording.file);
        thread::Builder::new()
            .name("tape".to_owned())
            .spawn(move || {
                // Dropped with the thread, however it ends.
                let _alive: oneshot::Sender<()> = alive;
                if compressed {
                    let mut file = GzEncoder::new(file, Compression::default());
                    let written = write(&lines, &waiting, &mut file)?;
                    file.finish()?.flush()?;
                    Ok(written)
                } else {
                    let mut file = file;
                    let written = write(&lines, &waiting, &mut file)?;
                    file.flush()?;
                    Ok(written)
                }
            })?
    };
    let mut recorder = Recorder {
        writer: Writer::new(start),
        mask: (!recording.content).then(|| Mask::new(config)),
        processes: HashMap::new(),
        latest: start,
        calls: Arc::default(),
        tape: Lines {
            lines: Some(sender),
            waiting,
            lost: Arc::clone(&lost),
            room: recording.max_bytes,
        },
    };
    let about = if recording.content {
        "as captured: holds content and credentials"
    } else {
        "masked: holds no content and no credentials"
    };
    let masked = recorder.mask.is_some();
    recorder.tape.send(recorder.writer.header(about, masked));
    let file = TapeFile {
        path: recording.path,
        thread,
        lost,
        calls: Arc::clone(&recorder.calls),
    };
    Ok((recorder, file, ended))
}

fn write(lines: &Receiver<String>, waiting: &AtomicU64, file: &mut impl Write) -> io::Result<u64> {
    let mut written = 0;
    for line in lines {
        file.write_all(line.as_bytes())?;
        waiting.fetch_sub(line.len() as u64, Ordering::Relaxed);
        written += line.len() as u64;
    }
    Ok(written)
}

impl Recorder {
    /// Tells whose segments will come.
    pub fn introduce(&mut self, process: &ProcessInfo) {
        if self.writer.is_new(process.key) && !self.processes.contains_key(&process.key) {
            self.processes
                .insert(process.key, (process.pid, process.name.clone()));
        }
    }

    /// Records a segment, or what may be known of it.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        self.latest = segment.time;
        let Self {
            writer,
            mask,
            processes,
            tape,
            ..
        } = self;
        let mut record = |segment: &Segment<'_>| {
            let process = segment.connection.process;
            if let Some((pid, name)) = processes.remove(&process) {
                tape.send(writer.process(process, pid, &name));
            }
            tape.send(writer.segment(segment));
        };
        match mask {
            Some(mask) => mask.segment(segment, &mut record),
            None => record(segment),
        }
    }

    /// Takes note of a call that was reported.
    pub fn reported(&self, facts: &CallFacts) {
        self.calls.all.fetch_add(1, Ordering::Relaxed);
        let is_session = facts.response.status == Some(101);
        let is_masked_away =
            is_session || facts.http_version == HttpVersion::H2 || facts.role == Role::Server;
        if self.mask.is_some() && is_masked_away {
            self.calls.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records the end of a connection.
    pub fn close(
        &mut self,
        connection: ConnectionId,
        time: Timestamp,
        counts: Option<FinalCounts>,
    ) {
        let counts = self.counts(connection, counts);
        if let Some(line) = self.writer.close(connection, time, counts) {
            self.tape.send(line);
        }
    }

    /// Records that nobody looks at a connection any more.
    pub fn leave(&mut self, connection: ConnectionId, counts: Option<FinalCounts>) {
        let counts = self.counts(connection, counts);
        if let Some(line) = self.writer.leave(connection, self.latest, counts) {
            self.tape.send(line);
        }
    }

    fn counts(
        &mut self,
        connection: ConnectionId,
        counts: Option<FinalCounts>,
    ) -> Option<FinalCounts> {
        match &mut self.mask {
            Some(mask) => mask.close(connection, counts),
            None => counts,
        }
    }
}

impl Lines {
    fn send(&mut self, line: String) {
        let Some(lines) = &self.lines else { return };
        let length = line.len() as u64;
        if self.room < length {
            self.lines = None;
            return;
        }
        let before = self.waiting.fetch_add(length, Ordering::Relaxed);
        if before + length > WAITING_BYTES {
            self.waiting.fetch_sub(length, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        } else if lines.send(line).is_ok() {
            self.room -= length;
        } else {
            self.lines = None;
        }
    }
}

impl TapeFile {
    /// Waits until all is written, after the recorder was dropped; says in a line what is there.
    ///
    /// # Errors
    /// If the file does not take it.
    pub fn finish(self) -> Result<String, TapeFileError> {
        let Self {
            path,
            thread,
            lost,
            calls,
        } = self;
        let written = match thread.join() {
            Ok(Ok(written)) => written,
            Ok(Err(source)) => return Err(TapeFileError::Write { path, source }),
            Err(_) => return Err(TapeFileError::Panic),
        };
        let lost = match lost.load(Ordering::Relaxed) {
            0 => String::new(),
            lost => format!("; {lost} lines came too fast and are gaps"),
        };
        let left_out = match calls.left_out.load(Ordering::Relaxed) {
            0 => String::new(),
            left_out => format!(
                "; {left_out} of {} calls are not on it, since HTTP/2, WebSockets and what a process \
                 serves cannot be masked: `--content` records them as they are",
                calls.all.load(Ordering::Relaxed)
            ),
        };
        Ok(format!(
            "recorded {written} bytes in {}{lost}{left_out}",
            path.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use tracer_core::{
        segment::Direction,
        tape::{Entry, Reader},
    };

    use super::*;

    const REQUEST: &[u8] = b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer secret\r\nContent-Length: 37\r\n\r\n{\"model\":\"gpt-5\",\"messages\":[\"secret\"]}";

    fn record(name: &str, content: bool, max_bytes: u64) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let recording = Recording {
            file: File::create_new(&path).unwrap(),
            path: path.clone(),
            duration: None,
            max_bytes,
            content,
        };
        let begin = Timestamp::from_unix_nanos(1_000_000);
        let (mut recorder, file, _ended) =
            start(recording, &PipelineConfig::default(), begin).unwrap();
        let name = "app.py".to_owned();
        recorder.introduce(&ProcessInfo::new(ProcessKey(9), 4711, name, Vec::new()));
        let connection = ConnectionId {
            process: ProcessKey(9),
            handle: 5,
            generation: 6,
        };
        recorder.segment(&Segment {
            connection,
            direction: Direction::Outbound,
            offset: 0,
            time: begin,
            turn: 0,
            bytes: REQUEST,
        });
        recorder.leave(connection, None);
        drop(recorder);
        let said = file.finish().unwrap();
        let mut text = String::new();
        let input = File::open(path).unwrap();
        crate::runtime::replay::opened(input)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        (said, text)
    }

    #[test]
    fn a_tape_names_its_process_and_holds_no_secret() {
        for name in ["tape.jsonl", "tape.jsonl.gz"] {
            let (said, text) = record(name, false, 1 << 20);
            assert!(
                said.starts_with("recorded ") && said.ends_with(name),
                "{said}"
            );
            assert!(!text.contains("secret"), "{text}");
            let reader = Reader::new(text.as_bytes(), Timestamp::default()).unwrap();
            let entries: Vec<Entry> = reader.map(Result::unwrap).collect();
            assert!(
                matches!(
                    entries.as_slice(),
                    [
                        Entry::Process { pid: 4711, .. },
                        Entry::Segment { offset: 0, .. },
                        Entry::Leave { .. }
                    ]
                ),
                "{entries:?}"
            );
        }
    }

    #[test]
    fn content_is_there_on_request() {
        let (_, text) = record("tape.jsonl", true, 1 << 20);
        assert!(text.contains("Bearer secret"), "{text}");
    }

    #[test]
    fn a_full_tape_ends() {
        let (_, text) = record("tape.jsonl", false, 200);
        assert!(text.len() <= 200 && text.lines().count() >= 1, "{text}");
    }
}
