//! Containers whose libraries have the same path.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::Path,
    sync::Arc,
};

use super::{
    super::{report::TlsFile, running::Seen, traceable},
    Files, outcome,
};
use crate::{
    capture::{
        discover,
        plan::Returns,
        symbols::{BuildId, fixture::Fixture},
    },
    host::{process::Inspector, procfs::ProcFs, rules::Selection},
    telemetry::processes::SeenProcess,
};

const LIBRARY: &str = "/usr/lib/libssl.so.3";

/// A library whose functions lie `gap` bytes further.
fn library(gap: usize) -> Vec<u8> {
    let mut fixture = Fixture {
        machine: Some(if cfg!(target_arch = "aarch64") {
            183
        } else {
            62
        }),
        ..Fixture::default()
    };
    fixture.place(&vec![0xcc; gap]);
    // push %rbx; ret
    fixture.function("SSL_read", b"\x53\xc3\0\0");
    fixture.function("SSL_write", b"\x53\xc3\0\0");
    fixture.bytes()
}

/// A process whose root is `root`, where it maps a library at [`LIBRARY`].
fn process(proc: &Path, pid: u32, root: &Path) {
    let folder = proc.join(pid.to_string());
    fs::create_dir_all(&folder).unwrap();
    symlink(root, folder.join("root")).unwrap();
    symlink(root.join("bin/app"), folder.join("exe")).unwrap();
    let library = fs::metadata(root.join(&LIBRARY[1..])).unwrap();
    let (major, minor) = (libc::major(library.dev()), libc::minor(library.dev()));
    let maps = format!(
        "1000-2000 r-xp 00000000 {major:02x}:{minor:02x} {} {LIBRARY}\n",
        library.ino()
    );
    fs::write(folder.join("maps"), maps).unwrap();
}

fn container(root: &Path, library: &[u8]) {
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::create_dir_all(root.join("usr/lib")).unwrap();
    fs::write(root.join("bin/app"), b"#!").unwrap();
    fs::write(root.join(&LIBRARY[1..]), library).unwrap();
}

/// What doctor says of the files of three processes: two in one container, one in another one.
fn files(seen: &Seen) -> Vec<TlsFile> {
    let at = tempfile::tempdir().unwrap();
    let (one, other) = (at.path().join("one"), at.path().join("other"));
    container(&one, &library(0));
    container(&other, &library(64));
    let proc = at.path().join("proc");
    process(&proc, 7, &one);
    process(&proc, 8, &other);
    process(&proc, 9, &one);
    let survey = discover::survey(&proc, Returns::Probed).unwrap();
    let inspector = Inspector::new(ProcFs::new(&proc));
    traceable::sort(&survey, &inspector, &Selection::default(), seen).files
}

#[test]
fn files_of_one_path_are_not_mixed() {
    let mut seen = Seen::default();
    let labels = (LIBRARY.to_owned(), String::new());
    seen.files.insert(labels, 9);
    let files = files(&seen);
    let pids: BTreeMap<_, _> = files.iter().map(|file| (&file.pids[..], file)).collect();
    let (one, other) = (pids[&[7, 9][..]], pids[&[8][..]]);
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!((&*one.path, &*other.path), (LIBRARY, LIBRARY));
    assert_ne!(one.outcome, other.outcome);
    // Neither has a build id: nobody knows through which of them the calls were seen.
    assert_eq!((one.calls_seen, other.calls_seen), (None, None));
}

#[test]
fn calls_are_those_of_the_file_with_the_build_id() {
    let at = tempfile::tempdir().unwrap();
    let mut files = Files::default();
    let mut seen = Seen::default();
    for (pid, gap, build_id) in [(7, 0, 0xaa), (8, 64, 0xbb), (9, 0, 0xaa)] {
        let root = at.path().join(pid.to_string());
        container(&root, &library(gap));
        process(&at.path().join("proc"), pid, &root);
        let survey = discover::survey(&at.path().join("proc"), Returns::Probed).unwrap();
        let mapped = survey.into_iter().find(|it| it.pid == pid).unwrap();
        let mut file = mapped.files.into_iter().next().unwrap();
        let content = Arc::get_mut(&mut file.content).unwrap();
        content.build_id = Some(BuildId::of(&[build_id; 20]));
        files.used(&file, outcome(&file).unwrap(), pid);
        let labels = (LIBRARY.to_owned(), format!("{build_id:x}").repeat(6));
        *seen.files.entry(labels).or_default() += u64::from(pid);
    }
    let told = files.told(&seen.files);
    let told: Vec<_> = told
        .iter()
        .map(|file| {
            let build_id = file.build_id.as_deref().unwrap();
            (build_id.get(..2).unwrap(), &file.pids[..], file.calls_seen)
        })
        .collect();
    // One build is one file, in however many containers it is a copy.
    let expected: [(_, &[u32], _); 2] = [("aa", &[7, 9], Some(16)), ("bb", &[8], Some(8))];
    assert_eq!(told, expected);
}

/// A client of a model on the same host, which needs no TLS.
#[test]
fn a_process_without_tls_is_listed_if_calls_of_it_were_seen() {
    let at = tempfile::tempdir().unwrap();
    let root = at.path().join("root");
    container(&root, b"no library");
    let proc = at.path().join("proc");
    let stat = |pid: u32, start_ticks: u64| {
        process(&proc, pid, &root);
        let fields = "S 1 7 7 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0";
        let stat = format!("{pid} (app) {fields} {start_ticks} 1000 10");
        fs::write(proc.join(pid.to_string()).join("stat"), stat).unwrap();
    };
    stat(7, 100);
    stat(8, 100);
    let mut seen = Seen::default();
    let at_sockets = |start_ticks| SeenProcess {
        pid: 7,
        start_ticks,
        calls: 5,
        calls_at_sockets: 4,
    };
    seen.processes.insert(7, vec![at_sockets(100)]);
    // This one had the id before.
    seen.processes.insert(8, vec![at_sockets(99)]);
    let mut survey = discover::survey(&proc, Returns::Probed).unwrap();
    // The program of this test is none that could be judged.
    survey.iter_mut().for_each(|it| it.files.clear());
    let inspector = Inspector::new(ProcFs::new(&proc));
    let told = traceable::sort(&survey, &inspector, &Selection::default(), &seen);
    let [process] = &told.processes[..] else {
        panic!("{:?}", told.processes)
    };
    let calls = (process.calls_seen, process.calls_at_sockets);
    assert_eq!((process.pid, calls), (7, (Some(5), Some(4))));
    assert!(process.traceable && process.tls.is_empty() && process.files.is_empty());
    assert_eq!(told.without_tls, 1);
}
