//! `replay`: a tape through the whole pipeline.

use std::process::ExitCode;

use super::run::prepare;
use crate::{cli::ReplayArgs, runtime::replay};

/// Resolves the configuration, starts logging and replays.
pub fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    replay::run(&prepare(&args.settings)?, &args.file)
}
