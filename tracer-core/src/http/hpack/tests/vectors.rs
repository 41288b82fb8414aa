//! The public vectors of hpack-test-case, where a variable says that they are.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "public vectors are files that a variable points to"
)]

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
};

use super::*;

/// The stories of the public hpack-test-case vectors, each a connection's header blocks.
#[test]
fn public_vectors() {
    let Some(directory) = env::var_os("TRACER_HPACK_VECTORS") else {
        println!("skipped: TRACER_HPACK_VECTORS does not name a directory of hpack-test-case");
        return;
    };
    let (mut stories, mut blocks) = (0, 0);
    for path in story_files(Path::new(&directory)) {
        let story: Story =
            serde_json::from_reader(File::open(&path).expect("a story")).expect("JSON");
        let mut decoders = [1, 7, usize::MAX].map(|cut| (cut, Decoder::new()));
        for case in &story.cases {
            let Some(wire) = &case.wire else { break };
            let expected: Vec<Seen> = case
                .headers
                .iter()
                .flatten()
                .map(|(name, value)| Seen::Field(name.clone().into(), value.clone().into()))
                .collect();
            for (cut, decoder) in &mut decoders {
                let seen = decode(decoder, &bytes(wire), Keep::Everything, *cut);
                assert_eq!(seen.as_ref(), Some(&expected), "{}", path.display());
            }
            blocks += 1;
        }
        stories += u32::from(story.cases.iter().any(|case| case.wire.is_some()));
    }
    println!("{stories} stories with {blocks} header blocks");
    assert!(stories > 0, "no stories below {}", directory.display());
}

#[derive(serde::Deserialize)]
struct Story {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    wire: Option<String>,
    headers: Vec<std::collections::BTreeMap<String, String>>,
}

fn story_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(story_files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}
