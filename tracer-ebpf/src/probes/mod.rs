//! Probes, one file per TLS family.

pub mod openssl;
pub mod bare;
