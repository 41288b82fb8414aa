use std::{
    io,
    sync::{Mutex, PoisonError},
};

use serde_json::json;

use super::*;
use crate::{
    export::{fanout::Running, jsonl::JsonLines, samples},
    host::{
        cgroup::Placement,
        kubernetes::{pod::Pod, settings::PodSettings},
    },
};

const WAIT: Duration = Duration::from_secs(3);

/// What an output wrote.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A process in container `app` of pod `pod`.
fn info(process: u64, pod: Option<&str>) -> ProcessInfo {
    let mut info = (*samples::record(process, samples::chat()).process).clone();
    info.placement = Placement {
        pod_uid: pod.map(str::to_owned),
        container_id: Some(format!("id-{}", pod.unwrap_or_default())),
        ..Placement::default()
    };
    info
}

/// A completion whose output can be read.
struct Scene {
    completion: Completion,
    running: Running,
    written: Written,
    directory: Directory,
    telemetry: Telemetry,
}

impl Scene {
    fn new() -> Self {
        let (mut outputs, mut running) = (Outputs::default(), Running::default());
        let (written, telemetry) = (Written::default(), Telemetry::new());
        outputs
            .add_lines(&mut running, "json", JsonLines, written.clone(), &telemetry)
            .unwrap();
        let directory = Directory::default();
        directory.set_reach(Reach::Reached);
        Self {
            completion: Completion::of_pods(outputs, directory.clone(), WAIT, telemetry.clone()),
            running,
            written,
            directory,
            telemetry,
        }
    }

    /// A call of a process in container `app` of pod `pod`.
    fn call(&mut self, process: u64, pod: Option<&str>, now: Instant) {
        let mut record = samples::record(process, samples::chat());
        record.process = Arc::new(info(process, pod));
        self.completion.offer(record, now);
    }

    /// Whether all is known of that process by now.
    fn is_settled(&mut self, process: u64, pod: Option<&str>) -> bool {
        let info = Arc::new(info(process, pod));
        self.completion.known(&info).1
    }

    fn held(&self) -> i64 {
        self.telemetry.kubernetes.held.get()
    }

    fn counted(&self, label: PodLabel) -> u64 {
        self.telemetry.kubernetes.calls.of(label).get()
    }

    /// Names of the services of all calls, in the order in which they went.
    async fn services(self) -> Vec<String> {
        drop(self.completion);
        self.running.finish(Duration::from_secs(10)).await.unwrap();
        let bytes = self.written.0.lock().unwrap().clone();
        let lines = String::from_utf8(bytes).unwrap();
        let service = |line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["service.name"].as_str().unwrap_or_default().to_owned()
        };
        lines.lines().map(service).collect()
    }
}

/// A pod named like its id, whose one container may not be told yet.
fn pod(uid: &str, container_told: bool) -> Pod {
    let id = if container_told {
        format!("cri-o://id-{uid}")
    } else {
        String::new()
    };
    let object = json!({
        "metadata": {"name": uid, "namespace": "prod", "uid": uid},
        "spec": {"containers": [{"name": "app", "image": "app:1"}, {"name": "side", "image": "side"}]},
        "status": {"containerStatuses": [{"name": "app", "containerID": id}]},
    });
    Pod::read(
        serde_json::from_value(object).unwrap(),
        &PodSettings::default(),
    )
    .unwrap()
}

#[tokio::test]
async fn calls_wait_for_their_pod_and_go_in_order() {
    let mut scene = Scene::new();
    let start = Instant::now();
    for process in [1, 2, 1] {
        scene.call(process, Some("a"), start);
    }
    scene.call(3, None, start);
    scene.completion.process_ended(ProcessKey(1));
    scene.completion.look(start + WAIT / 2);
    assert_eq!(scene.held(), 3);
    scene.directory.put(pod("a", true), start);
    scene.completion.look(start + WAIT / 2);
    assert_eq!((scene.held(), scene.counted(PodLabel::Late)), (0, 3));
    scene.call(2, Some("a"), start);
    assert_eq!((scene.held(), scene.counted(PodLabel::Known)), (0, 1));
    // Outside of a pod nothing waits.
    assert_eq!(scene.services().await, ["service-3", "a", "a", "a", "a"]);
}

#[tokio::test]
async fn nothing_waits_longer_than_it_may_and_nobody_waits_twice() {
    let mut scene = Scene::new();
    let start = Instant::now();
    scene.call(1, Some("a"), start);
    scene.call(1, Some("a"), start + WAIT / 2);
    scene
        .completion
        .look(start + WAIT - Duration::from_millis(1));
    assert_eq!(scene.held(), 2);
    scene.completion.look(start + WAIT);
    assert_eq!((scene.held(), scene.counted(PodLabel::Unknown)), (0, 2));
    scene.call(1, Some("a"), start + WAIT * 2);
    assert_eq!((scene.held(), scene.counted(PodLabel::Unknown)), (0, 3));
    // It is told all the same once it is known.
    scene.directory.put(pod("a", true), start);
    scene.call(1, Some("a"), start + WAIT * 3);
    assert_eq!(scene.counted(PodLabel::Known), 1);
    let services = scene.services().await;
    assert_eq!(services, ["service-1", "service-1", "service-1", "a"]);
}

/// Who asks before a call is offered is told whether more may come.
#[tokio::test]
async fn what_may_still_become_known_is_not_settled() {
    let mut scene = Scene::new();
    assert!(!scene.is_settled(1, Some("a")));
    assert!(scene.is_settled(2, None), "of no pod");
    scene.directory.put(pod("a", false), Instant::now());
    assert!(!scene.is_settled(1, Some("a")), "its container is not told");
    scene.directory.put(pod("a", true), Instant::now());
    assert!(scene.is_settled(1, Some("a")));
    scene.directory.set_reach(Reach::Away);
    assert!(!scene.is_settled(3, Some("b")));
    assert!(scene.is_settled(1, Some("a")));
}

#[tokio::test]
async fn while_the_api_is_away_calls_go_without() {
    let mut scene = Scene::new();
    let start = Instant::now();
    scene.directory.put(pod("known", true), start);
    scene.call(1, Some("a"), start);
    scene.directory.set_reach(Reach::Away);
    scene.completion.look(start);
    scene.call(2, Some("b"), start);
    scene.call(3, Some("known"), start);
    assert_eq!(scene.held(), 0);
    assert_eq!(scene.counted(PodLabel::Away), 2);
    assert_eq!(scene.counted(PodLabel::Known), 1);
    assert_eq!(scene.services().await, ["service-1", "service-2", "known"]);
}

#[tokio::test]
async fn a_pod_whose_containers_are_not_told_in_time_is_better_than_none() {
    let mut scene = Scene::new();
    let start = Instant::now();
    scene.directory.put(pod("a", false), start);
    scene.call(1, Some("a"), start);
    assert_eq!(scene.held(), 1);
    scene.completion.look(start + WAIT);
    scene.call(1, Some("a"), start + WAIT);
    scene.directory.put(pod("a", true), start);
    scene.call(1, Some("a"), start + WAIT);
    assert_eq!(scene.held(), 0);
    assert_eq!(scene.services().await, ["a", "a", "a"]);
}

#[tokio::test]
async fn what_waits_is_bounded_and_let_go_at_the_end() {
    let mut scene = Scene::new();
    let start = Instant::now();
    for process in 0..MAX_HELD as u64 + 10 {
        scene.call(process, Some("a"), start);
    }
    let held = u64::try_from(scene.held()).unwrap();
    assert!(held <= MAX_HELD as u64);
    let went = scene.counted(PodLabel::NoRoom);
    assert_eq!(held + went, MAX_HELD as u64 + 10);
    scene.completion.flush();
    assert_eq!(scene.held(), 0);
}
