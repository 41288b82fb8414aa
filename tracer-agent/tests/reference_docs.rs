//! The committed reference pages are those that the source generates.

use std::{fs, path::Path};

use tracer_agent::docs;

#[test]
fn committed_pages_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    for (name, text) in docs::pages() {
        let committed = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            committed == text,
            "docs/reference/{name} is out of date: run `cargo run -p tracer-agent -- generate-docs docs/reference`"
        );
    }
}
