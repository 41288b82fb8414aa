//! Looks at all processes of a tree built for the test.

use std::fs;

use super::tests::{ProcTree, all_but, everybody, found, host_machine, tls_library};
use super::{BlindSpot, Discoverer, Discovery, FileNews};
use crate::capture::symbols::NotTraceable;
use crate::capture::symbols::fixture::Fixture;

/// What the last look at all processes says of calls that are not seen.
fn blind_spots(news: &[Discovery]) -> Vec<&BlindSpot> {
    let last = news.iter().rev().find_map(|news| match news {
        Discovery::File(FileNews::LookedAround { blind_spots, .. }) => Some(blind_spots),
        _ => None,
    });
    last.expect("a look").iter().collect()
}

#[test]
fn a_look_counts_what_is_not_seen_and_for_whom() {
    let tree = ProcTree::new();
    let go = Fixture {
        machine: Some(host_machine()),
        sections: vec![".go.buildinfo"],
        ..Fixture::default()
    };
    let plain = Fixture {
        machine: Some(host_machine()),
        ..Fixture::default()
    };
    tree.put("/bin/gopher", &go.bytes());
    tree.put("/bin/app", &plain.bytes());
    tree.put("/venv/libssl.so.3", &tls_library());
    tree.process(42, &["/bin/gopher"]);
    tree.process(43, &["/bin/gopher"]);
    tree.process(44, &["/bin/app", "/venv/libssl.so.3"]);
    tree.process(45, &["/bin/gopher"]);
    tree.process(46, &["/bin/app"]);
    let audience = all_but(|pid| pid == 45);
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), audience).expect("threads");
    let news = discoverer.look_around();
    let spots = blind_spots(&news);
    let mut pids: Vec<u32> = spots.iter().map(|spot| spot.pid).collect();
    pids.sort_unstable();
    assert_eq!(pids, [42, 43], "{spots:?}");
    assert!(spots.iter().all(|spot| spot.reason == NotTraceable::Go));
    assert_eq!(spots[0].file, spots[1].file);
    let looked_at = news.iter().find_map(|news| match news {
        Discovery::File(FileNews::LookedAround { looked_at, .. }) => Some(looked_at),
        _ => None,
    });
    let mut looked_at: Vec<_> = looked_at
        .expect("a look")
        .iter()
        .map(|it| (it.pid, it.has_tls))
        .collect();
    looked_at.sort_unstable();
    assert_eq!(looked_at, [(42, true), (43, true), (44, true), (46, false)]);

    fs::remove_dir_all(tree.root().join("42")).expect("exit");
    discoverer.look_again_now();
    let news = discoverer.look_around();
    let pids: Vec<u32> = blind_spots(&news).iter().map(|spot| spot.pid).collect();
    assert_eq!(pids, [43]);
}

/// Files that were used once and are still there stay probed, but not any number of them.
#[test]
fn of_files_that_nobody_uses_any_more_the_latest_stay_probed() {
    let tree = ProcTree::new();
    tree.put("/bin/app", b"#!");
    let mut discoverer = Discoverer::polling(tree.root().to_owned(), everybody()).expect("threads");
    let (mut found_all, mut gone) = (0, 0);
    for round in 0..2 {
        for file in 0..150 {
            let path = format!("/venv/{round}/{file}/libssl.so.3");
            tree.put(&path, &tls_library());
            tree.process(1000 + file, &["/bin/app", &path]);
        }
        discoverer.look_again_now();
        found_all += found(&discoverer.look_around()).len();
        for file in 0..150 {
            fs::remove_dir_all(tree.root().join((1000 + file).to_string())).expect("exit");
        }
        discoverer.look_again_now();
        let news = discoverer.look_around();
        let is_gone = |news: &&Discovery| matches!(news, Discovery::File(FileNews::Gone(_)));
        gone += news.iter().filter(is_gone).count();
        assert_eq!(found_all - gone, 128, "round {round}");
    }
    assert_eq!(found_all, 300);
}
