//! What is said of a file, and when again.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::discovery::FileNews;
use super::super::mapped::{FileKey, MappedFile, Source};
use super::super::tests::{host_machine, tls_library};
use super::super::under_probe::MAX_TRACKED;
use super::Judge;
use crate::capture::plan::Returns;
use crate::capture::symbols::fixture::Fixture;

fn candidate(path: &Path) -> MappedFile {
    let metadata = fs::metadata(path).expect("file");
    let key = FileKey {
        device: metadata.dev(),
        inode: metadata.ino(),
    };
    MappedFile {
        key,
        path: path.to_owned(),
        source: Source::Path {
            path: path.to_owned(),
        },
    }
}

fn run(command: &str, arguments: &[&str]) -> bool {
    Command::new(command)
        .args(arguments)
        .status()
        .is_ok_and(|status| status.success())
}

/// Mounts overlayfs over `layer` in a mount namespace of this thread, which ends with it.
fn mount(directory: &Path, name: &str, layer: &Path, options: &str) -> Option<PathBuf> {
    let [merged, upper, work] = ["merged", "upper", "work"].map(|part| {
        let path = directory.join(format!("{name}-{part}"));
        fs::create_dir(&path).expect("directory");
        path
    });
    let [lower, upper, work] = [layer, &upper, &work].map(|path| path.display());
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work}{options}");
    let target = merged.to_str()?;
    run(
        "mount",
        &["-t", "overlay", "overlay", "-o", &options, target],
    )
    .then_some(merged)
}

#[test]
fn containers_of_one_image_share_the_probe_unless_they_copied_the_file() {
    // SAFETY: affects this thread only, which no other code shares.
    let own_namespace = unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0;
    if !own_namespace || !run("mount", &["--make-rprivate", "/"]) {
        println!("skipped: mounting needs root");
        return;
    }
    let directory = tempfile::tempdir().expect("directory");
    let layer = directory.path().join("layer");
    fs::create_dir(&layer).expect("layer");
    fs::write(layer.join("libssl.so.3"), tls_library()).expect("write");
    let mounts = ["one", "two", "three"].map(|name| mount(directory.path(), name, &layer, ""));
    let [Some(one), Some(two), Some(three)] = mounts else {
        println!("skipped: this kernel refuses overlayfs");
        return;
    };
    let copied = three.join("libssl.so.3");
    fs::set_permissions(&copied, fs::Permissions::from_mode(0o755)).expect("copy up");

    let mut judge = Judge::new(PathBuf::from("/proc"), Returns::Probed);
    let mut is_news =
        |path: &Path| matches!(judge.judge(&candidate(path)), Some(FileNews::Found(_)));
    assert!(is_news(&one.join("libssl.so.3")));
    assert!(!is_news(&two.join("libssl.so.3")));
    assert!(!is_news(&layer.join("libssl.so.3")));
    assert!(is_news(&copied));

    // A layer on another file system, whose number is part of what the mount shows.
    let foreign = directory.path().join("foreign");
    fs::create_dir(&foreign).expect("layer");
    let path = foreign.display().to_string();
    if !run("mount", &["-t", "tmpfs", "tmpfs", &path]) {
        println!("skipped: this kernel refuses tmpfs");
        return;
    }
    fs::write(foreign.join("libssl.so.3"), tls_library()).expect("write");
    let Some(four) = mount(directory.path(), "four", &foreign, ",xino=on") else {
        println!("skipped: this kernel refuses xino");
        return;
    };
    let inode = |path: &Path| fs::metadata(path).expect("file").ino();
    let (seen, below) = (four.join("libssl.so.3"), foreign.join("libssl.so.3"));
    println!("{:x} is {:x} below", inode(&seen), inode(&below));
    assert!(is_news(&seen));
    assert!(!is_news(&below));
}

#[test]
fn what_found_no_room_is_probed_when_there_is_some() {
    let directory = tempfile::tempdir().expect("directory");
    let library = |name: usize| {
        let path = directory.path().join(format!("libssl.so.{name}"));
        fs::write(&path, tls_library()).expect("write");
        candidate(&path)
    };
    let mut judge = Judge::new(PathBuf::from("/proc"), Returns::Probed);
    let mut first = None;
    for name in 0..MAX_TRACKED {
        match judge.judge(&library(name)) {
            Some(FileNews::Found(found)) => first = first.or(Some(found.identity)),
            other => panic!("{other:?}"),
        }
    }
    let late = library(MAX_TRACKED);
    let refused = judge.judge(&late);
    assert!(matches!(refused, Some(FileNews::NotTraceable { .. })));
    assert!(judge.judge(&late).is_none(), "it is said once");
    judge.forget(&first.expect("a library"));
    assert!(matches!(judge.judge(&late), Some(FileNews::Found(_))));
}

#[test]
fn a_file_that_was_overwritten_before_it_was_probed_is_found_anew_and_only_once() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("libssl.so.3");
    fs::write(&path, tls_library()).expect("write");
    let mut judge = Judge::new(PathBuf::from("/proc"), Returns::Probed);
    let found = |judge: &mut Judge| match judge.judge(&candidate(&path)) {
        Some(FileNews::Found(found)) => found,
        other => panic!("{other:?}"),
    };
    let first = found(&mut judge);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("mode");
    assert!(first.still_stands(), "the same content");
    // The same bytes, and so the same identity; but nobody knows what was there in between.
    fs::write(&path, tls_library()).expect("overwrite");
    assert!(!first.still_stands());
    assert!(judge.failed(&first.identity, first.finding));
    let second = found(&mut judge);
    assert!(second.still_stands() && second.identity == first.identity);
    assert!(
        !judge.failed(&first.identity, first.finding),
        "late news of the first finding are not of the second"
    );
    assert!(
        judge.judge(&candidate(&path)).is_none(),
        "still under probe"
    );
}

/// Its process may be gone when it has been read: it is judged all the same.
#[test]
fn what_a_process_ran_that_is_gone_is_judged_once() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("program");
    let go = Fixture {
        machine: Some(host_machine()),
        sections: vec![".go.buildinfo"],
        ..Fixture::default()
    };
    fs::write(&path, go.bytes()).expect("write");
    let mut judge = Judge::new(PathBuf::from("/proc"), Returns::Probed);
    let program = candidate(&path);
    let question = judge.question(&program).expect("a question");
    fs::rename(&path, directory.path().join("other")).expect("rename");
    let told = judge.conclude(question.answer());
    assert!(
        matches!(told, Some(FileNews::NotTraceable { .. })),
        "{told:?}"
    );
    assert!(judge.rejects(&program.key));
}

/// What has another time is read again by somebody who has the time for that; until then its probes, at
/// which nothing has changed, stay.
#[test]
fn content_of_another_time_is_read_again_and_asked_for_once() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("libssl.so.3");
    fs::write(&path, tls_library()).expect("write");
    let mut judge = Judge::new(PathBuf::from("/proc"), Returns::Probed);
    let Some(FileNews::Found(found)) = judge.judge(&candidate(&path)) else {
        panic!("a library");
    };
    let touch = || {
        let file = fs::File::options().append(true).open(&path).expect("open");
        let epoch = std::time::SystemTime::UNIX_EPOCH;
        file.set_modified(epoch + std::time::Duration::from_secs(7))
            .expect("time");
        file
    };
    let ask = |judge: &mut Judge| {
        let (overwritten, mut unsure) = judge.take_overwritten();
        assert!(overwritten.is_empty());
        assert!(judge.take_overwritten().1.is_empty(), "asked once");
        unsure.pop().expect("a question")
    };
    touch();
    let question = ask(&mut judge);
    assert!(judge.conclude(question.answer()).is_none(), "the same");
    assert!(judge.judge(&candidate(&path)).is_none(), "still probed");
    assert!(
        judge.take_overwritten().1.is_empty(),
        "it is known to stand"
    );

    // The same code at the same place, and another function.
    let mut other = Fixture {
        machine: Some(host_machine()),
        ..Fixture::default()
    };
    other.function("SSL_read", b"\x53\xc3\0\0");
    other.function("SSL_write", b"\x53\xc3\0\0");
    other.function("SSL_write_ex", b"\x53\xc3\0\0");
    fs::write(&path, other.bytes()).expect("overwrite");
    let (mut overwritten, unsure) = judge.take_overwritten();
    for question in unsure {
        match judge.conclude(question.answer()) {
            Some(FileNews::Gone(identity)) => overwritten.push(identity),
            other => panic!("{other:?}"),
        }
        assert!(judge.take_unsteady(), "to be looked for");
    }
    assert_eq!(overwritten, [found.identity]);
    assert!(matches!(
        judge.judge(&candidate(&path)),
        Some(FileNews::Found(_))
    ));
}
