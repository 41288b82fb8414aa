//! What a control group's path tells: container, pod, systemd unit.
//!
//! The paths are conventions of container runtimes and of systemd, not a documented interface.
//! Bias: an id counts only where it has the exact shape a runtime gives it, so an unknown runtime
//! yields no container rather than a wrong one.

/// What is told of one process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// Id of its container.
    pub container_id: Option<String>,
    /// Name of its container, where the path holds it (LXC).
    pub container_name: Option<String>,
    /// Id of its Kubernetes pod, with dashes.
    pub pod_uid: Option<String>,
    /// Its systemd service, without `.service`.
    pub unit: Option<String>,
}

/// Reads the text of `/proc/PID/cgroup`, of version 1, 2 or both.
pub fn placement(text: &str) -> Placement {
    let paths = || paths(text);
    Placement {
        container_id: paths().find_map(|path| components(path).find_map(container_id)),
        container_name: paths().find_map(|path| components(path).find_map(lxc_name)),
        pod_uid: paths().find_map(|path| components(path).find_map(pod_uid)),
        unit: paths().find_map(|path| components(path).find_map(unit)),
    }
}

/// The path that rules are matched against: that of version 2, else the longest.
pub fn main_path(text: &str) -> &str {
    let unified = text.lines().find_map(|line| line.strip_prefix("0::"));
    match unified {
        Some(path) if path != "/" => path,
        _ => paths(text)
            .max_by_key(|path| path.len())
            .unwrap_or_default(),
    }
}

/// Lines are `hierarchy:controllers:path`; the path may hold colons.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.splitn(3, ':').nth(2))
}

/// Innermost first. Containerd joins parts with colons where systemd manages the groups.
fn components(path: &str) -> impl Iterator<Item = &str> {
    path.rsplit(['/', ':']).filter(|part| !part.is_empty())
}

/// Prefixes of systemd scopes that hold a container.
const SCOPES: [&str; 7] = [
    "docker-",
    "cri-containerd-",
    "crio-",
    "libpod-",
    "libpod-payload-",
    "nerdctl-",
    "containerd-",
];

/// 64 hexadecimal digits, alone or as `docker-….scope` and the like; on AWS, the task's 32 digits,
/// a dash and a number.
fn container_id(part: &str) -> Option<String> {
    let part = part.strip_suffix(".scope").unwrap_or(part);
    let id = SCOPES
        .iter()
        .find_map(|prefix| part.strip_prefix(prefix))
        .unwrap_or(part);
    let task = id.split_once('-').is_some_and(|(task, number)| {
        task.len() == 32 && is_hex(task) && number.len() >= 8 && is_decimal(number)
    });
    ((id.len() == 64 && is_hex(id)) || task).then(|| id.to_owned())
}

fn lxc_name(part: &str) -> Option<String> {
    part.strip_prefix("lxc.payload.")
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// `pod1234…` or `kubepods-burstable-pod1234_….slice`.
fn pod_uid(part: &str) -> Option<String> {
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = part.strip_prefix("pod").or_else(|| {
        part.strip_prefix("kubepods-")?
            .rsplit_once("pod")
            .map(|(_, uid)| uid)
    })?;
    let uid = uid.replace('_', "-");
    let dashed = uid.len() == 36 && uid.split('-').all(is_hex);
    // Static pods are named by a hash.
    (dashed || (uid.len() == 32 && is_hex(&uid))).then_some(uid)
}

/// A service; the one that runs a user's session says nothing about what runs in it.
fn unit(part: &str) -> Option<String> {
    let name = part.strip_suffix(".service")?;
    (!name.is_empty() && !name.starts_with("user@")).then(|| name.to_owned())
}

fn is_hex(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "c6b2a1d0-1111-2222-3333-444455556666";

    #[test]
    fn containers_of_every_runtime() {
        let uid = UID.replace('-', "_");
        for path in [
            format!("/docker/{ID}"),
            format!("/system.slice/docker-{ID}.scope"),
            format!("/../docker-{ID}.scope"),
            format!("/kubepods/burstable/pod{UID}/{ID}"),
            format!(
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid}.slice/cri-containerd-{ID}.scope"
            ),
            format!("/kubepods.slice/kubepods-pod{uid}.slice/crio-{ID}.scope"),
            format!(
                "/system.slice/containerd.service/kubepods-burstable-pod{uid}.slice:cri-containerd:{ID}"
            ),
            format!("/machine.slice/libpod-{ID}.scope/container"),
            format!("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope"),
            format!("/default/{ID}"),
            format!("/system.slice/nerdctl-{ID}.scope"),
        ] {
            for text in [
                format!("0::{path}\n"),
                format!("12:cpu,cpuacct:{path}\n1:name=systemd:/\n"),
            ] {
                let found = placement(&text);
                assert_eq!(found.container_id.as_deref(), Some(ID), "{text}");
                let pod = path.contains("kubepods").then_some(UID);
                assert_eq!(found.pod_uid.as_deref(), pod, "{text}");
            }
        }
    }

    #[test]
    fn ids_of_other_shapes() {
        let task = "0123456789abcdef0123456789abcdef-1234567890";
        let found = placement(&format!("9:memory:/ecs/cluster/{task}\n"));
        assert_eq!(found.container_id.as_deref(), Some(task));
        let lxc = placement("0::/lxc.payload.web1/system.slice/ssh.service\n");
        assert_eq!(lxc.container_name.as_deref(), Some("web1"));
        for path in [
            "/",
            "/user.slice",
            "/process_api/a43c755c9ff74f358cd1e451d01a7c0d",
        ] {
            assert_eq!(placement(&format!("0::{path}\n")), Placement::default());
        }
        let conmon = placement(&format!("0::/machine.slice/libpod-conmon-{ID}.scope\n"));
        assert_eq!(conmon.container_id, None);
    }

    #[test]
    fn units() {
        let unit = |path: &str| placement(&format!("0::{path}\n")).unit;
        assert_eq!(unit("/system.slice/api.service").as_deref(), Some("api"));
        assert_eq!(
            unit("/system.slice/system-w.slice/w@3.service").as_deref(),
            Some("w@3")
        );
        let of_user = "/user.slice/user-1000.slice/user@1000.service/app.slice/bot.service";
        assert_eq!(unit(of_user).as_deref(), Some("bot"));
        assert_eq!(
            unit("/user.slice/user-1000.slice/user@1000.service/init.scope"),
            None
        );
        assert_eq!(unit("/user.slice/user-1000.slice/session-3.scope"), None);
    }

    #[test]
    fn the_path_for_rules() {
        assert_eq!(main_path("0::/a/b\n"), "/a/b");
        assert_eq!(
            main_path("8:pids:/\n4:memory:/docker/x\n0::/\n"),
            "/docker/x"
        );
        assert_eq!(main_path(""), "");
    }
}
