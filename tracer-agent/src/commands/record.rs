//! `record`: a tape of live traffic.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, process::ExitCode};

use anyhow::Context as _;

use super::run::prepare;
use crate::{
    cli::RecordArgs,
    runtime::{recorder::Recording, supervisor},
};

/// Only for the one who records: even a masked tape tells who asks which model how often.
const MODE: u32 = 0o600;

/// Opens the file and hands over to the supervisor.
pub fn run(args: &RecordArgs) -> anyhow::Result<ExitCode> {
    let config = prepare(&args.settings)?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&args.output)
        .with_context(|| {
            format!(
                "cannot create the tape {}: choose another --output",
                args.output.display()
            )
        })?;
    if args.content {
        tracing::warn!(
            "the tape will hold prompts, answers and credentials as they are: keep it to yourself"
        );
    }
    supervisor::record(
        config,
        Recording {
            file,
            path: args.output.clone(),
            duration: args.duration,
            max_bytes: args.max_bytes,
            content: args.content,
        },
    )
}
