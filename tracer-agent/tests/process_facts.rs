//! What is told of processes, from recorded `/proc` trees in `fixtures/proc`.

use std::{
    num::NonZeroUsize,
    path::Path,
    time::{Duration, Instant},
};

use prometheus_client::metrics::counter::Counter;
use tracer_agent::{
    config::setting::Scalar,
    host::{
        process::{Inspector, ProcessFacts},
        procfs::ProcFs,
        rules::{Rule, Selection},
        table::ProcessTable,
        witness::Witness,
    },
};
use tracer_core::{segment::ProcessKey, semconv::Value};

fn fixture() -> ProcFs {
    ProcFs::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc"))
}

fn inspect(pid: u32) -> ProcessFacts {
    Inspector::new(fixture()).inspect(pid)
}

/// The facts of a process without those of the host and the agent.
fn facts(pid: u32) -> String {
    let info = inspect(pid);
    let mut lines = vec![format!("name: {}", info.name)];
    for (name, value) in &info.resource {
        let of_the_process = !["host.", "os.", "telemetry."]
            .iter()
            .any(|it| name.starts_with(it));
        if of_the_process {
            lines.push(format!("{name}: {}", text(value)));
        }
    }
    lines.join("\n")
}

fn text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn attribute(info: &ProcessFacts, name: &str) -> Option<String> {
    info.resource
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| text(value))
}

#[test]
fn a_script_is_called_by_its_name() {
    insta::assert_snapshot!(facts(100), @r"
    name: app
    service.name: app
    service.instance.id: node-1-100-5000
    process.pid: 100
    process.parent_pid: 1
    process.executable.name: python3.11
    process.executable.path: /usr/bin/python3.11
    process.owner: ada
    process.runtime.name: cpython
    ");
}

#[test]
fn a_container_gives_its_name() {
    insta::assert_snapshot!(facts(200), @r"
    name: server
    service.name: shop
    service.instance.id: node-1-200-6000
    process.pid: 200
    process.parent_pid: 100
    process.executable.name: node
    process.executable.path: /usr/local/bin/node
    process.owner: 0
    process.runtime.name: nodejs
    container.id: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    container.name: shop
    ");
}

#[test]
fn a_unit_gives_its_name() {
    insta::assert_snapshot!(facts(300), @r"
    name: gateway
    service.name: llm-gateway
    service.instance.id: node-1-300-7000
    process.pid: 300
    process.parent_pid: 1
    process.executable.name: gateway
    process.executable.path: /opt/gateway/bin/gateway
    process.owner: 65534
    ");
}

#[test]
fn a_process_that_names_itself_is_believed_but_for_what_is_seen() {
    insta::assert_snapshot!(facts(400), @r"
    name: worker
    service.name: billing
    deployment.environment.name: prod
    service.instance.id: worker-7
    service.namespace: pay
    process.pid: 400
    process.parent_pid: 1
    process.executable.name: python3.11
    process.executable.path: /usr/bin/python3.11
    process.owner: 1000
    process.runtime.name: cpython
    ");
}

#[test]
fn little_is_known_of_kernel_threads_and_of_the_dead() {
    insta::assert_snapshot!(facts(500), @r"
    name: kworker/0:1
    service.name: kworker/0:1
    service.instance.id: node-1-500-1
    process.pid: 500
    process.parent_pid: 2
    process.owner: 0
    ");
    insta::assert_snapshot!(facts(999), @r"
    name: pid 999
    service.name: unknown_service
    service.instance.id: node-1-999-0
    process.pid: 999
    ");
}

#[test]
fn the_host_and_the_agent_are_named() {
    let info = inspect(300);
    let get = |name| attribute(&info, name);
    assert_eq!(get("host.name").as_deref(), Some("node-1"));
    assert_eq!(
        get("host.id").as_deref(),
        Some("00112233445566778899aabbccddeeff")
    );
    assert_eq!(get("os.type").as_deref(), Some("linux"));
    assert_eq!(get("telemetry.sdk.name").as_deref(), Some("opentelemetry"));
    assert_eq!(
        get("telemetry.distro.name").as_deref(),
        Some("tracer-agent")
    );
}

#[test]
fn no_secret_of_a_process_is_kept() {
    for pid in [100, 200, 300, 400] {
        assert!(!format!("{:?}", inspect(pid)).contains("canary"), "{pid}");
    }
}

#[test]
fn rules_see_running_processes() {
    let proc = fixture();
    let admitted = |include: &str| {
        let include = vec![Rule::from_text(include).unwrap()];
        let selection = Selection {
            include,
            ..Selection::default()
        };
        let mut pids: Vec<u32> = proc
            .pids()
            .unwrap()
            .filter(|pid| *pid != 1 && selection.admits_pid(&proc, *pid))
            .collect();
        pids.sort_unstable();
        pids
    };
    assert_eq!(admitted("python*"), [100, 400]);
    assert_eq!(admitted("exe:/opt/*"), [300]);
    assert_eq!(admitted("cgroup:*docker*"), [200]);
}

fn table(limit: usize, root: &Path) -> ProcessTable {
    ProcessTable::new(
        Witness::new(ProcFs::new(root), Selection::default(), Counter::default()),
        NonZeroUsize::new(limit).unwrap(),
    )
}

fn key(table: &mut ProcessTable, pid: u32, now: Instant) -> ProcessKey {
    table.resolve(pid, 1, now).expect("traced").key
}

fn start(root: &Path, pid: u32, ticks: u64) {
    let stat = format!("{pid} (p{ticks}) S 1 1 1 0 -1 0 9 0 0 0 1 2 3 4 20 0 1 0 {ticks} 1 1\n");
    std::fs::create_dir_all(root.join(pid.to_string())).unwrap();
    std::fs::write(root.join(pid.to_string()).join("stat"), stat).unwrap();
}

#[test]
fn a_reused_process_id_is_another_process() {
    let root = tempfile::tempdir().unwrap();
    let mut table = table(8, root.path());
    let now = Instant::now();
    start(root.path(), 7, 100);
    let first = key(&mut table, 7, now);
    assert_eq!(key(&mut table, 7, now), first);

    // Its end was reported.
    table.exited(7);
    start(root.path(), 7, 200);
    let second = key(&mut table, 7, now);
    assert_ne!(second, first);
    assert_eq!(
        table.get(first).unwrap().name,
        "p100",
        "calls of the ended process are still to come"
    );

    // Its end was not reported: noticed by the start time, though not at once.
    start(root.path(), 7, 300);
    assert_eq!(key(&mut table, 7, now), second);
    let third = key(&mut table, 7, now + Duration::from_secs(2));
    assert_ne!(third, second);

    // It is gone, and the last of its events come in.
    std::fs::remove_dir_all(root.path().join("7")).unwrap();
    assert_eq!(key(&mut table, 7, now + Duration::from_secs(4)), third);
}

#[test]
fn another_program_is_another_process() {
    let root = tempfile::tempdir().unwrap();
    let mut table = table(8, root.path());
    let now = Instant::now();
    start(root.path(), 7, 100);
    let shell = key(&mut table, 7, now);
    table.exited(7);
    assert_ne!(key(&mut table, 7, now), shell);
}

#[test]
fn the_table_is_bounded_and_forgets_the_ended_first() {
    let root = tempfile::tempdir().unwrap();
    let mut table = table(2, root.path());
    let now = Instant::now();
    for pid in [1, 2, 3, 4] {
        start(root.path(), pid, pid.into());
    }
    let one = key(&mut table, 1, now);
    let two = key(&mut table, 2, now);
    table.exited(2);
    let three = key(&mut table, 3, now);
    assert!(table.get(one).is_some() && table.get(two).is_none());
    key(&mut table, 4, now);
    assert_eq!(table.len(), 2);
    assert!(table.get(one).is_none() && table.get(three).is_some());
    assert_ne!(key(&mut table, 1, now), one, "numbers are never used again");
}
