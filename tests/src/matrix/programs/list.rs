//! All files of programs, in the order of the table.

use super::{
    curl, dotnet, gnutls, golang, java, native, node, nss, php, plain, python, ruby, rustls,
};
use crate::matrix::program::Listed;

const FILES: [fn() -> Vec<Listed>; 13] = [
    python::programs,
    node::programs,
    native::programs,
    golang::programs,
    rustls::programs,
    curl::programs,
    php::programs,
    ruby::programs,
    gnutls::programs,
    nss::programs,
    java::programs,
    dotnet::programs,
    plain::programs,
];

/// The matrix.
pub fn all() -> Vec<Listed> {
    FILES.iter().flat_map(|programs| programs()).collect()
}
