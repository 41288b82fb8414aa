//! Java: with TLS in native code, and with its own.

use std::{fs, path::PathBuf, process::Command};

use anyhow::Context as _;

use super::shell::{missing, versions};
use crate::{
    harness::{
        client,
        requirements::{system_library, workspace_root},
    },
    matrix::program::{Listed, Program, Tls},
    provider::running::Provider,
};

const JARS: &str = "/usr/share/java";
const NETTY: [&str; 9] = [
    "netty-buffer",
    "netty-codec",
    "netty-codec-http",
    "netty-common",
    "netty-handler",
    "netty-resolver",
    "netty-transport",
    "netty-tcnative",
    "jctools-core",
];
/// Calls by the client of the JDK, with the TLS that it is told.
const HTTP: &str = "Http.java";
/// As its class.
const CONSCRYPT: &str = "org.conscrypt.OpenSSLProvider";
/// What Debian calls the library, and what Netty looks for.
const INSTALLED: &str = "jni/libnetty-tcnative.so";
const WANTED: &str = "libnetty_tcnative.so";

pub fn programs() -> Vec<Listed> {
    let java = missing("javac").map(|_| "no JDK is installed".to_owned());
    let tcnative = system_library(INSTALLED)
        .is_none()
        .then(|| "libnetty-tcnative-jni is not installed".to_owned());
    let conscrypt = (!conscrypt_classes().join("package.unpacked").exists())
        .then(|| "no Conscrypt: run cargo xtask e2e --matrix".to_owned());
    vec![
        Listed::unless(java.clone().or(tcnative), NETTY_NAME, netty),
        Listed::unless(
            java.clone().or(conscrypt),
            CONSCRYPT_NAME,
            conscrypt_by_http,
        ),
        Listed::unless(java, JSSE_NAME, jsse),
    ]
}

const NETTY_NAME: &str = "Java, Netty with tcnative";
const CONSCRYPT_NAME: &str = "Java, java.net.http with Conscrypt";
const JSSE_NAME: &str = "Java, java.net.http";
const VERSION: &str = r#"java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p'; "#;

fn netty() -> Program {
    Program {
        name: NETTY_NAME.to_owned(),
        version: versions(&format!("{VERSION} echo libssl by netty-tcnative")),
        tls: Tls::In("/libssl.so"),
        calls: Box::new(|provider| {
            let folder = workspace_root().join("target/e2e/java");
            fs::create_dir_all(&folder)?;
            let installed = system_library(INSTALLED).context("no netty-tcnative")?;
            fs::copy(installed, folder.join(WANTED)).context("cannot copy netty-tcnative")?;
            let jars = NETTY.map(|jar| format!("{JARS}/{jar}.jar")).join(":");
            let mut command = source("Netty.java", provider, |command| {
                command.args(["--class-path", &jars]);
                command.arg(format!("-Djava.library.path={}", folder.display()));
            });
            command.current_dir(&folder);
            Ok(vec![command])
        }),
    }
}

/// Each process has a copy of its library, whose name is gone as soon as it is mapped.
fn conscrypt_by_http() -> Program {
    let properties = conscrypt_classes().join("org/conscrypt/conscrypt.properties");
    let line = format!(
        "{VERSION} sed -n 's/.*boringssl.version=/BoringSSL /p' {}; java --class-path {} {} {CONSCRYPT}",
        properties.display(),
        conscrypt_classes().display(),
        java_file(HTTP).display(),
    );
    Program {
        name: CONSCRYPT_NAME.to_owned(),
        version: versions(&line),
        tls: Tls::In("/libconscrypt"),
        calls: Box::new(|provider| {
            let mut command = source(HTTP, provider, |command| {
                command.arg("--class-path").arg(conscrypt_classes());
            });
            command.arg(CONSCRYPT);
            Ok(vec![command])
        }),
    }
}

fn conscrypt_classes() -> PathBuf {
    workspace_root().join("target/e2e/conscrypt")
}

fn jsse() -> Program {
    Program {
        name: JSSE_NAME.to_owned(),
        version: versions(&format!("{VERSION} echo JSSE")),
        tls: Tls::NotSeen(
            "TLS in Java code is not seen: use TLS in native code (netty-tcnative, Conscrypt), or a proxy on this host with OpenSSL",
        ),
        calls: Box::new(|provider| Ok(vec![source(HTTP, provider, |_| {})])),
    }
}

/// A program in one file, run from its source.
fn source(file: &str, provider: &Provider, options: impl FnOnce(&mut Command)) -> Command {
    let mut command = client::program("java".as_ref(), provider);
    options(&mut command);
    command.arg(java_file(file));
    command
}

fn java_file(file: &str) -> PathBuf {
    workspace_root().join("tests/clients/java").join(file)
}
