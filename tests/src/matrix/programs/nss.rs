//! Programs with NSS.

use super::{libcurl, shell::versions};
use crate::{
    harness::{
        client,
        requirements::{Need, find_program},
    },
    matrix::program::{Listed, Program, Tls},
};

pub fn programs() -> Vec<Listed> {
    vec![
        libcurl::program("libcurl, NSS", "libcurl-nss.so.4", "-gnu/libssl3.so"),
        firefox(),
    ]
}

/// As a person's browser, whose pages call a model.
fn firefox() -> Listed {
    let name = "Firefox";
    let missing = find_program("firefox-esr")
        .is_none()
        .then(|| "firefox-esr is not installed".to_owned())
        .or_else(|| Need::Python.missing());
    Listed::unless(missing, name, || Program {
        name: name.to_owned(),
        version: versions(VERSION),
        tls: Tls::In("firefox-esr/libssl3.so"),
        calls: Box::new(|provider| {
            let mut command = client::python("firefox.py", provider);
            command.arg("firefox-esr");
            Ok(vec![command])
        }),
    })
}

/// The program maps its TLS when it opens a page, so that is done for it.
const VERSION: &str = "
firefox-esr --headless --version | sed 's/.* //'
LD_LIBRARY_PATH=/usr/lib/firefox-esr python3 -c '
import ctypes
ctypes.CDLL(\"libssl3.so\")
nss = ctypes.CDLL(\"libnss3.so\")
nss.NSS_GetVersion.restype = ctypes.c_char_p
print(\"NSS\", nss.NSS_GetVersion().decode())'
";
