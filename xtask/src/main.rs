//! Build, run, test and measure the tracer: `cargo xtask --help`.

mod ebpf;
mod packages;
mod paths;

use clap::{Parser, Subcommand};

/// Build, run, test and measure the tracer.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the eBPF object.
    Ebpf,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Ebpf => ebpf::build().map(drop),
    }
}
