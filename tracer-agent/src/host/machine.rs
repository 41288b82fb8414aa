//! The host itself.

use opentelemetry::Key;
use opentelemetry_sdk::resource::{ResourceDetector, TelemetryResourceDetector};
use tracer_core::semconv::{Attributes, Value, resource as names};

use super::procfs::{ProcFs, read_text};

/// Most bytes of a file with one name in it.
const NAME_BYTES: u64 = 256;

/// Facts that are the same for every process.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Name of the host; empty if unknown.
    pub name: String,
    /// Attributes of the host and of this agent.
    pub attributes: Attributes,
}

impl Machine {
    /// Looks at the host.
    pub fn read(proc: &ProcFs) -> Self {
        let name = host_name(proc).unwrap_or_default();
        let mut attributes = vec![(names::OS_TYPE.into(), Value::Str("linux".into()))];
        let mut text = |attribute: &'static str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                attributes.push((attribute.into(), Value::Str(value.into())));
            }
        };
        text(names::HOST_NAME, Some(name.clone()));
        text(names::HOST_ID, one_line(&proc.host_file("/etc/machine-id")));
        text(names::HOST_ARCH, Some(architecture().to_owned()));
        let sdk = TelemetryResourceDetector.detect();
        for attribute in [
            names::TELEMETRY_SDK_NAME,
            names::TELEMETRY_SDK_LANGUAGE,
            names::TELEMETRY_SDK_VERSION,
        ] {
            text(
                attribute,
                sdk.get(&Key::from_static_str(attribute))
                    .map(|value| value.to_string()),
            );
        }
        text(
            names::TELEMETRY_DISTRO_NAME,
            Some(env!("CARGO_PKG_NAME").to_owned()),
        );
        text(
            names::TELEMETRY_DISTRO_VERSION,
            Some(env!("CARGO_PKG_VERSION").to_owned()),
        );
        Self { name, attributes }
    }
}

/// The kernel gives the name of the reader's own namespace: in a container the host's file is
/// asked instead.
fn host_name(proc: &ProcFs) -> Option<String> {
    let contained = match (proc.namespace("self", "uts"), proc.namespace("1", "uts")) {
        (Some(own), Some(host)) => own != host,
        _ => false,
    };
    let from_file = || one_line(&proc.host_file("/etc/hostname"));
    let from_kernel = || one_line(&proc.root().join("sys/kernel/hostname"));
    if contained {
        from_file().or_else(from_kernel)
    } else {
        from_kernel().or_else(from_file)
    }
}

fn one_line(path: &std::path::Path) -> Option<String> {
    let text = read_text(path, NAME_BYTES)?;
    text.lines()
        .next()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
}

/// As `host.arch` spells it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
