//! Programs and extension modules with BoringSSL or OpenSSL built in.

use std::{path::Path, process::Command};

use crate::{
    harness::{
        assistants::CLAUDE_CODE,
        client,
        requirements::{Need, native_program, native_python_path, static_openssl_client},
    },
    matrix::program::{Listed, Program, Tls},
};

const BUN: &str = "@oven/bun-linux-x64/bin/bun";

pub fn programs() -> Vec<Listed> {
    vec![
        bun("Bun, openai", "openai.mjs"),
        bun("Bun, @anthropic-ai/sdk", "anthropic.mjs"),
        claude_code(),
        python(
            "Python, curl_cffi",
            "curl_cffi",
            "venv-native/*curl_cffi",
            "curl_cffi_client.py",
        ),
        python(
            "Python, pyOpenSSL",
            "cryptography",
            "venv-native/*cryptography",
            "pyopenssl_client.py",
        ),
        python(
            "Python, xai-sdk (grpcio)",
            "xai_sdk",
            "venv-native/*cygrpc",
            "xai_client.py",
        ),
        static_openssl(),
    ]
}

fn bun(name: &'static str, script: &'static str) -> Listed {
    let missing = Need::Native(BUN).missing().or_else(|| Need::Node.missing());
    Listed::unless(missing, name, || {
        let path = native_program(BUN);
        let mut version = Command::new(&path);
        version.args([
            "-e",
            "console.log(Bun.version); console.log('BoringSSL', process.versions.boringssl ?? '')",
        ]);
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In("/bin/bun"),
            calls: Box::new(move |provider| Ok(vec![client::node_by(&path, script, provider)?])),
        }
    })
}

fn claude_code() -> Listed {
    let name = "Claude Code";
    Listed::unless(Need::Native(CLAUDE_CODE).missing(), name, || {
        let path = native_program(CLAUDE_CODE);
        let mut version = Command::new("sh");
        version.args(["-c", "HOME=$(mktemp -d) \"$0\" --version; echo BoringSSL"]);
        version.arg(&path);
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In("/claude"),
            calls: Box::new(move |provider| {
                let mut command = client::program(Path::new("sh"), provider);
                let print =
                    "HOME=$(mktemp -d) && export HOME && cd \"$HOME\" && exec \"$0\" \"$@\"";
                command
                    .args(["-c", print])
                    .arg(&path)
                    .args(["--model", "claude-local-1", "--print", "n=700 what is it"])
                    .env("ANTHROPIC_BASE_URL", provider.url())
                    .env("DISABLE_TELEMETRY", "1")
                    .env("DISABLE_ERROR_REPORTING", "1")
                    .env("DISABLE_AUTOUPDATER", "1")
                    .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
                Ok(vec![command])
            }),
        }
    })
}

/// A script by a package, whose TLS is in `file`: other environments may have the same package.
fn python(
    name: &'static str,
    package: &'static str,
    file: &'static str,
    script: &'static str,
) -> Listed {
    Listed::unless(Need::NativePython.missing(), name, || {
        let python = native_python_path();
        let mut version = Command::new(&python);
        version.args(["-c", VERSION, package]);
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In(file),
            calls: Box::new(move |provider| Ok(vec![client::python_by(&python, script, provider)])),
        }
    })
}

const VERSION: &str = "
import importlib.metadata, sys
print(sys.argv[1], importlib.metadata.version(sys.argv[1]))
if sys.argv[1] == 'curl_cffi':
    import curl_cffi
    print(curl_cffi.Curl().version().decode().split()[1])
elif sys.argv[1] == 'xai_sdk':
    import grpc
    print('BoringSSL of grpcio', grpc.__version__)
else:
    from OpenSSL import SSL
    print(SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode())
";

fn static_openssl() -> Listed {
    let name = "C, OpenSSL linked in and stripped";
    Listed::unless(Need::StaticOpenSsl.missing(), name, || {
        let path = static_openssl_client();
        let mut version = Command::new("sh");
        // Its use without arguments maps it; the version is that of the library it was linked with.
        version.args([
            "-c",
            "\"$0\" >/dev/null 2>&1; echo; openssl version | cut -d' ' -f1,2",
        ]);
        version.arg(&path);
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In("static-openssl/client"),
            calls: Box::new(move |provider| {
                let mut command = client::program(&path, provider);
                command
                    .arg(provider.address.ip().to_string())
                    .arg(provider.address.port().to_string())
                    .args("1 2 new 3 4 new new 5 6".split(' '));
                Ok(vec![command])
            }),
        }
    })
}
