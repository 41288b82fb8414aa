//! The local provider as a process, for demos and benchmarks.
#![expect(
    clippy::print_stdout,
    reason = "the line with the port is the interface"
)]

use std::{path::PathBuf, sync::Arc};

use clap::Parser;
use tests::provider::{
    ledger::Ledger,
    server::{Server, Setup},
};

/// Serves OpenAI and Anthropic style APIs over TLS on 127.0.0.1 until it is ended.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder for the certificate authority (`ca.pem`).
    #[arg(long)]
    folder: PathBuf,
    /// Write one JSON line per exchange served.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let ledger = arguments
        .ledger
        .as_deref()
        .map(Ledger::to_file)
        .transpose()?
        .map(Arc::new);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.threads)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let setup = Setup {
            port: arguments.port,
            folder: arguments.folder,
            secret: String::new(),
            ledger,
        };
        let server = Server::bind(setup).await?;
        println!("listening {} ca={}", server.address()?, server.ca.display());
        server.serve().await;
        Ok(())
    })
}
