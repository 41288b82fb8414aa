//! A provider on a thread of its own, for tests.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{
    ledger::Ledger,
    server::{Server, Setup},
};

/// Serves until dropped.
#[derive(Debug)]
pub struct Provider {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens within the host, without TLS.
    pub socket: PathBuf,
    /// Certificate of the authority that clients have to trust.
    pub ca: PathBuf,
    /// What was served.
    pub ledger: Arc<Ledger>,
    runtime: Option<Runtime>,
    _folder: TempDir,
}

impl Provider {
    /// Starts on a free port, with `secret` planted in everything it answers.
    ///
    /// # Errors
    /// If no port or file can be had.
    pub fn start(secret: &str) -> anyhow::Result<Self> {
        let ledger = Arc::new(Ledger::in_memory());
        Self::with(secret, Some(Arc::clone(&ledger)), ledger)
    }

    /// The same without a word of what was served, for load: its ledger stays empty.
    ///
    /// # Errors
    /// As for [`Provider::start`].
    pub fn without_ledger() -> anyhow::Result<Self> {
        Self::with("", None, Arc::default())
    }

    fn with(
        secret: &str,
        recorded: Option<Arc<Ledger>>,
        ledger: Arc<Ledger>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let setup = Setup {
            port: 0,
            folder: folder.path().to_owned(),
            secret: secret.to_owned(),
            ledger: recorded,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let server = runtime.block_on(Server::bind(setup))?;
        let (address, ca) = (server.address()?, server.ca.clone());
        let socket = server.socket.clone();
        runtime.spawn(server.serve());
        Ok(Self {
            address,
            socket,
            ca,
            ledger,
            runtime: Some(runtime),
            _folder: folder,
        })
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// `http://127.0.0.1:PORT`, the same without TLS.
    pub fn plain_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
