//! Build, run, test and measure the tracer: `cargo xtask --help`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for people and CI"
)]

mod bench;
mod build;
mod c_client;
mod conscrypt;
mod corpus;
mod counted;
mod demo;
mod dependencies;
mod dotnet;
mod e2e;
mod ebpf;
mod endurance;
mod envoy;
mod fuzz;
mod golang;
mod matrix;
mod matrix_python;
mod missing;
mod native_tls;
mod nextest;
mod node;
mod openssl;
mod packages;
mod paths;
mod python;
mod run;
mod rustls;
mod setup;
mod step;
mod tally;
mod test;
mod vm;
mod wheel;

use std::process::ExitCode;

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
    /// Build the release agent with its eBPF object.
    Build,
    /// Build the agent and trace this host.
    Run(run::Arguments),
    /// Trace a real client talking to a local provider, and print its calls.
    Demo,
    /// Test everything that can be tested here.
    Test(test::Arguments),
    /// Test end to end: real clients, the agent, real collectors (root).
    E2e(e2e::Arguments),
    /// Judge recorded provider exchanges by an oracle, in the core or past the agent (TRACER_CORPUS).
    Corpus(corpus::Arguments),
    /// Fuzz every parser.
    Fuzz(fuzz::Arguments),
    /// Install what tests and demo need.
    Setup,
    /// Build the eBPF object.
    Ebpf,
    /// Measure what tracing costs on this machine (root).
    Bench(bench::Arguments),
    /// Let processes of mixed runtimes call beside the agent for minutes, with restarts (root).
    Soak(endurance::Soak),
    /// Let short processes come and go by the ten thousand beside the agent (root).
    Churn(endurance::Churn),
    /// Let agents come and go a thousand times beside programs under load (root).
    Cycles(endurance::Cycles),
    /// Boot Debian kernels in virtual machines and trace real exchanges inside.
    Vm(vm::Arguments),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the backtrace: the last lines of a long log are for what went wrong.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Build => build::run().map(drop),
        Command::Run(arguments) => run::run(arguments),
        Command::Demo => demo::run(),
        Command::Test(arguments) => test::run(&arguments),
        Command::E2e(arguments) => tally::report(&e2e::run(&arguments)?),
        Command::Corpus(arguments) => tally::report(&corpus::run(&arguments)?),
        Command::Fuzz(arguments) => tally::report(&fuzz::run(&arguments)?),
        Command::Setup => setup::run(),
        Command::Ebpf => ebpf::build().map(drop),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Soak(arguments) => tally::report(&endurance::soak(&arguments)?),
        Command::Churn(arguments) => tally::report(&endurance::churn(&arguments)?),
        Command::Cycles(arguments) => tally::report(&endurance::cycles(&arguments)?),
        Command::Vm(arguments) => tally::report(&vm::run(&arguments)?),
    }
}
