//! The name of a container, from files that runtimes keep on the host. No socket is asked: the
//! agent needs no access to a runtime that could start containers.

use std::{fs, path::Path};

use serde::Deserialize;

use super::procfs::{ProcFs, read_bytes};

/// Most entries looked at in a directory of log files.
const LOG_ENTRIES: usize = 4096;
/// Most bytes of a container's description.
const DESCRIPTION_BYTES: u64 = 256 << 10;

/// How a container is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerName {
    /// By Docker.
    Docker(String),
    /// By Kubernetes.
    Kubernetes {
        /// Pod.
        pod: String,
        /// Namespace of the pod.
        namespace: String,
        /// Container in the pod.
        container: String,
    },
}

/// Looks the name of a container up; `None` if no file tells it.
pub fn lookup(proc: &ProcFs, id: &str) -> Option<ContainerName> {
    let logs = proc.host_file("/var/log/containers");
    let description = proc.host_file(&format!("/var/lib/docker/containers/{id}/config.v2.json"));
    kubernetes(&logs, id).or_else(|| docker(&description))
}

/// The kubelet links `POD_NAMESPACE_CONTAINER-ID.log` to each container's log.
fn kubernetes(logs: &Path, id: &str) -> Option<ContainerName> {
    let ending = format!("-{id}.log");
    fs::read_dir(logs)
        .ok()?
        .flatten()
        .take(LOG_ENTRIES)
        .find_map(|entry| {
            let name = entry.file_name();
            let mut parts = name.to_str()?.strip_suffix(&ending)?.splitn(3, '_');
            let mut next = || parts.next().map(str::to_owned);
            Some(ContainerName::Kubernetes {
                pod: next()?,
                namespace: next()?,
                container: next()?,
            })
        })
}

/// Docker's own description of a container. It holds the container's environment, too: nothing
/// but the name is kept.
fn docker(description: &Path) -> Option<ContainerName> {
    #[derive(Deserialize)]
    struct Description {
        #[serde(rename = "Name")]
        name: String,
    }
    let bytes = read_bytes(description, DESCRIPTION_BYTES)?;
    let Description { name } = serde_json::from_slice(&bytes).ok()?;
    let name = name.trim_start_matches('/');
    (!name.is_empty()).then(|| ContainerName::Docker(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_files() {
        let root = tempfile::tempdir().unwrap();
        let host = root.path().join("1/root");
        let docker = host.join("var/lib/docker/containers/aa");
        fs::create_dir_all(&docker).unwrap();
        fs::write(
            docker.join("config.v2.json"),
            r#"{"Config":{"Env":["K=s"]},"Name":"/web"}"#,
        )
        .unwrap();
        let logs = host.join("var/log/containers");
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join("api-7d9f-x2x4q_prod_server-bb.log"), "").unwrap();

        let proc = ProcFs::new(root.path());
        assert_eq!(
            lookup(&proc, "aa"),
            Some(ContainerName::Docker("web".into()))
        );
        let kubernetes = ContainerName::Kubernetes {
            pod: "api-7d9f-x2x4q".into(),
            namespace: "prod".into(),
            container: "server".into(),
        };
        assert_eq!(lookup(&proc, "bb"), Some(kubernetes));
        assert_eq!(lookup(&proc, "cc"), None);
    }
}
