//! curl with OpenSSL.

use super::shell::{missing, versions};
use crate::{
    harness::client,
    matrix::program::{Listed, Program, Tls},
};

pub fn programs() -> Vec<Listed> {
    let name = "curl";
    let program = || Program {
        name: name.to_owned(),
        version: versions(
            "curl --version | cut -d' ' -f2 | head -1; curl --version | grep -o 'OpenSSL/[^ ]*'",
        ),
        tls: Tls::In("/libssl.so"),
        calls: Box::new(|provider| {
            Ok(vec![
                client::shell("curl.sh", provider),
                client::shell("http2.sh", provider),
            ])
        }),
    };
    vec![Listed::unless(missing("curl"), name, program)]
}
