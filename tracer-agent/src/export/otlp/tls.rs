//! Keys and trust, read from files once at the start.

use std::{path::Path, sync::Arc};

use hyper_rustls::ConfigBuilderExt;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::{error::StartError, settings::TlsSettings};
use crate::bounded_file;

const AUTHORITIES: &str = "trusted certificates";
const CHAIN: &str = "client certificate";
const KEY: &str = "client key";
/// How a certificate and a key begin in a file, RFC 7468.
const CERTIFICATE_LABEL: &str = "CERTIFICATE";
const KEY_LABEL: &str = "PRIVATE KEY";
/// Longest file that is read: ten times what a distribution trusts.
const MAX_BYTES: u64 = 4 << 20;

/// What the key files hold, checked to be what they should be.
#[derive(Debug)]
pub(super) struct TlsFiles {
    /// Authorities to trust, PEM; `None`: the system's.
    authorities: Option<Vec<u8>>,
    /// The client's chain and key, PEM.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl TlsFiles {
    /// # Errors
    ///
    /// When a file cannot be read or holds something else, or half an identity is configured.
    pub(super) fn read(settings: &TlsSettings) -> Result<Self, StartError> {
        let authorities = settings
            .certificate
            .as_deref()
            .map(|path| certificates(AUTHORITIES, path));
        let identity = match (&settings.client_certificate, &settings.client_key) {
            (Some(chain), Some(key)) => Some((certificates(CHAIN, chain)?, private_key(key)?)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(StartError::HalfIdentity {
                    missing: "the client key",
                });
            }
            (None, Some(_)) => {
                return Err(StartError::HalfIdentity {
                    missing: "the client certificate",
                });
            }
        };
        Ok(Self {
            authorities: authorities.transpose()?,
            identity,
        })
    }

    /// For gRPC.
    pub(super) fn tonic(&self) -> ClientTlsConfig {
        let config = ClientTlsConfig::new();
        let config = match &self.authorities {
            Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
            None => config.with_native_roots(),
        };
        match &self.identity {
            Some((chain, key)) => config.identity(Identity::from_pem(chain, key)),
            None => config,
        }
    }

    /// For HTTP.
    ///
    /// # Errors
    ///
    /// When the TLS library refuses a certificate or the key.
    pub(super) fn rustls(&self, signal: &'static str) -> Result<ClientConfig, StartError> {
        let refused = |reason: String| StartError::Tls { signal, reason };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| refused(error.to_string()))?;
        let builder = match &self.authorities {
            Some(pem) => builder.with_root_certificates(roots(pem).map_err(refused)?),
            None => builder
                .with_native_roots()
                .map_err(|error| refused(error.to_string()))?,
        };
        let Some((chain, key)) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| refused(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| refused(error.to_string()))?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| refused(error.to_string()))
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<u8>, StartError> {
    let pem = read(what, path)?;
    let wrong = || StartError::Pem {
        what,
        path: path.into(),
        label: CERTIFICATE_LABEL,
    };
    let mut found = CertificateDer::pem_slice_iter(&pem).peekable();
    found.peek().ok_or_else(wrong)?;
    if found.any(|certificate| certificate.is_err()) {
        return Err(wrong());
    }
    Ok(pem)
}

fn private_key(path: &Path) -> Result<Vec<u8>, StartError> {
    let pem = read(KEY, path)?;
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(_) => Ok(pem),
        Err(_) => Err(StartError::Pem {
            what: KEY,
            path: path.into(),
            label: KEY_LABEL,
        }),
    }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, StartError> {
    bounded_file::read(path, MAX_BYTES).map_err(|error| StartError::Read {
        what,
        path: path.into(),
        error,
    })
}
