//! Runs the matrix of clients past the agent; prints each row as it comes.
#![expect(clippy::print_stdout, reason = "a command for people and CI")]

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use tests::{
    harness::{
        agent::Launch,
        requirements::{Need, met},
    },
    matrix::{page::page, programs, row::Outcome, run::run},
};

/// Runs real clients past the agent and compares what they did with what it reports.
#[derive(Parser)]
struct Arguments {
    /// Write the table as a page of Markdown.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Write the rows as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Only programs whose names have one of these words in them.
    words: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(met(&[Need::Agent]), "the matrix cannot run here; see above");
    let wanted = |name: &str| {
        let words = &arguments.words;
        words.is_empty() || words.iter().any(|word| name.contains(word))
    };
    let mut programs = programs::all();
    programs.retain(|listed| wanted(listed.name()));
    let agent = Launch::json()?.start()?;
    let mut rows = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for listed in programs {
        let (row, outcome) = run(listed, &agent);
        println!(
            "{}: {} made, {} seen, {} exact{}",
            row.program,
            row.made,
            row.seen,
            row.exact,
            row.reason
                .as_ref()
                .map_or_else(String::new, |reason| format!(" ({reason})"))
        );
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed => failed += 1,
            Outcome::Skipped => skipped += 1,
        }
        rows.push(row);
    }
    if let Some(path) = &arguments.page {
        write(path, &page(&rows))?;
    }
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&rows)?)?;
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(())
}

fn write(path: &PathBuf, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
