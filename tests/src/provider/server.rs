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
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener},
};
use tokio_rustls::TlsAcceptor;

use super::{certificate, ledger::Ledger, respond::Responder};

/// What a provider is started with.
#[derive(Debug)]
pub struct Setup {
    /// Port on loopback; 0 for a free one.
    pub port: u16,
    /// Folder for `ca.pem` and `provider.sock`.
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
    unix: UnixListener,
    responder: Arc<Responder>,
    /// The other place where it listens.
    pub socket: PathBuf,
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
        let socket = setup.folder.join("provider.sock");
        // One that was left behind would be in the way.
        let _ = std::fs::remove_file(&socket);
        let unix = UnixListener::bind(&socket)
            .with_context(|| format!("cannot listen on {}", socket.display()))?;
        Ok(Self {
            listener,
            tls,
            unix,
            socket,
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
            let responder = Arc::clone(&self.responder);
            // A failed accept (out of files, say) concerns one client.
            tokio::select! {
                Ok((stream, peer)) = self.listener.accept() => {
                    tokio::spawn(connection(acceptor.clone(), stream, peer.port(), responder));
                }
                Ok((stream, _)) = self.unix.accept() => {
                    tokio::spawn(serve(stream, 0, responder));
                }
                else => {}
            }
        }
    }
}

/// First byte of a client's TLS: a record of the handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// With TLS or without, as the client begins. Errors end the connection and are the client's to see.
async fn connection(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    client_port: u16,
    responder: Arc<Responder>,
) {
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    if stream.peek(&mut first).await.is_err() {
        return;
    }
    if first != [TLS_HANDSHAKE] {
        return serve(stream, client_port, responder).await;
    }
    if let Ok(stream) = acceptor.accept(stream).await {
        serve(stream, client_port, responder).await;
    }
}

async fn serve<Stream>(stream: Stream, client_port: u16, responder: Arc<Responder>)
where
    Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
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
