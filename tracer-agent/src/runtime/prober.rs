//! Keeps probes on every file worth probing, in a thread of its own.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use aya_log::EbpfLogger;
use tracer_common::socket;

use super::{
    blind_spots::Onlooker,
    listener::{Listener, NoMoreNews},
    sources::Sources,
    threads::Watched,
};
use crate::{
    capture::{
        attach::{self, Attached, ProbedFile},
        clock::monotonic_nanos,
        detach::{self, Detacher},
        discover::{BinaryFound, FileNews, Identity, Number},
        load::Loaded,
        mechanism::{Mechanism, ProgramSet},
        sockets::SocketProbes,
        symbols::NotTraceable,
    },
    host::witness::Witness,
    printable::Printable,
    telemetry::{Telemetry, coverage::BinaryCoverage},
};

/// Longest wait for news, and so for a stop.
const WAIT: Duration = Duration::from_millis(200);
/// Longest time for which the start waits until all that is there already is probed.
const LONGEST_START: Duration = Duration::from_secs(30);

/// Longest wait for news while a file is to be probed whose probes before are being taken away.
const LEAVING: Duration = Duration::from_millis(5);

/// What the prober works with.
pub struct ProberParts {
    /// The object in the kernel.
    pub loaded: Loaded,
    /// Probes at sockets; they go with the others.
    pub sockets: Option<SocketProbes>,
    /// How to attach.
    pub mechanism: Mechanism,
    /// What to attach.
    pub set: ProgramSet,
    /// Tells of files.
    pub listener: Listener,
    /// The agent's own metrics.
    pub telemetry: Telemetry,
    /// Counters of calls by probed file.
    pub sources: Sources,
    /// Notes who processes are before they make calls.
    pub witness: Witness,
}

/// Probes at work.
pub struct Prober {
    parts: ProberParts,
    detacher: Detacher<Number, Attached>,
    onlooker: Onlooker,
    kernel_log: Option<EbpfLogger<&'static dyn log::Log>>,
    probed: HashMap<Number, Probed>,
    /// Files that can be probed again once nothing is left of the probes before.
    waiting: Vec<BinaryFound>,
    next_source: u16,
    /// It was said that there is no room for another file.
    is_full: bool,
}

struct Probed {
    source: u16,
    path: PathBuf,
    coverage: BinaryCoverage,
    attached: Attached,
}

/// A look at all processes is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Every file that they use was read.
    Whole,
    /// Some are still to be read.
    Partly,
}

impl Prober {
    /// Attaches to everything that is there now.
    ///
    /// # Errors
    /// If the system refuses a thread, or nobody tells of files any more.
    pub fn start(parts: ProberParts) -> io::Result<Self> {
        let proc = parts.witness.proc().clone();
        let onlooker = Onlooker::start(proc, parts.telemetry.clone())?;
        let mut prober = Self {
            parts,
            detacher: Detacher::start(detach::detach)?,
            onlooker,
            kernel_log: None,
            probed: HashMap::new(),
            waiting: Vec::new(),
            next_source: 1,
            is_full: false,
        };
        prober.count_sockets();
        prober.begin().map_err(io::Error::other)?;
        Ok(prober)
    }

    /// Probes what is there already.
    fn begin(&mut self) -> Result<(), NoMoreNews> {
        let begun = Instant::now();
        while let Some(left) = LONGEST_START.checked_sub(begun.elapsed()) {
            match self.round(left)? {
                Some(Around::Whole) => return Ok(()),
                Some(Around::Partly) => break,
                None => {}
            }
        }
        tracing::warn!(
            "after {:.0?} not all files in use are looked at; the others will be",
            begun.elapsed()
        );
        Ok(())
    }

    fn count_sockets(&self) {
        let ProberParts {
            sockets,
            sources,
            telemetry,
            ..
        } = &self.parts;
        if sockets.is_some() {
            sources.insert(socket::SOURCE, telemetry.coverage.sockets(), true);
        }
    }

    /// Files that are probed.
    pub fn probed_files(&self) -> usize {
        self.probed.len()
    }

    /// Prints the kernel half's messages from now on.
    ///
    /// # Errors
    /// If the object has no log.
    pub fn print_kernel_log(&mut self) -> Result<(), aya_log::Error> {
        self.kernel_log = Some(EbpfLogger::init(&mut self.parts.loaded.ebpf)?);
        Ok(())
    }

    /// Goes on until `stop`; then all probes are removed. It ends earlier if nobody tells of files any
    /// more.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn spawn(mut self, stop: Arc<AtomicBool>) -> io::Result<Watched> {
        Watched::spawn("prober", move || {
            while !stop.load(Ordering::Relaxed) {
                if let Err(error) = self.round(WAIT) {
                    tracing::error!("{error}");
                    break;
                }
            }
            self.detach_all();
        })
    }

    fn round(&mut self, wait: Duration) -> Result<Option<Around>, NoMoreNews> {
        let wait = if self.waiting.is_empty() {
            wait
        } else {
            wait.min(LEAVING)
        };
        let news = self.parts.listener.next(wait)?;
        let around = news.and_then(|news| self.act(news));
        self.attach_waiting();
        if let Some(log) = &mut self.kernel_log {
            log.flush();
        }
        Ok(around)
    }

    fn act(&mut self, news: FileNews) -> Option<Around> {
        match news {
            FileNews::Found(found) => {
                // Nothing is probed twice, whatever was missed of the file's last life.
                self.detach(&found.identity);
                self.waiting.push(found);
            }
            FileNews::NotTraceable {
                display_path,
                reason,
                ..
            } => {
                let failures = &self.parts.telemetry.coverage.failures;
                failures.of((&reason).into()).inc();
                if let NotTraceable::TooManyFiles(_) = reason
                    && !std::mem::replace(&mut self.is_full, true)
                {
                    tracing::warn!(file = %Printable(display_path.display()), "not probed, nor any other: {reason}");
                }
                tracing::debug!(file = %Printable(display_path.display()), "not traceable: {reason}");
            }
            FileNews::Gone(identity) => self.detach(&identity),
            FileNews::LookedAround {
                blind_spots,
                looked_at,
                is_whole,
            } => {
                self.onlooker.show(blind_spots, looked_at);
                return Some(if is_whole {
                    Around::Whole
                } else {
                    Around::Partly
                });
            }
        }
        None
    }

    /// Probes what waits, but for files that still have probes which are being taken away.
    fn attach_waiting(&mut self) {
        let (leaving, free): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|found| self.detacher.is_leaving(found.identity.number()));
        self.waiting = leaving;
        for found in free {
            self.attach(&found);
            if let Some(pid) = found.pid {
                self.parts.witness.may_call(pid, monotonic_nanos());
            }
        }
    }

    /// The next number that no file under probe has.
    fn free_source(&mut self) -> u16 {
        let taken: HashSet<u16> = self.probed.values().map(|probed| probed.source).collect();
        while taken.contains(&self.next_source) || self.next_source == 0 {
            self.next_source = self.next_source.wrapping_add(1);
        }
        let source = self.next_source;
        self.next_source = source.wrapping_add(1);
        source
    }

    fn attach(&mut self, found: &BinaryFound) {
        if !found.still_stands() {
            return self.overwritten(found);
        }
        let path = found.open_path();
        let source = self.free_source();
        let file = ProbedFile {
            path: &path,
            plan: &found.plan,
            source,
        };
        let ProberParts {
            loaded,
            listener,
            mechanism,
            set,
            telemetry,
            sources,
            ..
        } = &mut self.parts;
        match attach::attach(loaded, *mechanism, *set, &file) {
            // Overwritten while it was attached to: breakpoints may stand amid the new code.
            Ok(attached) if !found.still_stands() => {
                self.detacher.detach(found.identity.number(), attached);
                self.overwritten(found);
            }
            Ok(attached) => {
                tracing::info!(
                    file = %Printable(found.display_path.display()),
                    probes = found.plan.points.len(),
                    tls = found.plan.families(),
                    located_by = %found.plan.located_by(),
                    "attached"
                );
                for reason in &found.plan.missed {
                    telemetry.coverage.failures.of(reason.into()).inc();
                    tracing::warn!(
                        file = %Printable(found.display_path.display()),
                        "not all of its calls are seen: {reason}"
                    );
                }
                let build_id = found.identity.build_id.as_ref().map(ToString::to_string);
                let coverage = telemetry.coverage.attached(
                    &Printable(found.display_path.display()).to_string(),
                    build_id.as_deref().unwrap_or_default(),
                    &found.plan,
                );
                let in_order = found.plan.sends_in_order();
                sources.insert(source, coverage.calls.clone(), in_order);
                self.probed.insert(
                    found.identity.number(),
                    Probed {
                        source,
                        path: found.display_path.clone(),
                        coverage,
                        attached,
                    },
                );
            }
            Err(error) => {
                // Seen again, it is tried again: what stood in the way may have passed.
                listener.failed(found.failure(false));
                telemetry.coverage.failures.of((&error).into()).inc();
                tracing::warn!(file = %Printable(found.display_path.display()), "{error}");
            }
        }
    }

    /// Its plan is of what it was: it is to be looked at again.
    fn overwritten(&self, found: &BinaryFound) {
        self.parts.listener.failed(found.failure(true));
        tracing::debug!(file = %Printable(found.display_path.display()), "overwritten before it was probed");
    }

    fn detach(&mut self, identity: &Identity) {
        let is_same = |found: &BinaryFound| found.identity.number() == identity.number();
        self.waiting.retain(|found| !is_same(found));
        if let Some(probed) = self.probed.remove(&identity.number()) {
            self.parts.sources.remove(probed.source);
            self.parts.telemetry.coverage.detached(&probed.coverage);
            self.detacher.detach(identity.number(), probed.attached);
            tracing::info!(file = %Printable(probed.path.display()), "detached");
        }
    }

    /// Takes all probes away, together: one file after the other, they would take longer than whoever
    /// stops the agent waits.
    fn detach_all(mut self) {
        let begun = Instant::now();
        let files = self.probed.len();
        for (number, probed) in self.probed.drain() {
            self.detacher.detach(number, probed.attached);
        }
        self.detacher.finish();
        let ProberParts {
            listener, sockets, ..
        } = self.parts;
        listener.stop();
        drop(sockets);
        tracing::info!("detached from {files} files in {:.1?}", begun.elapsed());
    }
}
