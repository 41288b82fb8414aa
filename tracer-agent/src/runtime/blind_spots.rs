//! Calls that are not seen, shown in the agent's own metrics.
//!
//! What files tell is known from the look at all processes, each minute; what processes do beyond that is
//! looked for in a thread of its own, which rests four times as long as it works.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    io, thread,
    time::Instant,
};

use super::newest::{Giver, Taker, newest};
use crate::{
    capture::{
        discover::{BlindSpot, FileKey, LookedAt},
        symbols::NotTraceable,
    },
    host::{
        procfs::ProcFs,
        program::{Runtime, file_name},
        unseen::{self, Bounds, Unseen},
    },
    telemetry::{
        Telemetry,
        blind::{BlindMetrics, BlindReason},
    },
};

/// Processes looked at each minute. Bias: of more, some of what is not seen is not counted.
const PROCESSES: usize = 4096;
/// Of each of them, and all together.
const BOUNDS: Bounds = Bounds {
    descriptors: 1024,
    namespaces: 256,
};
/// Rest, as a multiple of the time that the look at a process took: the thread never has more than a fifth
/// of a processor.
const REST: u32 = 4;

/// What the look at all processes found.
#[derive(Debug)]
struct Found {
    spots: Vec<BlindSpot>,
    looked_at: Vec<LookedAt>,
}

/// Looks on, in a thread that ends with this.
#[derive(Debug)]
pub(super) struct Onlooker(Giver<Found>);

impl Onlooker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system refuses one.
    pub(super) fn start(proc: ProcFs, telemetry: Telemetry) -> io::Result<Self> {
        let (giver, found) = newest();
        thread::Builder::new()
            .name("onlooker".to_owned())
            .spawn(move || look_on(&found, &proc, &telemetry.blind))?;
        Ok(Self(giver))
    }

    /// Has it shown what a look found, and what else the processes do. Of looks that come while it is at one,
    /// the last is shown.
    pub(super) fn show(&self, spots: Vec<BlindSpot>, looked_at: Vec<LookedAt>) {
        self.0.give(Found { spots, looked_at });
    }
}

fn look_on(found: &Taker<Found>, proc: &ProcFs, metrics: &BlindMetrics) {
    be_nice();
    let mut unseen = Vec::new();
    while let Some(Found { spots, looked_at }) = found.take() {
        // What files tell is not to wait for the rest.
        show(&spots, &unseen, proc, metrics);
        let begun = Instant::now();
        unseen = look(proc, &looked_at, |spent| thread::sleep(spent * REST));
        tracing::debug!(
            processes = looked_at.len(),
            unseen = unseen.len(),
            took = ?begun.elapsed(),
            "looked for what is not seen"
        );
        show(&spots, &unseen, proc, metrics);
    }
}

/// Gives way to everybody else.
fn be_nice() {
    const LEAST: i32 = 19;
    // Only a courtesy, which takes no privilege.
    let _ = rustix::process::setpriority_process(None, LEAST);
}

/// What processes do that is not seen. `rest` is told how long each took.
fn look(
    proc: &ProcFs,
    looked_at: &[LookedAt],
    mut rest: impl FnMut(std::time::Duration),
) -> Vec<(u32, Unseen)> {
    let mut look = unseen::Look::new(proc, BOUNDS);
    let mut unseen = Vec::new();
    let own = std::process::id();
    for process in looked_at.iter().filter(|it| it.pid != own).take(PROCESSES) {
        let begun = Instant::now();
        let found = look.at(process.pid, process.has_tls);
        unseen.extend(found.into_iter().map(|it| (process.pid, it)));
        rest(begun.elapsed());
    }
    unseen
}

/// A file that is not traced.
#[derive(Debug, PartialEq, Eq, Hash)]
enum BlindFile<'a> {
    Judged(FileKey),
    Foreign(&'a str),
}

/// Shows what the last look at all processes found, in place of what the one before it did.
fn show(spots: &[BlindSpot], unseen: &[(u32, Unseen)], proc: &ProcFs, metrics: &BlindMetrics) {
    let mut runtimes: HashMap<u32, Option<&'static str>> = HashMap::new();
    let (mut files, mut processes) = (HashSet::new(), HashSet::new());
    for spot in spots {
        let reason = BlindReason::File((&spot.reason).into());
        let runtime = *runtimes
            .entry(spot.pid)
            .or_insert_with(|| runtime(proc, spot));
        files.extend(spot.file.map(|file| (BlindFile::Judged(file), reason)));
        processes.insert((spot.pid, runtime, reason));
    }
    for (pid, unseen) in unseen {
        let reason = BlindReason::Conduct(unseen.into());
        let runtime = *runtimes
            .entry(*pid)
            .or_insert_with(|| runtime_by_path(proc, *pid));
        if let Unseen::ForeignTls { file, .. } = unseen {
            files.insert((BlindFile::Foreign(file), reason));
        }
        processes.insert((*pid, runtime, reason));
    }
    let files = counted(files.into_iter().map(|(_, reason)| reason));
    let processes = processes.into_iter();
    let processes = counted(processes.map(|(_, runtime, reason)| (runtime, reason)));
    metrics.show(&files, processes);
}

fn counted<T: Eq + Hash>(items: impl Iterator<Item = T>) -> HashMap<T, i64> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// The language runtime of a process, if it is one that is known.
fn runtime(proc: &ProcFs, spot: &BlindSpot) -> Option<&'static str> {
    match spot.reason {
        NotTraceable::Go | NotTraceable::OldGo => Some("go"),
        _ => runtime_by_path(proc, spot.pid),
    }
}

fn runtime_by_path(proc: &ProcFs, pid: u32) -> Option<&'static str> {
    Runtime::of(file_name(&proc.exe(pid)?))?.name()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::{capture::discover::FileKey, telemetry::Telemetry};

    fn spot(pid: u32, inode: u64, reason: NotTraceable) -> BlindSpot {
        BlindSpot {
            pid,
            file: Some(FileKey { device: 1, inode }),
            reason,
        }
    }

    #[test]
    fn files_and_processes_are_counted_by_reason_and_forgotten_when_gone() {
        let root = tempfile::tempdir().unwrap();
        for (pid, exe) in [
            ("7", "/usr/bin/java"),
            ("8", "/usr/bin/java"),
            ("9", "/app"),
        ] {
            fs::create_dir(root.path().join(pid)).unwrap();
            symlink(exe, root.path().join(pid).join("exe")).unwrap();
        }
        let proc = ProcFs::new(root.path());
        let telemetry = Telemetry::new();
        let spots = [
            spot(7, 1, NotTraceable::Java),
            spot(8, 1, NotTraceable::Java),
            spot(8, 2, NotTraceable::StrippedOpenSsl),
            spot(8, 3, NotTraceable::StrippedBoringSsl),
            spot(9, 4, NotTraceable::OldGo),
            BlindSpot {
                file: None,
                ..spot(10, 0, NotTraceable::Unreadable("not ours".to_owned()))
            },
        ];
        let mbedtls = |inode: u32| Unseen::ForeignTls {
            name: "mbedTLS",
            file: format!("fe:00 {inode}"),
        };
        let unseen = [
            (8, Unseen::Quic),
            (9, mbedtls(1)),
            (11, mbedtls(1)),
            (12, mbedtls(2)),
            (12, Unseen::KernelTls),
        ];
        show(&spots, &unseen, &proc, &telemetry.blind);
        let text = telemetry.render();
        let expected = [
            r#"llm_tracer_coverage_blind_files{reason="java"} 1"#,
            r#"llm_tracer_coverage_blind_files{reason="stripped"} 2"#,
            r#"llm_tracer_coverage_blind_files{reason="go"} 1"#,
            r#"llm_tracer_coverage_blind_files{reason="unreadable"} 0"#,
            r#"llm_tracer_coverage_blind_processes{runtime="java",reason="java"} 2"#,
            r#"llm_tracer_coverage_blind_processes{runtime="java",reason="stripped"} 1"#,
            r#"llm_tracer_coverage_blind_processes{runtime="go",reason="go"} 1"#,
            r#"llm_tracer_coverage_blind_processes{runtime="other",reason="unreadable"} 1"#,
            r#"llm_tracer_coverage_blind_files{reason="foreign_tls"} 2"#,
            r#"llm_tracer_coverage_blind_processes{runtime="go",reason="foreign_tls"} 1"#,
            r#"llm_tracer_coverage_blind_processes{runtime="other",reason="foreign_tls"} 2"#,
            r#"llm_tracer_coverage_blind_processes{runtime="java",reason="quic"} 1"#,
            r#"llm_tracer_coverage_blind_processes{runtime="other",reason="ktls"} 1"#,
        ];
        for line in expected {
            assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
        }
        show(&[], &[], &proc, &telemetry.blind);
        let text = telemetry.render();
        let counts = text
            .lines()
            .filter(|line| line.contains("_blind_") && !line.starts_with('#'));
        assert!(counts.clone().count() >= expected.len());
        assert!(
            counts.into_iter().all(|line| line.ends_with(" 0")),
            "{text}"
        );
    }

    /// What a process of this test does is found by the look of each minute, which is cheap.
    #[test]
    fn a_look_at_this_host_finds_what_a_process_does() {
        use std::{net::UdpSocket, os::fd::AsRawFd as _};
        let proc = ProcFs::new("/proc");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect("127.0.0.1:443").unwrap();
        // A child has it, too: the agent does not look at itself.
        // SAFETY: clears the close-on-exec mark of a descriptor that is ours.
        unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_SETFD, 0) };
        let mut child = std::process::Command::new("sleep").arg("60").spawn();
        let Ok(child) = &mut child else {
            return println!("skipped: no sleep");
        };
        let mut looked_at: Vec<LookedAt> = proc
            .pids()
            .unwrap()
            .map(|pid| LookedAt {
                pid,
                has_tls: false,
            })
            .collect();
        looked_at.retain(|it| it.pid != child.id());
        looked_at.insert(
            0,
            LookedAt {
                pid: child.id(),
                has_tls: false,
            },
        );
        let mut spent = std::time::Duration::ZERO;
        let unseen = look(&proc, &looked_at, |it| spent += it);
        let found = unseen.contains(&(child.id(), Unseen::Quic));
        child.kill().unwrap();
        child.wait().unwrap();
        println!("{} processes took {spent:?}", looked_at.len());
        assert!(found, "{unseen:?}");
    }
}
