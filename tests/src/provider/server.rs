//! Accepts connections.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{certificate, ledger::Ledger, respond::Responder};

/// What a provider is started with.
#[derive(Debug)]
pub struct Setup {
    /// Port on loopback; 0 for a free one.
    pub port: u16,
    /// Folder for `ca.pem`.
    pub folder: PathBuf,
    /// Planted in answers, tool arguments, error messages and response headers.
    pub secret: String,
    /// Where exchanges are recorded; none for load without bookkeeping.
    pub ledger: Option<Arc<Ledger>>,
}

/// A provider that listens but does not serve yet.
pub struct Server {
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    responder: Arc<Responder>,
    /// Certificate of the authority that clients have to trust.
    pub ca: PathBuf,
}

impl Server {
    /// Makes the certificates and binds the port. Needs a tokio runtime.
    pub async fn bind(setup: Setup) -> anyhow::Result<Self> {
        let ca = setup.folder.join("ca.pem");
        let tls = certificate::server_config(&ca)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, setup.port));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self {
            listener,
            tls,
            responder: Arc::new(Responder::new(setup.secret, setup.ledger)),
            ca,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until the future is dropped.
    pub async fn serve(self) {
        let acceptor = TlsAcceptor::from(self.tls);
        loop {
            // A failed accept (out of files, say) concerns one client.
            let Ok((stream, peer)) = self.listener.accept().await else {
                continue;
            };
            tokio::spawn(connection(
                acceptor.clone(),
                stream,
                peer.port(),
                Arc::clone(&self.responder),
            ));
        }
    }
}

/// Errors end the connection and are the client's to see.
async fn connection(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    client_port: u16,
    responder: Arc<Responder>,
) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| {
        let responder = Arc::clone(&responder);
        async move { Ok::<_, Infallible>(responder.respond(request, client_port).await) }
    });
    // By the first bytes: a client may speak HTTP/2 without having agreed on it.
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .pipeline_flush(true);
    let _ = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
}
