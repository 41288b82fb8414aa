//! The stream of discoveries: what is there at the start, then what appears and goes.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::backlog::{Backlog, Look};
use super::census::Census;
use super::departed::{Departed, Progress};
use super::discovery::{Discovery, Failure, FileNews, ProcessNews};
use super::judge::Judge;
use super::mapped::{MappedFile, mapped_files, process_ids, suggests_tls};
use super::perf_ring::wait;
use super::polling::TICK;
use super::readers::Readers;
use super::starting::Starting;
use super::system::system_files;
use super::watch::{Watch, WatchMode};
use crate::capture::clock::monotonic_nanos;
use crate::capture::plan::Returns;

/// Pause after a batch of events: more of them come, and one wake-up serves many.
const BATCH: Duration = Duration::from_millis(1);
/// A full look at all processes, in case an event was missed.
const FULL_SCAN: Duration = Duration::from_secs(60);
/// The least time between two full looks, when events are lost time and again.
const FULL_SCAN_PAUSE: Duration = Duration::from_secs(1);
/// Longest time after which a look at all processes is concluded though files that it found are still to be
/// read: others that were found meanwhile may wait before them, and their number has no end.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// Time between two looks for files under probe that were overwritten in place, and for processors that came.
const STANDING_CHECK: Duration = Duration::from_secs(1);
/// Time between two looks for deleted files that nobody maps any more.
const GONE_CHECK: Duration = Duration::from_secs(30);

/// Whose calls are to be seen.
pub struct Audience {
    /// Whether a process is left alone: what nobody else maps is not probed. Asked with each mapping
    /// that could matter.
    pub left_alone: Box<dyn Fn(u32) -> bool + Send>,
    /// Whether processes may be among them that are not there yet: what they usually map is probed
    /// before they do.
    pub newcomers: bool,
}

/// Finds files to probe and follows them. Runs in a thread of its own, by [`Discoverer::next`].
pub struct Discoverer {
    pub(super) proc_root: PathBuf,
    pub(super) audience: Audience,
    pub(super) judge: Judge,
    pub(super) watch: Watch,
    pub(super) backlog: Backlog,
    /// Files that the operator names.
    named: Vec<PathBuf>,
    /// The look at all processes that is under way.
    census: Option<Census>,
    /// The look for those who map deleted files.
    departed: Option<Departed>,
    readers: Readers,
    pub(super) starting: Starting,
    /// All that happened before this, in monotonic nanoseconds, was taken from the rings.
    pub(super) heard: u64,
    full_scan_at: Instant,
    last_full_scan: Instant,
    gone_check_at: Instant,
    standing_check_at: Instant,
}

impl Discoverer {
    /// Starts watching the processes under `proc_root` (`/proc`), as far as they are of the `audience`,
    /// for files whose calls can be seen to return by `returns`: from now on nothing that is mapped goes
    /// unnoticed. What is there already comes first, up to [`FileNews::LookedAround`].
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(proc_root: PathBuf, returns: Returns, audience: Audience) -> io::Result<Self> {
        let now = Instant::now();
        let watch = Watch::start(now);
        Self::with(proc_root, returns, audience, watch, now)
    }

    fn with(
        proc_root: PathBuf,
        returns: Returns,
        audience: Audience,
        watch: Watch,
        now: Instant,
    ) -> io::Result<Self> {
        Ok(Self {
            audience,
            judge: Judge::new(proc_root.clone(), returns),
            proc_root,
            watch,
            backlog: Backlog::default(),
            named: Vec::new(),
            census: None,
            departed: None,
            readers: Readers::start()?,
            starting: Starting::default(),
            heard: 0,
            full_scan_at: now,
            last_full_scan: now,
            gone_check_at: now + GONE_CHECK,
            standing_check_at: now + STANDING_CHECK,
        })
    }

    /// How changes are noticed.
    pub fn mode(&self) -> WatchMode {
        self.watch.mode()
    }

    /// What happened to processes before this time (monotonic nanoseconds) was reported.
    pub const fn heard(&self) -> u64 {
        self.heard
    }

    /// Looks at a file that the operator names, at each full look, whether or not anybody uses it. What is
    /// said of it first comes before anything of others, also if it holds no TLS.
    ///
    /// # Errors
    /// If it cannot be opened now.
    pub fn look_at_file(&mut self, path: PathBuf) -> io::Result<()> {
        let file = MappedFile::named(&path);
        self.named.push(path);
        if !self.backlog.library(file?) {
            self.look_again_soon();
        }
        Ok(())
    }

    /// Files that were gone, with who used them, before they could be opened; since the last time.
    pub const fn take_gone(&mut self) -> u64 {
        self.judge.take_gone()
    }

    /// A file could not be probed as it was found: it is reported again when it is seen again, and looked
    /// for soon if it is another one by now.
    pub fn failed(&mut self, failure: &Failure) {
        let Failure {
            identity,
            finding,
            overwritten,
        } = failure;
        if self.judge.failed(identity, *finding) && *overwritten {
            self.look_again_soon();
        }
    }

    /// Everything that is there already, and from here on whatever was not reported before.
    #[cfg(test)]
    pub(super) fn look_around(&mut self) -> Vec<Discovery> {
        let mut news = Vec::new();
        loop {
            // The rings are small: left alone for as long as this takes, they would overflow.
            self.take_events(&mut news);
            self.take_answers(&mut news);
            let now = Instant::now();
            self.do_what_is_due(now, &mut news);
            self.work(&mut news);
            self.conclude_look(&mut news);
            if self.is_idle() && self.departed.is_none() {
                return news;
            }
            if !self.can_work() {
                self.wait_until(now + FULL_SCAN_PAUSE);
            }
        }
    }

    /// Waits for news, at most `timeout`; empty when there is none.
    pub fn next(&mut self, timeout: Duration) -> Vec<Discovery> {
        let deadline = Instant::now() + timeout;
        loop {
            let mut news = Vec::new();
            let events = self.take_events(&mut news);
            self.take_answers(&mut news);
            let now = Instant::now();
            self.do_what_is_due(now, &mut news);
            self.work(&mut news);
            self.conclude_look(&mut news);
            if !news.is_empty() || now >= deadline {
                return news;
            }
            if self.can_work() {
                continue;
            }
            if events {
                thread::sleep(BATCH);
            }
            self.wait_until(deadline.min(self.next_due()));
        }
    }

    fn do_what_is_due(&mut self, now: Instant, news: &mut Vec<Discovery>) {
        if now >= self.standing_check_at {
            self.standing_check_at = now + STANDING_CHECK;
            self.drop_overwritten(news);
            if self.watch.follow_processors() {
                // What happened there before was not told.
                self.look_again_soon();
            }
        }
        // One at a time: begun anew while events are lost, none would end.
        if now >= self.full_scan_at && self.census.is_none() {
            let processes = process_ids(&self.proc_root).unwrap_or_default();
            self.backlog.full_look(processes);
            self.census = Some(Census::begin(now));
            self.last_full_scan = now;
            self.full_scan_at = now + FULL_SCAN;
        }
        if let Watch::Polling {
            polling, tick_at, ..
        } = &mut self.watch
            && now >= *tick_at
        {
            *tick_at = now + TICK;
            let tick = polling.tick(&self.proc_root, now);
            let exited = tick
                .exited
                .into_iter()
                .map(|pid| Discovery::Process(ProcessNews::Exited { pid, time: None }));
            news.extend(exited);
            for pid in tick.look_at {
                self.look_at(pid, news);
            }
        }
        if now >= self.gone_check_at && self.departed.is_none() {
            self.gone_check_at = now + GONE_CHECK;
            let deleted = self.judge.deleted();
            let deleted = deleted.map(|tracked| (tracked.mapped_inode, tracked.witness));
            self.departed = Departed::begin(deleted, now);
        }
    }

    /// Does one piece of what waits, or has it done.
    fn work(&mut self, news: &mut Vec<Discovery>) {
        if self.readers.has_room_for_library()
            && let Some(file) = self.backlog.take_library()
        {
            // A file that is mapped anew may be one that was overwritten just now.
            self.drop_overwritten(news);
            if let Some(question) = self.judge.question(&file) {
                self.readers.library(question);
            }
        }
        if self.readers.has_room_for_program()
            && let Some(file) = self.backlog.take_program()
        {
            self.drop_overwritten(news);
            if let Some(question) = self.judge.question(&file) {
                self.readers.program(question);
            }
        }
        match self.backlog.take_look() {
            Some(Look::Process(pid)) => self.look_at(pid, news),
            Some(Look::Others) => self.look_at_others(),
            None => {}
        }
        self.look_for_departed(news);
    }

    /// Whether something waits and nobody works on its like.
    fn can_work(&self) -> bool {
        self.backlog.has_library() && self.readers.has_room_for_library()
            || self.backlog.has_program() && self.readers.has_room_for_program()
            || self.backlog.is_looking()
            || self.departed.is_some()
    }

    fn is_idle(&self) -> bool {
        let waits = self.backlog.has_library() || self.backlog.has_program();
        !waits && !self.backlog.is_looking() && !self.readers.is_busy()
    }

    fn take_answers(&mut self, news: &mut Vec<Discovery>) {
        let answers = self.readers.answers().into_iter();
        news.extend(
            answers
                .filter_map(|answer| self.judge.conclude(answer))
                .map(Discovery::File),
        );
        if self.judge.take_unsteady() {
            self.look_again_soon();
        }
    }

    /// Says what a look at all processes found, once nothing of it is left to do, or it has taken long.
    fn conclude_look(&mut self, news: &mut Vec<Discovery>) {
        let idle = self.is_idle();
        let looking = self.backlog.is_looking();
        let is_over =
            |census: &mut Census| idle || !looking && census.begun().elapsed() > LONGEST_LOOK;
        if let Some(census) = self.census.take_if(is_over) {
            census.conclude(&mut self.judge, idle, news);
            let now = Instant::now();
            self.last_full_scan = now;
            self.full_scan_at = self.full_scan_at.max(now + FULL_SCAN_PAUSE);
        }
    }

    /// Lets a file wait to be read.
    fn enqueue(&mut self, file: MappedFile) {
        let room = if suggests_tls(file.path.as_os_str().as_bytes()) {
            self.backlog.library(file)
        } else {
            self.backlog.program(file)
        };
        if !room {
            self.look_again_soon();
        }
    }

    /// Looks at files that nobody may map yet.
    fn look_at_others(&mut self) {
        // Why one of them cannot be opened was said at the start.
        let named = self.named.iter();
        let mut files: Vec<MappedFile> = named
            .filter_map(|path| MappedFile::named(path).ok())
            .collect();
        if self.audience.newcomers {
            files.extend(system_files(&self.proc_root));
        }
        files.into_iter().for_each(|file| self.enqueue(file));
    }

    pub(super) fn look_again_soon(&mut self) {
        let soonest = self.last_full_scan + FULL_SCAN_PAUSE;
        self.full_scan_at = self.full_scan_at.min(soonest);
    }

    /// Looks at what a process maps.
    fn look_at(&mut self, pid: u32, news: &mut Vec<Discovery>) {
        let time = monotonic_nanos();
        let left_alone = (self.audience.left_alone)(pid);
        let files = mapped_files(&self.proc_root, pid);
        if !left_alone && let Some(census) = &mut self.census {
            match &files {
                Ok(files) => census.uses(pid, files, &mut self.judge),
                Err(error) => census.cannot_read(pid, error),
            }
        }
        let files = files.unwrap_or_default();
        let may_hold = |file: &MappedFile| suggests_tls(file.path.as_os_str().as_bytes());
        let may_call = files.iter().any(|file| {
            self.judge.tracks(&file.key) || may_hold(file) && !self.judge.rejects(&file.key)
        });
        // Without events nobody tells when this ends to be true.
        if may_call && matches!(self.watch, Watch::Events(_)) {
            news.push(ProcessNews::MayCall { pid, time }.into());
        }
        if !left_alone {
            files.into_iter().for_each(|file| self.enqueue(file));
        }
    }

    /// Reports files under probe whose content was replaced, and has those read that may be.
    fn drop_overwritten(&mut self, news: &mut Vec<Discovery>) {
        let (overwritten, unsure) = self.judge.take_overwritten();
        news.extend(overwritten.into_iter().map(|it| FileNews::Gone(it).into()));
        for question in unsure {
            self.readers.at_leisure(question);
        }
    }

    /// Goes on to look who maps deleted files, and reports those that nobody does.
    fn look_for_departed(&mut self, news: &mut Vec<Discovery>) {
        let Some(mut departed) = self.departed.take() else {
            return;
        };
        match departed.step(&self.proc_root) {
            Progress::GoesOn => self.departed = Some(departed),
            Progress::Over(found) => {
                let gone = self.judge.take_departed(&found, departed.begun());
                news.extend(gone.into_iter().map(|it| FileNews::Gone(it).into()));
            }
            Progress::Unknown => {}
        }
    }

    fn next_due(&self) -> Instant {
        let look = match &self.census {
            Some(census) => census.begun() + LONGEST_LOOK,
            None => self.full_scan_at,
        };
        let due = look.min(self.gone_check_at).min(self.standing_check_at);
        match &self.watch {
            Watch::Events(_) => due,
            Watch::Polling { tick_at, .. } => due.min(*tick_at),
        }
    }

    fn wait_until(&mut self, until: Instant) {
        // Rounded up: a wait of less than a millisecond would not wait at all.
        let timeout = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let busy = self.readers.bells();
        match &mut self.watch {
            Watch::Events(rings) => wait(rings, &busy, timeout),
            Watch::Polling { .. } => wait(&mut Vec::new(), &busy, timeout),
        }
    }
}

#[cfg(test)]
impl Discoverer {
    /// A discoverer that polls, whatever the kernel allows.
    pub(super) fn polling(proc_root: PathBuf, audience: Audience) -> io::Result<Self> {
        let now = Instant::now();
        let watch = Watch::polling("by test".to_owned(), now);
        Self::with(proc_root, Returns::Probed, audience, watch, now)
    }

    /// Makes the check for deleted files due.
    pub(super) fn check_gone_now(&mut self) {
        self.gone_check_at = Instant::now();
    }

    /// Whether an analyst is at a program, or one waits for it.
    pub(super) fn is_reading_a_program(&self) -> bool {
        self.readers.has_a_program() || self.backlog.has_program()
    }

    /// Makes a look at all processes due.
    pub(super) fn look_again_now(&mut self) {
        self.full_scan_at = Instant::now();
    }
}
