//! TLS with authorities of our own, and settings that cannot work.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::{collector::Collector, settings, start};
use crate::{
    export::{
        fanout::{Outputs, Running},
        otlp::settings::{Headers, OtlpSettings, Protocol, TlsSettings},
        samples,
    },
    telemetry::Telemetry,
};

/// An authority, with a server certificate and a client certificate from it, as files.
struct Authority {
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            std::fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
            std::fs::write(
                folder.path().join(format!("{name}.key")),
                key.serialize_pem(),
            )
            .unwrap();
        }
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server that wants the client's certificate.
    fn acceptor(&self) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.file("ca.pem")).unwrap())
            .unwrap();
        let provider = Arc::new(ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let chain = vec![CertificateDer::from_pem_file(self.file("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    fn settings(&self) -> TlsSettings {
        TlsSettings {
            certificate: Some(self.file("ca.pem")),
            client_key: Some(self.file("client.key")),
            client_certificate: Some(self.file("client.pem")),
            insecure: false,
        }
    }
}

fn with_tls(address: &str, protocol: Protocol, tls: TlsSettings) -> OtlpSettings {
    let mut settings = settings(address, protocol);
    settings.metrics = None;
    settings.traces.as_mut().unwrap().tls = tls;
    settings
}

#[tokio::test]
async fn tls_both_ways_with_an_authority_of_our_own() {
    let authority = Authority::new();
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let collector = Collector::start_on(any, Some(authority.acceptor())).await;
        let address = format!("https://localhost:{}", collector.address.port());
        let (outputs, running, _) = start(&with_tls(&address, protocol, authority.settings()));
        outputs.offer(samples::record(1, samples::chat()));
        drop(outputs);
        running.finish(Duration::from_secs(10)).await.unwrap();
        assert_eq!(collector.traces().len(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let (known, other) = (Authority::new(), Authority::new());
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let collector = Collector::start_on(any, Some(other.acceptor())).await;
        let address = format!("https://localhost:{}", collector.address.port());
        let (outputs, running, _) = start(&with_tls(&address, protocol, known.settings()));
        outputs.offer(samples::record(1, samples::chat()));
        drop(outputs);
        running
            .finish(Duration::from_millis(1_500))
            .await
            .unwrap_err();
        assert!(collector.traces().is_empty(), "{protocol:?}");
    }
}

fn refusal(settings: &OtlpSettings) -> String {
    let (mut outputs, mut running) = (Outputs::default(), Running::default());
    outputs
        .add_otlp(&mut running, settings, &Telemetry::new())
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let authority = Authority::new();
    let https = "https://localhost:4317";
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let tls = |change: fn(&mut TlsSettings)| {
            let mut tls = authority.settings();
            change(&mut tls);
            refusal(&with_tls(https, protocol, tls))
        };
        let text = tls(|tls| tls.certificate = Some("/no/such/ca.pem".into()));
        assert!(
            text.starts_with("cannot read the trusted certificates /no/such/ca.pem: "),
            "{text}"
        );
        assert!(
            text.ends_with("; check the path and its permissions"),
            "{text}"
        );
        let text = tls(|tls| tls.certificate = Some("/dev/zero".into()));
        assert!(text.contains("it is longer than 4194304 bytes"), "{text}");
        let text = tls(|tls| tls.certificate = tls.client_key.clone());
        assert!(
            text.contains("client.key holds no trusted certificates in PEM form; name a file with `-----BEGIN CERTIFICATE-----`"),
            "{text}"
        );
        let text = tls(|tls| tls.client_key = None);
        assert_eq!(
            text,
            "a client certificate needs both its chain and its key; the client key is not set"
        );

        let mut settings = settings("http://localhost:4317", protocol);
        settings.traces.as_mut().unwrap().headers =
            Headers(vec![("bad name".into(), "canary".into())]);
        let text = refusal(&settings);
        assert_eq!(
            text,
            "the header `bad name` for the traces endpoint is not allowed in HTTP"
        );

        let text = refusal(&super::settings("http://", protocol));
        assert!(
            text.starts_with("the traces endpoint `http://` is not an address"),
            "{text}"
        );
    }
    let text = refusal(&settings("localhost:4318", Protocol::HttpProtobuf));
    assert!(
        text.contains("write it like http://127.0.0.1:4318"),
        "{text}"
    );
}

#[tokio::test]
async fn a_grpc_address_without_scheme_is_secure_unless_told_otherwise() {
    let collector = Collector::start().await;
    let address = collector.address.to_string();
    let insecure = TlsSettings {
        insecure: true,
        ..Default::default()
    };
    let (outputs, running, _) = start(&with_tls(&address, Protocol::Grpc, insecure));
    outputs.offer(samples::record(1, samples::chat()));
    drop(outputs);
    running.finish(Duration::from_secs(10)).await.unwrap();
    assert_eq!(collector.traces().len(), 1);
}
