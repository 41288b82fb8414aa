//! A control group, named as runtimes name those of containers.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::patience;

/// Exists until dropped, by when its processes must have been killed.
#[derive(Debug)]
pub struct ControlGroup {
    /// Those that were made, the innermost last.
    made: Vec<PathBuf>,
    folder: PathBuf,
}

impl ControlGroup {
    /// That of a container in a Kubernetes pod under systemd and containerd.
    ///
    /// # Errors
    /// If there is no hierarchy of version 2 or it is not ours to change.
    pub fn of_container(pod_uid: &str, container_id: &str) -> Result<Self> {
        let pod_uid = pod_uid.replace('-', "_");
        let path = format!(
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod_uid}.slice/\
             cri-containerd-{container_id}.scope"
        );
        let mut group = Self {
            made: Vec::new(),
            folder: root().context("no cgroup2 is mounted")?,
        };
        for part in Path::new(&path) {
            group.folder.push(part);
            if !group.folder.exists() {
                fs::create_dir(&group.folder)
                    .with_context(|| format!("cannot make {}", group.folder.display()))?;
                group.made.push(group.folder.clone());
            }
        }
        Ok(group)
    }

    /// The file that takes ids of processes that enter it.
    pub fn entrance(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // A group is free a moment after the last process was killed; one that others use stays.
            patience::until(Duration::from_secs(2), || fs::remove_dir(folder).ok());
        }
    }
}

/// Whether groups can be made.
pub fn can_make() -> bool {
    let Some(folder) = root().map(|root| root.join("llm-tracer-test")) else {
        return false;
    };
    fs::create_dir(&folder).is_ok() && fs::remove_dir(&folder).is_ok()
}

/// Where the hierarchy of version 2 is mounted.
fn root() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mut mounts = mounts.lines().map(|line| line.split(' '));
    mounts.find_map(|mut fields| {
        let (folder, kind) = (fields.nth(1)?, fields.next()?);
        (kind == "cgroup2").then(|| folder.into())
    })
}
