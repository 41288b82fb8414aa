//! Markdown tables.

/// First line of every page.
pub(super) const GENERATED: &str = "<!-- Generated from the registries in the source by \
     `cargo run -p tracer-agent -- generate-docs docs/reference`: do not edit. -->\n\n";

/// A table with a heading row.
pub(super) fn table<const COLUMNS: usize>(
    heading: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut text = line(heading);
    text.push_str(&line([(); COLUMNS].map(|()| "---")));
    for row in rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
    }
    text
}

fn line<const COLUMNS: usize>(cells: [&str; COLUMNS]) -> String {
    format!(
        "| {} |\n",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    )
}

/// `text` as code, or nothing for nothing.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("`{text}`")
    }
}
