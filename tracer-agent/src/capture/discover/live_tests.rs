//! Discovery on the running kernel.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use memmap2::{Mmap, MmapOptions};

use super::mapped::{MappedFile, Source};
use super::tests::{everybody, tls_library, wait_for};
use super::{Discoverer, Discovery, FileNews, ProcessNews, WatchMode};
use crate::capture::plan::Returns;
use crate::capture::test_needs;

/// A discoverer on the running kernel, its first look done.
fn live() -> Option<Discoverer> {
    if !test_needs::may_trace() {
        return None;
    }
    let mut discoverer =
        Discoverer::start("/proc".into(), Returns::Probed, everybody()).expect("threads");
    assert_eq!(discoverer.mode(), WatchMode::Events);
    discoverer.look_around();
    Some(discoverer)
}

/// From the mapping of a library to its discovery.
const AT_ONCE: Duration = Duration::from_millis(250);

/// How long this thread was ready to run so far, but did not: the second number of `schedstat`
/// (Linux, `Documentation/scheduler/sched-stats.rst`).
fn waited_for_a_processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().nth(1);
    Duration::from_nanos(nanoseconds.and_then(|it| it.parse().ok()).unwrap_or(0))
}

/// Maps a library as a process does that is about to use it.
fn mapped(path: &Path) -> (File, Mmap) {
    fs::write(path, tls_library()).expect("write");
    let file = File::open(path).expect("open");
    // SAFETY: the file is ours and is not changed while mapped.
    let map = unsafe { MmapOptions::new().map_exec(&file) }.expect("map");
    (file, map)
}

/// Maps a library and waits for its discovery: a few milliseconds on an idle machine. What others keep
/// the processors from us is not ours.
fn is_found_at_once(discoverer: &mut Discoverer, path: &Path) -> (File, Mmap) {
    let waited_before = waited_for_a_processor();
    let map = mapped(path);
    let mine = |news: &Discovery| match news {
        Discovery::File(FileNews::Found(found)) => {
            found.display_path == path && found.pid == Some(std::process::id())
        }
        _ => false,
    };
    let latency = wait_for(discoverer, mine).expect("found");
    let own = latency.saturating_sub(waited_for_a_processor() - waited_before);
    assert!(own < AT_ONCE, "{own:?} of {latency:?}");
    map
}

#[test]
fn a_library_mapped_now_is_found_at_once() {
    let Some(mut discoverer) = live() else { return };
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("libssl-fixture.so.3");
    let map = is_found_at_once(&mut discoverer, &path);
    fs::remove_file(&path).expect("delete");
    drop(map);
    discoverer.check_gone_now();
    let gone = wait_for(&mut discoverer, |news| {
        matches!(news, Discovery::File(FileNews::Gone(_)))
    });
    assert!(gone.is_some());
}

/// One of a hundred megabytes takes an analyst much longer.
#[test]
fn a_library_does_not_wait_for_a_large_program() {
    let bun = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/e2e/native/node_modules/@oven/bun-linux-x64/bin/bun");
    if !bun.exists() {
        println!("skipped: no Bun; cargo xtask setup installs it");
        return;
    }
    let Some(mut discoverer) = live() else { return };
    let mut program = Command::new(&bun)
        .args(["-e", "setTimeout(() => {}, 60000)"])
        .stdin(Stdio::null())
        .spawn()
        .expect("spawn");
    let began = |news: &Discovery| matches!(news, Discovery::Process(ProcessNews::Executed { pid, .. }) if *pid == program.id());
    let began = wait_for(&mut discoverer, began);
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("libssl-fixture.so.3");
    let before = discoverer.is_reading_a_program();
    let map = is_found_at_once(&mut discoverer, &path);
    let after = discoverer.is_reading_a_program();
    program.kill().expect("kill");
    program.wait().expect("wait");
    drop(map);
    assert!(began.is_some());
    assert!(
        before && after,
        "the program was read meanwhile: {before} {after}"
    );
}

/// As loaders map libraries whose parts lie apart, and as some programs hide theirs.
#[test]
fn a_library_is_found_that_is_deleted_and_partly_unmapped_at_once() {
    let Some(mut discoverer) = live() else { return };
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("libssl-hidden.so.3");
    fs::write(&path, tls_library()).expect("write");
    let file = File::open(&path).expect("open");
    // SAFETY: the file is ours and is not changed while mapped; beyond its end nothing is read.
    let map = unsafe { MmapOptions::new().len(1 << 20).map_exec(&file) }.expect("map");
    fs::remove_file(&path).expect("delete");
    let tail = map[1 << 19..].as_ptr().cast_mut().cast();
    // SAFETY: the second half of our own mapping, which nobody reads.
    assert_eq!(unsafe { libc::munmap(tail, 1 << 19) }, 0);
    // Somebody else may be given that half.
    std::mem::forget(map);
    let is_mine = |news: &Discovery| matches!(news, Discovery::File(FileNews::Found(found)) if found.display_path == path);
    let latency = wait_for(&mut discoverer, is_mine);
    assert!(latency.is_some());
}

/// A program that was over before it could be looked at is there for others.
#[test]
fn a_file_is_found_whose_process_is_gone() {
    let proc_root = Path::new("/proc");
    if !proc_root.join("1/root/proc").exists() {
        println!("skipped: the root of the first process cannot be read");
        return;
    }
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("program");
    fs::write(&path, tls_library()).expect("write");
    let gone = MappedFile {
        // Beyond the highest id that the kernel gives.
        source: Source::Executable { pid: 1 << 23 },
        ..MappedFile::named(&path).expect("a file")
    };
    assert!(gone.open(proc_root).is_ok());
    // Another file by that path is not it.
    let other = directory.path().join("other");
    fs::write(&other, "other").expect("write");
    fs::rename(&other, &path).expect("rename");
    assert!(gone.open(proc_root).is_err());
}

#[test]
fn a_program_is_seen_to_start_and_end() {
    let Some(mut discoverer) = live() else { return };
    let mut child = Command::new("true").spawn().expect("spawn");
    let pid = child.id();
    child.wait().expect("wait");
    // In any order: it may have started on one processor and ended on another.
    let (mut started, mut ended) = (false, false);
    let both = wait_for(&mut discoverer, |news| {
        match news {
            Discovery::Process(ProcessNews::Executed { pid: seen, .. }) => started |= *seen == pid,
            Discovery::Process(ProcessNews::Exited { pid: seen, .. }) => ended |= *seen == pid,
            _ => {}
        }
        started && ended
    });
    assert!(both.is_some(), "started: {started}, ended: {ended}");
}
