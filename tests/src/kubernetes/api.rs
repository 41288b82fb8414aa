//! The double as a server of its own, and what a test does with it.

use std::{
    collections::VecDeque,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::{history::History, pod::Pod, respond::respond};
use crate::provider::certificate;

/// Serves until dropped.
#[derive(Debug)]
pub struct KubernetesApi {
    /// Where it listens.
    pub address: SocketAddr,
    cluster: Arc<Cluster>,
    credentials: TempDir,
    runtime: Option<Runtime>,
}

/// What a request meets instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A status.
    Status(u16),
    /// A connection that ends.
    HangUp,
    /// An answer that takes long.
    Slow(Duration),
    /// An answer that is no JSON.
    Garbage,
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) state: Mutex<State>,
    /// Tells watches that something happened.
    pub(super) happened: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) history: History,
    pub(super) token: String,
    pub(super) faults: VecDeque<Fault>,
    /// What every request meets.
    pub(super) always: Option<Fault>,
    pub(super) requests: Vec<String>,
    /// Watches that began before this one are over.
    pub(super) watches: u64,
}

impl Cluster {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KubernetesApi {
    /// Starts on a free port, with no pods.
    ///
    /// # Errors
    /// If no port or file can be had.
    pub fn start() -> Result<Self> {
        Self::start_on(0)
    }

    /// The same on a port.
    ///
    /// # Errors
    /// If the port or a file cannot be had.
    pub fn start_on(port: u16) -> Result<Self> {
        let credentials = tempfile::tempdir()?;
        let tls = certificate::server_config(&credentials.path().join("ca.crt"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // Not by the runtime: a test may have one of its own.
        let listener = std::net::TcpListener::bind(address)
            .with_context(|| format!("cannot listen on {address}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let cluster = Arc::new(Cluster {
            state: Mutex::default(),
            happened: watch::Sender::new(0),
        });
        runtime.spawn(accept(
            listener,
            TlsAcceptor::from(tls),
            Arc::clone(&cluster),
        ));
        let api = Self {
            address,
            cluster,
            credentials,
            runtime: Some(runtime),
        };
        api.replace_token("first")?;
        Ok(api)
    }

    /// Folder with `token` and `ca.crt`, as it is mounted into a pod.
    pub fn credentials(&self) -> &Path {
        self.credentials.path()
    }

    /// A pod is there, or has changed.
    pub fn put(&self, pod: Pod) {
        self.happen(|state| state.history.put(pod));
    }

    /// A pod is gone.
    pub fn delete(&self, uid: &str) {
        self.happen(|state| state.history.delete(uid));
    }

    /// Much happened elsewhere; watches get a bookmark.
    pub fn bookmark(&self) {
        self.happen(|state| state.history.bookmark());
    }

    /// The past is forgotten, and watches end.
    pub fn forget(&self) {
        self.happen(|state| {
            state.history.forget();
            state.watches += 1;
        });
    }

    /// Watches end, as they do after some minutes.
    pub fn end_watches(&self) {
        self.happen(|state| state.watches += 1);
    }

    /// The next requests meet these.
    pub fn meet(&self, faults: impl IntoIterator<Item = Fault>) {
        self.happen(|state| state.faults.extend(faults));
    }

    /// All requests meet this from now on, or nothing any more.
    pub fn meet_always(&self, fault: Option<Fault>) {
        self.happen(|state| state.always = fault);
    }

    /// Another token is good from now on, and is where the agent finds it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace_token(&self, token: &str) -> Result<()> {
        self.happen(|state| state.token = token.to_owned());
        fs::write(self.credentials().join("token"), token).context("cannot write the token")
    }

    /// Paths and queries of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.cluster.state().requests.clone()
    }

    fn happen(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.cluster.state());
        self.cluster.happened.send_modify(|count| *count += 1);
    }
}

impl Drop for KubernetesApi {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, cluster: Arc<Cluster>) {
    loop {
        // A failed accept concerns one client.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(tls.clone(), stream, Arc::clone(&cluster)));
        }
    }
}

/// Errors end the connection and are the client's to see.
async fn connection(tls: TlsAcceptor, stream: TcpStream, cluster: Arc<Cluster>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| respond(request, Arc::clone(&cluster)));
    let builder = Builder::new(TokioExecutor::new());
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
