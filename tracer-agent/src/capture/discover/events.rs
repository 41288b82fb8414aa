//! What the kernel tells of processes and what they map, as discoveries and as work.

use super::discoverer::Discoverer;
use super::discovery::{Discovery, ProcessNews};
use super::mapped::{MappedFile, Source, display_path, executable, has_room_for_tls, suggests_tls};
use super::perf_record::Record;
use super::watch::Watch;
use crate::capture::clock::monotonic_nanos;

impl Discoverer {
    /// Handles what the rings hold; tells whether there was anything.
    pub(super) fn take_events(&mut self, news: &mut Vec<Discovery>) -> bool {
        let Watch::Events(rings) = &mut self.watch else {
            return false;
        };
        let mut bytes = 0;
        let mut lost = false;
        self.heard = monotonic_nanos();
        let (backlog, judge) = (&mut self.backlog, &mut self.judge);
        let left_alone = &self.audience.left_alone;
        let starting = &mut self.starting;
        for ring in rings {
            bytes += ring.drain(|record| match record {
                Record::Mapped {
                    pid,
                    start,
                    end,
                    key,
                    path,
                    time,
                } => {
                    let file = || MappedFile {
                        key,
                        path: display_path(path),
                        source: Source::Mapping { pid, start, end },
                    };
                    if !path.starts_with(b"/") {
                        return;
                    }
                    if starting.is_program(pid, path) {
                        let path = display_path(path);
                        news.push(ProcessNews::ProgramMapped { pid, path, time }.into());
                    }
                    if suggests_tls(path) {
                        if !judge.rejects(&key) {
                            news.push(ProcessNews::MayCall { pid, time }.into());
                        }
                        lost |= !left_alone(pid) && !backlog.library(file());
                    } else if has_room_for_tls(path, end.saturating_sub(start)) {
                        if judge.tracks(&key) {
                            news.push(ProcessNews::MayCall { pid, time }.into());
                        }
                        lost |= !left_alone(pid) && !backlog.program(file());
                    }
                }
                Record::Forked { pid, parent, time } => {
                    news.push(ProcessNews::Forked { pid, parent, time }.into());
                }
                Record::Executed { pid, name, time } => {
                    starting.began(pid, name);
                    let name = String::from_utf8_lossy(name).into_owned();
                    news.push(ProcessNews::Executed { pid, name, time }.into());
                    if let Some(program) = executable(&self.proc_root, pid) {
                        if judge.tracks(&program.key) {
                            news.push(ProcessNews::MayCall { pid, time }.into());
                        }
                        lost |= !left_alone(pid) && !backlog.program(program);
                    }
                }
                Record::Exited { pid, time } => {
                    starting.ended(pid);
                    let time = Some(time);
                    news.push(ProcessNews::Exited { pid, time }.into());
                }
                Record::Lost(count) => {
                    news.push(ProcessNews::Missed(count).into());
                    lost = true;
                }
            });
        }
        if lost {
            self.look_again_soon();
        }
        bytes > 0
    }
}
