//! A model server as web frameworks have it: what was accepted is moved into a task of its own, and
//! again once it is known which HTTP the client speaks.
//!
//! Argument: a PEM file with certificate and key. Prints its port; ends with standard input. What a
//! request says after `n=` is what its answer counts, so each answer tells whose it is. After `n=0`
//! there is no answer.

use std::{
    convert::Infallible, env, error::Error, future, io, net::Ipv4Addr, process, sync::Arc, thread,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let acceptor = TlsAcceptor::from(Arc::new(config()?));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(move || {
        // Whatever comes, and errors too, are the end.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(acceptor.clone(), stream));
    }
}

fn config() -> Result<ServerConfig> {
    let pem = env::args().nth(1).ok_or("name a PEM file")?;
    #[cfg(feature = "aws-lc")]
    let cryptography = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(feature = "ring")]
    let cryptography = rustls::crypto::ring::default_provider();
    let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_file_iter(&pem)?.collect();
    let mut config = ServerConfig::builder_with_provider(Arc::new(cryptography))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain?, PrivateKeyDer::from_pem_file(&pem)?)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Errors end the connection and are the client's to see.
async fn serve(acceptor: TlsAcceptor, stream: TcpStream) {
    if let Ok(stream) = acceptor.accept(stream).await {
        let builder = Builder::new(TokioExecutor::new());
        let served = builder.serve_connection(TokioIo::new(stream), service_fn(answer));
        let _ = served.await;
    }
}

async fn answer(
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let text = String::from_utf8_lossy(&body);
    let behind = text.split_once("n=").map_or("", |(_, behind)| behind);
    let digits = behind
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(behind.len());
    let n: u64 = behind[..digits].parse().unwrap_or_default();
    if n == 0 {
        future::pending::<()>().await;
    }
    let json = format!(
        r#"{{"id":"chatcmpl-{n}","object":"chat.completion","model":"gpt-4o-mini","choices":[{{"index":0,
        "message":{{"role":"assistant","content":"hello"}},"finish_reason":"stop"}}],
        "usage":{{"prompt_tokens":{n},"completion_tokens":7,"total_tokens":{}}}}}"#,
        n + 7
    );
    let mut response = Response::new(Full::new(Bytes::from(json)));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    Ok(response)
}
