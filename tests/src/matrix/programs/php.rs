//! PHP's curl.

use super::shell::{missing, versions};
use crate::{
    harness::{client, requirements::workspace_root},
    matrix::program::{Listed, Program, Tls},
};

pub fn programs() -> Vec<Listed> {
    let name = "PHP, curl";
    let program = || Program {
        name: name.to_owned(),
        version: versions(
            r#"php -r 'echo PHP_VERSION, "\n", curl_version()["ssl_version"], "\n";'"#,
        ),
        tls: Tls::In("/libssl.so"),
        calls: Box::new(|provider| {
            let mut command = client::program("php".as_ref(), provider);
            command.arg(workspace_root().join("tests/clients/php/curl.php"));
            Ok(vec![command])
        }),
    };
    vec![Listed::unless(missing("php"), name, program)]
}
