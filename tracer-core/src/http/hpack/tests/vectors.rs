//! The public vectors of hpack-test-case, as the package of another decoder carries them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "public vectors are files, and cargo knows where they are"
)]

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use super::*;

/// The stories of the public hpack-test-case vectors, each a connection's header blocks. One after
/// the other they are cut into other pieces.
#[test]
fn public_vectors() {
    let directory = directory();
    let (mut stories, mut blocks) = (0, 0);
    for (path, cut) in story_files(&directory)
        .into_iter()
        .zip([1, 7, usize::MAX].into_iter().cycle())
    {
        let story: Story =
            serde_json::from_reader(File::open(&path).expect("a story")).expect("JSON");
        let mut decoder = Decoder::new();
        for case in &story.cases {
            let Some(wire) = &case.wire else { break };
            let expected: Vec<Seen> = case
                .headers
                .iter()
                .flatten()
                .map(|(name, value)| Seen::Field(name.clone().into(), value.clone().into()))
                .collect();
            let seen = decode(&mut decoder, &bytes(wire), Keep::Everything, cut);
            assert_eq!(seen.as_ref(), Some(&expected), "{}", path.display());
            blocks += 1;
        }
        stories += u32::from(story.cases.iter().any(|case| case.wire.is_some()));
    }
    println!("{stories} stories with {blocks} header blocks");
    assert!(
        stories > 400,
        "{stories} stories below {}",
        directory.display()
    );
}

/// Where the package of the other decoder lies.
fn directory() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|it| it["name"] == "httlib-hpack");
    let manifest = package.and_then(|it| it["manifest_path"].as_str());
    Path::new(manifest.expect("the package")).with_file_name("fixtures")
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
