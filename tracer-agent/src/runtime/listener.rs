//! Follows the news of processes and files, in a thread of its own: whoever asks who made a call must
//! not wait until probes are attached or taken away, which takes up to seconds.

use std::{
    convert::Infallible,
    io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::driver::ProcessLife;
use crate::{
    capture::{
        discover::{Audience, Discoverer, Discovery, Failure, FileNews, ProcessNews, WatchMode},
        plan::Returns,
        symbols::NotTraceable,
    },
    host::witness::Witness,
    printable::Printable,
    telemetry::Telemetry,
};

/// Longest wait for news, and so for a stop.
const WAIT: Duration = Duration::from_millis(200);

/// What the listener works with.
pub struct ListenerParts {
    /// Root of the host's process file system.
    pub proc_root: PathBuf,
    /// How calls can be seen to return.
    pub returns: Returns,
    /// Files to report whether or not anybody uses them.
    pub libraries: Vec<PathBuf>,
    /// The agent's own metrics.
    pub telemetry: Telemetry,
    /// Takes news of processes, and notes who they are before they make calls.
    pub witness: Witness,
    /// Takes news of their ends.
    pub lives: Sender<ProcessLife>,
}

/// There will be no more news: the thread that takes them panicked.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the thread that follows processes ended by a panic; please report what stands above")]
pub struct NoMoreNews;

/// The thread, as long as this is not dropped.
pub struct Listener {
    news: Receiver<FileNews>,
    failed: Sender<Failure>,
    thread: JoinHandle<()>,
}

impl Listener {
    /// Starts it. First it reports what is there already.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(parts: ListenerParts) -> io::Result<Self> {
        let witness = parts.witness.clone();
        let discoverer = Discoverer::start(
            parts.proc_root.clone(),
            parts.returns,
            Audience {
                newcomers: witness.takes_newcomers(),
                left_alone: Box::new(move |pid| witness.leaves_alone(pid)),
            },
        )?;
        if let WatchMode::Polling { reason } = discoverer.mode() {
            tracing::warn!(
                "new processes are looked for once a second, so that short ones are missed: {reason}"
            );
        }
        let (told, news) = mpsc::channel();
        let (failed, failures) = mpsc::channel();
        let ears = Ears {
            parts,
            discoverer,
            told,
            failures,
        };
        let thread = thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || ears.listen())?;
        Ok(Self {
            news,
            failed,
            thread,
        })
    }

    /// The next news of files, within `wait`.
    ///
    /// # Errors
    /// If there will be none.
    pub fn next(&self, wait: Duration) -> Result<Option<FileNews>, NoMoreNews> {
        match self.news.recv_timeout(wait) {
            Ok(news) => Ok(Some(news)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(NoMoreNews),
        }
    }

    /// A file could not be probed: it is reported again when it is seen again.
    pub fn failed(&self, failure: Failure) {
        // Nobody listens only when everything stops.
        let _ = self.failed.send(failure);
    }

    /// Ends it.
    pub fn stop(self) {
        let Self {
            news,
            failed,
            thread,
        } = self;
        drop((news, failed));
        if thread.join().is_err() {
            tracing::error!("the thread that follows processes ended by a panic");
        }
    }
}

/// The inside of the thread.
struct Ears {
    parts: ListenerParts,
    discoverer: Discoverer,
    told: Sender<FileNews>,
    failures: Receiver<Failure>,
}

/// Nobody wants to be told any more.
struct Stopped;

impl Ears {
    fn listen(mut self) {
        let Err(Stopped) = self.listen_until_stopped();
    }

    fn listen_until_stopped(&mut self) -> Result<Infallible, Stopped> {
        for path in &self.parts.libraries {
            if let Err(error) = self.discoverer.look_at_file(path.clone()) {
                let file = Printable(path.display());
                tracing::warn!(%file, "cannot be probed: {error}; check the path (`capture.libraries`)");
            }
        }
        loop {
            self.take_failures()?;
            for discovery in self.discoverer.next(WAIT) {
                match discovery {
                    Discovery::Process(news) => self.keep(news),
                    Discovery::File(news) => self.tell(news)?,
                }
            }
            let coverage = &self.parts.telemetry.coverage;
            coverage.gone.inc_by(self.discoverer.take_gone());
            self.parts.witness.heard(self.discoverer.heard());
        }
    }

    fn take_failures(&mut self) -> Result<(), Stopped> {
        loop {
            match self.failures.try_recv() {
                Ok(failure) => self.discoverer.failed(&failure),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(Stopped),
            }
        }
    }

    /// Who attaches is told of files.
    fn tell(&self, news: FileNews) -> Result<(), Stopped> {
        if let FileNews::NotTraceable {
            display_path,
            reason,
            ..
        } = &news
        {
            if self.parts.libraries.contains(display_path) {
                warn_of_named(display_path, reason);
            }
            // That is so of most files, and no failure.
            if *reason == NotTraceable::NoTlsSymbols {
                return Ok(());
            }
        }
        self.told.send(news).map_err(|_| Stopped)
    }

    /// What is said of processes is noted.
    fn keep(&self, news: ProcessNews) {
        let ListenerParts {
            witness,
            lives,
            telemetry,
            ..
        } = &self.parts;
        // Nobody takes lives only when everything stops.
        let live = |life| {
            let _ = lives.send(life);
        };
        match news {
            ProcessNews::MayCall { pid, time } => witness.may_call(pid, time),
            ProcessNews::Missed(count) => {
                telemetry.coverage.lost_news.inc_by(count);
                witness.missed_news();
                live(ProcessLife::Missed);
            }
            ProcessNews::Forked { pid, parent, time } => witness.forked(pid, parent, time),
            ProcessNews::ProgramMapped { pid, path, time } => {
                witness.mapped(pid, time, &path.to_string_lossy());
            }
            ProcessNews::Executed { pid, name, time } => {
                witness.executed(pid, time, &name);
                live(ProcessLife::Executed { pid, time });
            }
            ProcessNews::Exited { pid, time } => {
                if let Some(time) = time {
                    witness.exited(pid, time);
                }
                live(ProcessLife::Exited { pid, time });
            }
        }
    }
}

/// The operator named this file, and is to hear why it is not probed.
fn warn_of_named(path: &Path, reason: &NotTraceable) {
    const ANOTHER: &str = "name the library or program that does the TLS (`capture.libraries`)";
    const DOCTOR: &str = "`tracer-agent doctor` says what helps, for each process that uses it";
    let file = Printable(path.display());
    match reason {
        NotTraceable::NoTlsSymbols => {
            tracing::warn!(%file, "holds no TLS functions to probe; {ANOTHER}");
        }
        NotTraceable::Unreadable(_) => tracing::warn!(%file, "not probed: {reason}; {ANOTHER}"),
        _ => tracing::warn!(%file, "not probed: {reason}; {DOCTOR}"),
    }
}
