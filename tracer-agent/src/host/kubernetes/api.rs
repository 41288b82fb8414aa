//! Requests to the Kubernetes API from inside of its cluster.
//!
//! As <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/> describes: the address
//! from the environment, authority and token from files. A token is good for an hour or so and is
//! replaced in its file: it is read for each request, the authority for each connection that is made
//! anew after a failure.

use std::{
    error::Error,
    fs::File,
    io::{self, Read as _},
    net::Ipv6Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ACCEPT, AUTHORIZATION, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::time::timeout;

use super::{failure::Failure, settings::ApiSettings};
use crate::causes::with_causes;

/// Longest wait for a connection, and for the head of an answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest wait for the whole of an answer that is not a stream.
const BODY: Duration = Duration::from_secs(30);
/// Most bytes of such an answer: a page of pods.
const MAX_BODY: usize = 16 << 20;
/// Most bytes of a file with credentials.
const MAX_FILE: u64 = 1 << 20;
/// A peer that is gone without a word is noticed after about as long.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A way to the API.
#[derive(Debug)]
pub struct Api {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    authority: String,
    token: PathBuf,
}

impl Api {
    /// Reads the authority; connects to nothing yet.
    ///
    /// # Errors
    /// If the authority cannot be read or holds no certificate.
    pub fn new(settings: &ApiSettings) -> Result<Self, Failure> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(ANSWER));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        tcp.set_keepalive_interval(Some(KEEP_ALIVE / 3));
        tcp.set_keepalive_retries(Some(3));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&settings.credentials.join("ca.crt"))?)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self {
            client,
            authority: authority(settings),
            token: settings.credentials.join("token"),
        })
    }

    /// Asks for a path and begins to read the answer.
    ///
    /// # Errors
    /// If there is no token, no connection, no answer in time, or it is a refusal.
    pub async fn get(&self, path: &str) -> Result<Response<Incoming>, Failure> {
        let request = Request::get(format!("https://{}{path}", self.authority))
            .header(ACCEPT, "application/json")
            .header(
                USER_AGENT,
                concat!("tracer-agent/", env!("CARGO_PKG_VERSION")),
            )
            .header(AUTHORIZATION, bearer(&self.token)?)
            .body(Empty::new())
            .map_err(|error| Failure::Settings(format!("`kubernetes.host`: {error}")))?;
        let answer = timeout(ANSWER, self.client.request(request)).await;
        let answer = answer
            .map_err(|_| Failure::Timeout(ANSWER))?
            .map_err(|error| unreached(&error))?;
        match answer.status() {
            StatusCode::OK => Ok(answer),
            status => {
                let after = answer.headers().get(RETRY_AFTER);
                let after = after.and_then(|it| it.to_str().ok()?.trim().parse().ok());
                Err(Failure::of_status(
                    status.as_u16(),
                    after.map(Duration::from_secs),
                ))
            }
        }
    }

    /// Asks for a path and reads the whole answer.
    ///
    /// # Errors
    /// As [`Api::get`], and if the answer is too long or takes too long.
    pub async fn read(&self, path: &str) -> Result<Bytes, Failure> {
        let body = Limited::new(self.get(path).await?.into_body(), MAX_BODY);
        match timeout(BODY, body.collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(Failure::BrokenOff(with_causes(&*error))),
            Err(_) => Err(Failure::Timeout(BODY)),
        }
    }
}

/// Host and port as in a URL.
pub fn authority(settings: &ApiSettings) -> String {
    let ApiSettings { host, port, .. } = settings;
    if host.parse::<Ipv6Addr>().is_ok() {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn tls(path: &Path) -> Result<ClientConfig, Failure> {
    let pem = read_file(path)?;
    let unusable = |why: String| Failure::Settings(format!("{}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("no certificate is in it".to_owned()));
    }
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

/// The token as a header that is not shown.
fn bearer(path: &Path) -> Result<HeaderValue, Failure> {
    let token = read_file(path)?;
    let value = [b"Bearer ", token.trim_ascii()].concat();
    let mut value = HeaderValue::from_bytes(&value)
        .map_err(|_| Failure::Settings(format!("{}: it holds no token", path.display())))?;
    value.set_sensitive(true);
    Ok(value)
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error: io::Error| Failure::Credentials {
        path: path.to_owned(),
        error,
    })
}

fn unreached(error: &legacy::Error) -> Failure {
    let why = with_causes(error);
    if is_tls(error) {
        Failure::Tls(why)
    } else if error.is_connect() {
        Failure::Connect(why)
    } else {
        Failure::BrokenOff(why)
    }
}

/// Whether a handshake failed. An I/O error may hold another one that it does not name as its source.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || held.is_some_and(|held| is_tls(held))
        || error.source().is_some_and(is_tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_in_urls() {
        for (host, written) in [
            ("10.96.0.1", "10.96.0.1:443"),
            ("fd00::1", "[fd00::1]:443"),
            ("kubernetes.default.svc", "kubernetes.default.svc:443"),
        ] {
            let settings = ApiSettings {
                host: host.into(),
                port: 443,
                credentials: PathBuf::new(),
            };
            assert_eq!(authority(&settings), written);
        }
    }

    #[test]
    fn a_token_is_read_without_its_line_end_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "canary\n").unwrap();
        let header = bearer(&path).unwrap();
        assert_eq!(header, "Bearer canary");
        assert!(!format!("{header:?}").contains("canary"));
        std::fs::write(&path, "two\nlines").unwrap();
        assert!(matches!(bearer(&path), Err(Failure::Settings(_))));
        let missing = bearer(&folder.path().join("none")).unwrap_err().to_string();
        assert!(
            missing.contains("automountServiceAccountToken"),
            "{missing}"
        );
    }
}
