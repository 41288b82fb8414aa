//! Programs with GnuTLS.

use super::{
    libcurl,
    shell::{missing, versions},
};
use crate::{
    harness::client,
    matrix::program::{Listed, Program, Tls},
};

const FILE: &str = "/libgnutls.so";

pub fn programs() -> Vec<Listed> {
    let name = "wget";
    let program = || Program {
        name: name.to_owned(),
        version: versions(
            "wget --version | sed -n '1s/GNU Wget \\([^ ]*\\).*/\\1/p'; \
             basename \"$(readlink -f \"$(ldd \"$(command -v wget)\" | grep -o '/[^ ]*libgnutls[^ ]*')\")\"",
        ),
        tls: Tls::In(FILE),
        calls: Box::new(|provider| Ok(vec![client::shell("wget.sh", provider)])),
    };
    vec![
        Listed::unless(missing("wget"), name, program),
        libcurl::program("libcurl, GnuTLS", "libcurl-gnutls.so.4", FILE),
    ]
}
