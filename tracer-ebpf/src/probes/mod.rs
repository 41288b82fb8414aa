//! Probes, one file per TLS family, and one for sockets.

pub mod bare;
pub mod gnutls;
pub mod go;
pub mod openssl;
pub mod rustls;
pub mod socket;
pub mod tls_socket;
