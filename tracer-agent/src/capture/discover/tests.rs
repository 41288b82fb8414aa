//! Discovery over a process tree built here, and on the running kernel.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::mapped::mapped_files;
use super::{Audience, BinaryFound, Discoverer, Discovery, FileNews, ProcessNews, survey};
use crate::capture::plan::{ProbeRole, Returns};
use crate::capture::symbols::NotTraceable;
use crate::capture::symbols::fixture::Fixture;

/// A directory that looks like `/proc`, with a file system of its own below `1/root`.
pub(super) struct ProcTree {
    directory: TempDir,
}

impl ProcTree {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        fs::create_dir_all(directory.path().join("1/root")).expect("root");
        Self { directory }
    }

    pub(super) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Puts a file into the file system of every process.
    pub(super) fn put(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self
            .root()
            .join("1/root")
            .join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("parent")).expect("directories");
        fs::write(&path, content).expect("write");
        path
    }

    /// Adds a process that maps these paths, its program first.
    pub(super) fn process(&self, pid: u32, paths: &[&str]) {
        let process = self.root().join(pid.to_string());
        let files = self.root().join("1/root");
        fs::create_dir_all(&process).expect("process");
        let mut maps = String::from("7ffd000-7ffe000 r-xp 00000000 00:00 0    [vdso]\n");
        for (index, path) in paths.iter().enumerate() {
            let start = 0x7f00_0000 + index * 0x10000;
            let file = fs::metadata(files.join(path.trim_start_matches('/'))).expect("file");
            let (device, inode) = (file.dev(), file.ino());
            let (major, minor) = (libc::major(device), libc::minor(device));
            for (at, permissions) in [(start, "r--p"), (start + 0x1000, "r-xp")] {
                let end = at + 0x1000;
                maps.push_str(&format!(
                    "{at:x}-{end:x} {permissions} 00001000 {major:02x}:{minor:02x} {inode}    {path}\n"
                ));
            }
        }
        fs::write(process.join("maps"), maps).expect("maps");
        symlink(paths.first().expect("program"), process.join("exe")).expect("exe");
        if pid != 1 {
            symlink(files, process.join("root")).expect("root");
        }
    }
}

/// A library with readers and writers for this host's machine.
pub(super) fn tls_library() -> Vec<u8> {
    let mut fixture = Fixture {
        machine: Some(host_machine()),
        ..Fixture::default()
    };
    // push %rbx; ret
    fixture.function("SSL_read", b"\x53\xc3\0\0");
    fixture.function("SSL_write", b"\x53\xc3\0\0");
    fixture.bytes()
}

/// Nobody is left alone.
pub(super) fn everybody() -> Audience {
    all_but(|_| false)
}

/// Those are left alone of whom this is true.
pub(super) fn all_but(left_alone: impl Fn(u32) -> bool + Send + 'static) -> Audience {
    Audience {
        left_alone: Box::new(left_alone),
        newcomers: true,
    }
}

pub(super) fn found(news: &[Discovery]) -> Vec<&BinaryFound> {
    let found = news.iter().filter_map(|news| match news {
        Discovery::File(FileNews::Found(found)) => Some(found),
        _ => None,
    });
    found.collect()
}

#[test]
fn only_the_program_and_tls_names_are_candidates() {
    let tree = ProcTree::new();
    for path in [
        "/app/my server",
        "/lib/libc.so.6",
        "/site/libssl-8b66dd34.so.3",
        "/etc/ssl.conf",
    ] {
        tree.put(path, b"content");
    }
    tree.process(
        42,
        &[
            "/app/my server",
            "/lib/libc.so.6",
            "/site/libssl-8b66dd34.so.3",
            "/etc/ssl.conf",
        ],
    );
    let files = mapped_files(tree.root(), 42).expect("maps");
    let paths: Vec<_> = files
        .iter()
        .map(|file| file.path.to_str().expect("text"))
        .collect();
    assert_eq!(paths, ["/app/my server", "/site/libssl-8b66dd34.so.3"]);
    assert!(
        mapped_files(tree.root(), 43)
            .expect("no such process")
            .is_empty()
    );
}

#[test]
fn a_file_is_found_once_and_gone_when_deleted_and_unmapped() {
    let tree = ProcTree::new();
    tree.put("/bin/app", b"#!");
    let library = tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/app", "/venv/libssl.so.3"]);
    tree.process(43, &["/bin/app", "/venv/libssl.so.3"]);
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), everybody()).expect("threads");

    let news = discoverer.look_around();
    let [binary] = found(&news)[..] else {
        panic!("{news:?}")
    };
    assert_eq!(binary.display_path, Path::new("/venv/libssl.so.3"));
    assert_eq!(
        binary.identity.inode,
        fs::metadata(&library).expect("file").ino()
    );
    assert!(matches!(binary.pid, Some(42 | 43)));
    assert_eq!(
        fs::read(binary.open_path()).expect("open path"),
        tls_library()
    );

    fs::remove_file(&library).expect("delete");
    tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(44, &["/bin/app", "/venv/libssl.so.3"]);
    let news = discoverer.next(Duration::from_secs(2));
    let [second] = found(&news)[..] else {
        panic!("{news:?}")
    };
    assert_ne!(
        second.identity, binary.identity,
        "a replaced library is another file"
    );
    assert_eq!(
        fs::read(binary.open_path()).expect("open path"),
        tls_library()
    );

    fs::remove_dir_all(tree.root().join("42")).expect("exit");
    discoverer.check_gone_now();
    let is_gone = |news: &Discovery| matches!(news, Discovery::File(FileNews::Gone(_)));
    let news = discoverer.look_around();
    assert!(!news.iter().any(is_gone), "still mapped by 43: {news:?}");
    fs::remove_dir_all(tree.root().join("43")).expect("exit");
    discoverer.check_gone_now();
    let mut news = discoverer.look_around();
    assert!(news.iter().any(is_gone), "{news:?}");
    let exited = |news: &Discovery| {
        matches!(
            news,
            Discovery::Process(ProcessNews::Exited { pid: 42 | 43, .. })
        )
    };
    news.extend(discoverer.next(Duration::from_secs(2)));
    assert!(news.iter().any(exited), "{news:?}");
}

#[test]
fn what_only_those_use_who_are_left_alone_is_not_probed() {
    let tree = ProcTree::new();
    tree.put("/bin/app", b"#!");
    tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/app", "/venv/libssl.so.3"]);
    let audience = all_but(|pid| pid == 42);
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), audience).expect("threads");
    let news = discoverer.look_around();
    assert!(found(&news).is_empty(), "{news:?}");

    tree.process(43, &["/bin/app", "/venv/libssl.so.3"]);
    let of_the_other = |news: &Discovery| {
        let Discovery::File(FileNews::Found(found)) = news else {
            return false;
        };
        assert_eq!(found.pid, Some(43));
        true
    };
    assert!(wait_for(&mut discoverer, of_the_other).is_some());
}

#[test]
fn a_file_overwritten_in_place_is_gone_and_found_anew() {
    let tree = ProcTree::new();
    tree.put("/bin/app", b"#!");
    let library = tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/app", "/venv/libssl.so.3"]);
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), everybody()).expect("threads");
    let news = discoverer.look_around();
    let [binary] = found(&news)[..] else {
        panic!("{news:?}")
    };
    let first = binary.identity.clone();

    // Another change time, the same content.
    let other_mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&library, other_mode).expect("mode");
    let is_gone =
        |news: &Discovery| matches!(news, Discovery::File(FileNews::Gone(gone)) if *gone == first);
    let until = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < until {
        assert!(
            !discoverer
                .next(Duration::from_millis(100))
                .iter()
                .any(is_gone)
        );
    }

    let mut other = Fixture {
        machine: Some(host_machine()),
        ..Fixture::default()
    };
    other.function("SSL_write", b"\x53\xc3\0\0");
    other.function("SSL_shutdown", b"\x53\xc3\0\0");
    other.function("SSL_read", b"\x53\xc3\0\0");
    fs::write(&library, other.bytes()).expect("overwrite");
    tree.process(43, &["/bin/app", "/venv/libssl.so.3"]);
    let (mut gone, mut again) = (false, false);
    wait_for(&mut discoverer, |news| {
        gone |= is_gone(news);
        let new = matches!(news, Discovery::File(FileNews::Found(new)) if new.identity.inode == first.inode);
        assert!(gone || !new, "found before the old probes are gone");
        again |= new;
        gone && again
    });
    assert!(gone && again, "{gone} {again}");
}

/// As package managers do at each installation: nothing of the file is read again but the code at the
/// probes.
#[test]
fn another_name_changes_nothing_and_other_code_is_seen_whatever_its_time() {
    let tree = ProcTree::new();
    tree.put("/bin/app", b"#!");
    let path = tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/app", "/venv/libssl.so.3"]);
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), everybody()).expect("threads");
    let news = discoverer.look_around();
    let [binary] = found(&news)[..] else {
        panic!("{news:?}")
    };
    let written = fs::metadata(&path)
        .expect("metadata")
        .modified()
        .expect("time");
    fs::hard_link(&path, path.with_file_name("libssl-link.so.3")).expect("link");
    let (gone, unsure) = discoverer.judge.take_overwritten();
    assert!(gone.is_empty() && unsure.is_empty());

    let at = binary.plan.points[0].file_offset;
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("open");
    std::os::unix::fs::FileExt::write_all_at(&file, b"\xcc\xcc", at).expect("write");
    file.set_modified(written).expect("time");
    let (gone, unsure) = discoverer.judge.take_overwritten();
    assert!(unsure.is_empty());
    assert_eq!(gone, std::slice::from_ref(&binary.identity));
}

/// The operator hears of what was named, whatever it is; and it is looked at again.
#[test]
fn what_the_operator_names_is_told_of_and_found_when_it_comes() {
    let tree = ProcTree::new();
    let plain = Fixture {
        machine: Some(host_machine()),
        ..Fixture::default()
    };
    let plain = tree.put("/opt/plain", &plain.bytes());
    let late = tree.root().join("1/root/opt/libssl.so.3");
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), everybody()).expect("threads");
    discoverer.look_at_file(plain.clone()).expect("a file");
    let missing = discoverer.look_at_file(late.clone()).expect_err("no file");
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    let of_plain = |news: &&Discovery| match news {
        Discovery::File(FileNews::NotTraceable {
            display_path,
            reason,
            ..
        }) => {
            assert_eq!(*reason, NotTraceable::NoTlsSymbols);
            assert_eq!(*display_path, plain);
            true
        }
        _ => false,
    };
    let news = discoverer.look_around();
    assert_eq!(news.iter().filter(of_plain).count(), 1, "{news:?}");

    tree.put("/opt/libssl.so.3", &tls_library());
    discoverer.look_again_now();
    let news = discoverer.look_around();
    assert_eq!(news.iter().filter(of_plain).count(), 0, "it is told once");
    let [binary] = found(&news)[..] else {
        panic!("{news:?}")
    };
    assert_eq!((&binary.display_path, binary.pid), (&late, None));
}

#[test]
fn libraries_that_nobody_maps_are_found_in_the_system_directories() {
    let tree = ProcTree::new();
    tree.put("/usr/lib/x86_64-linux-gnu/libssl.so.3", &tls_library());
    tree.put("/usr/lib/x86_64-linux-gnu/libcrypto.so.3", &tls_library());
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), everybody()).expect("threads");
    let news = discoverer.look_around();
    let [binary] = found(&news)[..] else {
        panic!("{news:?}")
    };
    assert_eq!(
        binary.display_path,
        Path::new("/usr/lib/x86_64-linux-gnu/libssl.so.3")
    );
    assert_eq!(binary.pid, None);
}

/// Somebody who is not there yet has no process id that could be named.
#[test]
fn libraries_that_nobody_maps_are_not_probed_for_named_processes() {
    let tree = ProcTree::new();
    tree.put("/usr/lib/x86_64-linux-gnu/libssl.so.3", &tls_library());
    tree.put("/bin/app", b"#!");
    tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/app", "/venv/libssl.so.3"]);
    let audience = Audience {
        newcomers: false,
        ..all_but(|pid| pid != 42)
    };
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), audience).expect("threads");
    let news = discoverer.look_around();
    let [binary] = found(&news)[..] else {
        panic!("{news:?}")
    };
    assert_eq!(binary.display_path, Path::new("/venv/libssl.so.3"));
}

/// As files for this host name it.
pub(super) fn host_machine() -> u16 {
    if cfg!(target_arch = "aarch64") {
        183
    } else {
        62
    }
}

#[test]
fn a_survey_says_for_each_process_what_is_traceable() {
    let tree = ProcTree::new();
    let go = Fixture {
        sections: vec![".go.buildinfo"],
        ..Fixture::default()
    };
    let machine = Some(host_machine());
    tree.put("/bin/gopher", &Fixture { machine, ..go }.bytes());
    tree.put("/bin/app", b"#!");
    tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/gopher"]);
    tree.process(43, &["/bin/app", "/venv/libssl.so.3"]);
    let mut processes = survey(tree.root(), Returns::Probed).expect("survey");
    processes.sort_by_key(|process| process.pid);
    let [go, app] = &processes[..] else {
        panic!("{processes:?}")
    };
    assert_eq!(go.pid, 42);
    let plan = app.files[1].content.outcome.as_ref().expect("plan");
    assert!(
        plan.points
            .iter()
            .any(|point| matches!(point.role, ProbeRole::Read | ProbeRole::ReadResult))
    );
    assert!(
        matches!(go.files[0].content.outcome, Err(NotTraceable::Go)),
        "{go:?}"
    );
}

/// Waits for a discovery that `wanted` accepts; returns how long it took.
pub(super) fn wait_for(
    discoverer: &mut Discoverer,
    mut wanted: impl FnMut(&Discovery) -> bool,
) -> Option<Duration> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if discoverer
            .next(Duration::from_millis(100))
            .iter()
            .any(&mut wanted)
        {
            return Some(start.elapsed());
        }
    }
    None
}
