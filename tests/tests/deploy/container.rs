//! The container recipe against the tree and the build.

use std::path::Path;

use serde::Deserialize;

use crate::files;

/// Instructions with their arguments, continued lines joined.
fn instructions() -> Vec<(String, Vec<String>)> {
    files::text(&files::deploy("container/Dockerfile"))
        .replace("\\\n", " ")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            (words.next().unwrap(), words.collect())
        })
        .collect()
}

/// What is copied from the tree.
fn sources() -> Vec<String> {
    let copies = instructions().into_iter().filter(|(name, words)| {
        name == "COPY"
            && words
                .first()
                .is_some_and(|word| !word.starts_with("--from"))
    });
    copies
        .flat_map(|(_, mut words)| {
            words.pop();
            words
        })
        .collect()
}

fn runs() -> Vec<String> {
    let runs = instructions().into_iter().filter(|(name, _)| name == "RUN");
    runs.map(|(_, words)| words.join(" ")).collect()
}

#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    members: Vec<String>,
}

#[test]
fn everything_that_the_build_needs_is_copied() {
    let sources = sources();
    for source in &sources {
        assert!(
            files::root().join(source).exists(),
            "{source} does not exist"
        );
    }
    let manifest: Manifest =
        toml::from_str(&files::text(&files::root().join("Cargo.toml"))).unwrap();
    for member in manifest
        .workspace
        .members
        .iter()
        .map(String::as_str)
        .chain(["tracer-ebpf", "Cargo.lock", ".cargo"])
    {
        assert!(
            sources.iter().any(|source| source == member),
            "{member} is not copied"
        );
    }
    let ignored = files::text(&files::deploy("container/Dockerfile.dockerignore"));
    for source in &sources {
        assert!(
            ignored
                .lines()
                .any(|line| line.strip_prefix('!') == Some(source)),
            "{source} is ignored"
        );
    }
}

#[test]
fn it_is_built_as_everywhere_else_and_static() {
    let runs = runs();
    let [kernel_half, agent] = runs.as_slice() else {
        panic!("two steps: {runs:?}")
    };
    assert_eq!(kernel_half, "cargo xtask ebpf");
    assert!(
        agent.ends_with(" cargo xtask build") && agent.contains("+crt-static"),
        "{agent}"
    );
    let target = agent
        .split_whitespace()
        .find_map(|word| word.strip_prefix("CARGO_BUILD_TARGET="))
        .unwrap();
    let built = format!("/src/target/{target}/release/tracer-agent");
    let is_taken = |(name, words): &(String, Vec<String>)| name == "COPY" && words.contains(&built);
    assert!(
        instructions().iter().any(is_taken),
        "{built} is not what the image holds"
    );
}

#[test]
fn the_image_starts_the_agent() {
    let instructions = instructions();
    let arguments = |wanted: &str| -> Vec<String> {
        let (_, words) = instructions
            .iter()
            .rfind(|(name, _)| name == wanted)
            .unwrap();
        serde_json::from_str(&words.join(" ")).unwrap()
    };
    let taken = instructions
        .iter()
        .rfind(|(name, _)| name == "COPY")
        .unwrap()
        .1
        .last()
        .unwrap();
    assert_eq!(arguments("ENTRYPOINT"), std::slice::from_ref(taken));
    assert!(Path::new(taken).is_absolute());
    assert_eq!(arguments("CMD"), ["run"]);
}
