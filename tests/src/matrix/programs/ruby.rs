//! Ruby's own HTTP client.

use super::shell::{missing, versions};
use crate::{
    harness::{client, requirements::workspace_root},
    matrix::program::{Listed, Program, Tls},
};

pub fn programs() -> Vec<Listed> {
    let name = "Ruby, net/http";
    let program = || Program {
        name: name.to_owned(),
        version: versions(
            "ruby -ropenssl -e 'puts RUBY_VERSION, OpenSSL::OPENSSL_LIBRARY_VERSION'",
        ),
        tls: Tls::In("/libssl.so"),
        calls: Box::new(|provider| {
            let mut command = client::program("ruby".as_ref(), provider);
            command.arg(workspace_root().join("tests/clients/ruby/net_http.rb"));
            Ok(vec![command])
        }),
    };
    vec![Listed::unless(missing("ruby"), name, program)]
}
