//! libcurl by its C interface, as built for one TLS library or another.

use std::process::Command;

use crate::{
    harness::{
        client,
        requirements::{Need, python_path, system_library},
    },
    matrix::program::{Listed, Program, Tls},
};

/// The libcurl of this name, whose TLS is in a file with `tls` in its path.
pub fn program(name: &'static str, library: &'static str, tls: &'static str) -> Listed {
    let Some(path) = system_library(library) else {
        return Listed::Absent {
            name: name.to_owned(),
            reason: format!("{library} is not installed"),
        };
    };
    Listed::unless(Need::Python.missing(), name, || {
        let mut version = Command::new(python_path());
        version.args(["-c", VERSION]).arg(&path);
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In(tls),
            calls: Box::new(move |provider| {
                let mut command = client::python("libcurl.py", provider);
                command.arg(path);
                Ok(vec![command])
            }),
        }
    })
}

const VERSION: &str = "
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.curl_version.restype = ctypes.c_char_p
print(*library.curl_version().decode().split()[:2], sep='\\n')
";
