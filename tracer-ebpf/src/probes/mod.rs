//! Probes, one file per TLS family.

pub mod bare;
pub mod openssl;
