//! `configuration.md`: every key.

use super::table::{GENERATED, code};
use crate::config::{file::DEFAULT_PATH, key::AnyKey, registry::KEYS};

pub(super) fn page() -> String {
    let mut text = format!(
        "{GENERATED}# Configuration\n\n\
         A value is taken from the first of these that has it: flags, the environment, the file \
         (`--config`, else `{DEFAULT_PATH}` if present), the default. `tracer-agent config print` \
         shows the outcome and where each value comes from; `tracer-agent config check FILE` checks \
         a file. An unknown key or a bad value is an error that names the place and what is \
         allowed.\n\n\
         Sizes are written `64KiB`, `4MiB`, `1GiB`; times `500ms`, `10s`, `2m`. Lists are TOML \
         arrays in the file, words between commas in a variable, a repeated flag on the command \
         line.\n"
    );
    let mut section = "";
    for key in KEYS {
        let of_key = key
            .path()
            .rsplit_once('.')
            .map_or(key.path(), |(section, _)| section);
        if of_key != section {
            section = of_key;
            text.push_str(&format!("\n## `[{section}]`\n"));
        }
        text.push_str(&entry(*key));
    }
    text
}

fn entry(key: &dyn AnyKey) -> String {
    let mut facts = vec![format!("- expects: {}", key.expects())];
    if !key.default().is_empty() {
        facts.push(format!("- default: {}", code(key.default())));
    }
    if !key.env().is_empty() {
        let names: Vec<String> = key.env().iter().map(|name| code(name)).collect();
        facts.push(format!("- environment: {}", names.join(", ")));
    }
    if let Some(flag) = key.flag() {
        facts.push(format!("- flag: `--{flag} {}`", key.value_name()));
    }
    format!(
        "\n### `{}`\n\n{}\n\n{}\n",
        key.path(),
        key.doc(),
        facts.join("\n")
    )
}
