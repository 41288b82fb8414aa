//! Keeps the directory up to date: lists the pods of this node, then follows what changes.
//!
//! As <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>
//! wants it: the first list may come from the server's cache, which costs its store nothing however
//! many agents start at once; bookmarks keep the place in the history fresh; once that is forgotten
//! (410), everything is listed again, this time as of now.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    api::{Api, authority},
    backoff::{Backoff, random},
    directory::{Directory, Reach},
    failure::Failure,
    lines::Lines,
    object::{Bookmark, PodList, PodObject, Refusal, WatchEvent},
    pod::Pod,
    settings::KubernetesSettings,
};
use crate::{causes::with_causes, telemetry::Telemetry};

/// Pods in one page of a list.
const PAGE: usize = 100;
/// Most pages: a list that never ends is none.
const MAX_PAGES: usize = 100;
/// How long a watch is asked to last: between this and twice as long, so that those of many nodes
/// do not end together.
const WATCH: Duration = Duration::from_secs(240);
/// A server that does not end the watch in time is gone.
const GRACE: Duration = Duration::from_secs(30);
/// A watch that ends sooner did not work.
const SHORTEST: Duration = Duration::from_secs(1);

/// Follows the pods of one node.
#[derive(Debug)]
pub struct Watcher {
    settings: KubernetesSettings,
    directory: Directory,
    telemetry: Telemetry,
    api: Option<Api>,
    next: Next,
    backoff: Backoff,
    /// Since when the API has been away.
    away: Option<Instant>,
}

/// What is to be asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// Everything, as of now or as the server's cache has it.
    List { as_of_now: bool },
    /// What changed after a place in the history.
    Watch { since: String },
}

impl Watcher {
    /// Fills `directory` once it is run.
    pub fn new(settings: KubernetesSettings, directory: Directory, telemetry: Telemetry) -> Self {
        Self {
            settings,
            directory,
            telemetry,
            api: None,
            next: Next::List { as_of_now: false },
            backoff: Backoff::default(),
            away: None,
        }
    }

    /// Goes on for ever. Must be run inside a tokio runtime.
    pub async fn run(mut self) {
        loop {
            let begun = Instant::now();
            let done = self.step().await;
            let pods = i64::try_from(self.directory.len()).unwrap_or(i64::MAX);
            self.telemetry.kubernetes.pods.set(pods);
            match done {
                Ok(Done::Listed) => {}
                Ok(Done::Watched) if begun.elapsed() >= SHORTEST => self.backoff.reset(),
                Ok(Done::Watched) => sleep(self.backoff.next(None)).await,
                Err(failure) => {
                    self.failed(&failure);
                    sleep(self.backoff.next(failure.asked())).await;
                }
            }
        }
    }

    /// Lists the pods once, for `doctor`: how many there are.
    ///
    /// # Errors
    /// If the API does not tell.
    pub async fn look(&mut self) -> Result<usize, Failure> {
        self.list(false).await?;
        Ok(self.directory.len())
    }

    async fn step(&mut self) -> Result<Done, Failure> {
        match self.next.clone() {
            Next::List { as_of_now } => {
                let since = self.list(as_of_now).await?;
                self.next = Next::Watch { since };
                Ok(Done::Listed)
            }
            Next::Watch { since } => self.watch(&since).await.map(|()| Done::Watched),
        }
    }

    fn failed(&mut self, failure: &Failure) {
        self.telemetry
            .kubernetes
            .failures
            .of(failure.reason())
            .inc();
        match failure {
            Failure::Expired => {
                tracing::debug!("Kubernetes API: {failure}");
                self.next = Next::List { as_of_now: true };
                return;
            }
            // Where the stream is, is not known.
            Failure::Malformed(_) => self.next = Next::List { as_of_now: true },
            _ => {}
        }
        // The next one reads the authority again.
        self.api = None;
        self.directory.set_reach(Reach::Away);
        self.telemetry.kubernetes.reached.set(0);
        if self.away.is_none() {
            self.away = Some(Instant::now());
            tracing::warn!(
                "the Kubernetes API at {} does not tell of pods: {failure}; calls go without the \
                 names of new pods until it does",
                authority(&self.settings.api)
            );
        } else {
            tracing::debug!("Kubernetes API: {failure}");
        }
    }

    fn reached(&mut self) {
        self.directory.set_reach(Reach::Reached);
        self.telemetry.kubernetes.reached.set(1);
        if let Some(since) = self.away.take() {
            let seconds = since.elapsed().as_secs();
            tracing::info!("the Kubernetes API tells of pods again, after {seconds} s");
        }
    }

    /// All pods into the directory; returns what a watch goes on from.
    async fn list(&mut self, as_of_now: bool) -> Result<String, Failure> {
        let mut pods = Vec::new();
        let mut from = if as_of_now { "" } else { "&resourceVersion=0" }.to_owned();
        for _ in 0..MAX_PAGES {
            let path = format!("{}&limit={PAGE}{from}", self.pods_of_node());
            let body = self.api()?.read(&path).await?;
            let page: PodList = serde_json::from_slice(&body).map_err(|it| malformed(&it))?;
            pods.extend(
                page.items
                    .into_iter()
                    .filter_map(|object| self.of_node(object)),
            );
            let next = page.metadata.next_page;
            if next.is_empty() {
                self.telemetry.kubernetes.lists.inc();
                self.directory.replace(pods, Instant::now().into_std());
                self.reached();
                return Ok(page.metadata.resource_version);
            }
            let next = utf8_percent_encode(&next, NON_ALPHANUMERIC);
            from = format!("&continue={next}");
        }
        Err(Failure::Malformed("a list that does not end".to_owned()))
    }

    /// Follows changes until the server ends it.
    async fn watch(&mut self, since: &str) -> Result<(), Failure> {
        let lasts = WATCH + random(WATCH);
        let path = format!(
            "{}&watch=1&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={since}",
            self.pods_of_node(),
            lasts.as_secs(),
        );
        let deadline = Instant::now() + lasts + GRACE;
        let mut body = self.api()?.get(&path).await?.into_body();
        self.reached();
        let mut lines = Lines::default();
        while let Some(piece) = next_piece(&mut body, deadline).await? {
            lines.push(&piece, |line| self.apply(line))?;
        }
        Ok(())
    }

    /// Does what one line of a watch says.
    fn apply(&mut self, line: &[u8]) -> Result<(), Failure> {
        let event: WatchEvent<'_> = serde_json::from_slice(line).map_err(|it| malformed(&it))?;
        let object = event.object.get();
        let place = match event.kind {
            "ADDED" | "MODIFIED" | "DELETED" => {
                let mut object: PodObject =
                    serde_json::from_str(object).map_err(|it| malformed(&it))?;
                let place = std::mem::take(&mut object.metadata.resource_version);
                if event.kind == "DELETED" {
                    self.directory
                        .remove(&object.metadata.uid, Instant::now().into_std());
                } else if let Some(pod) = self.of_node(object) {
                    self.directory.put(pod, Instant::now().into_std());
                }
                place
            }
            "ERROR" => {
                let refusal: Refusal = serde_json::from_str(object).map_err(|it| malformed(&it))?;
                tracing::debug!("the watch ends: {}", refusal.message);
                return Err(Failure::of_status(refusal.code, None));
            }
            // A bookmark; what is not known yet has a place as well.
            _ => {
                let bookmark: Bookmark =
                    serde_json::from_str(object).map_err(|it| malformed(&it))?;
                bookmark.metadata.resource_version
            }
        };
        if !place.is_empty() {
            self.next = Next::Watch { since: place };
        }
        Ok(())
    }

    fn of_node(&self, object: PodObject) -> Option<Pod> {
        let pod = Pod::read(object, &self.settings.pods)?;
        (pod.node == self.settings.pods.node).then_some(pod)
    }

    fn pods_of_node(&self) -> String {
        let node = utf8_percent_encode(&self.settings.pods.node, NON_ALPHANUMERIC);
        format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")
    }

    fn api(&mut self) -> Result<&Api, Failure> {
        let api = match self.api.take() {
            Some(api) => api,
            None => Api::new(&self.settings.api)?,
        };
        Ok(self.api.insert(api))
    }
}

/// What went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Listed,
    Watched,
}

async fn next_piece(
    body: &mut Incoming,
    deadline: Instant,
) -> Result<Option<hyper::body::Bytes>, Failure> {
    loop {
        let frame = timeout_at(deadline, body.frame()).await;
        match frame.map_err(|_| Failure::Timeout(GRACE))? {
            None => return Ok(None),
            Some(Err(error)) => return Err(Failure::BrokenOff(with_causes(&error))),
            // Trailers say nothing.
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
        }
    }
}

fn malformed(error: &serde_json::Error) -> Failure {
    Failure::Malformed(error.to_string())
}
