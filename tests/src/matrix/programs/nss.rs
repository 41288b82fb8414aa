//! Programs with NSS.

use super::libcurl;
use crate::matrix::program::Listed;

pub fn programs() -> Vec<Listed> {
    vec![libcurl::program(
        "libcurl, NSS",
        "libcurl-nss.so.4",
        "/libssl3.so",
    )]
}
