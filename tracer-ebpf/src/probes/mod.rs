//! Probes, one file per TLS family.

pub mod bare;
pub mod gnutls;
pub mod go;
pub mod openssl;
