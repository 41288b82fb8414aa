//! A thread that reads files, so that whoever follows the news of processes does not wait for it.

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::mpsc::{self, Receiver, Sender, TryRecvError},
    thread,
};

use super::question::{Question, Read};

/// One reader. It has one file at a time; dropped, it ends behind the file that it has.
#[derive(Debug)]
pub(super) struct Analyst {
    questions: Sender<Question>,
    answers: Receiver<Read>,
    /// Readable when there is an answer.
    bell: UnixStream,
    busy: bool,
}

impl Analyst {
    /// Starts the thread.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let (questions, asked) = mpsc::channel::<Question>();
        let (answer, answers) = mpsc::channel();
        let (bell, mut ring) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                for question in asked {
                    // Nobody listens only when everything stops.
                    if answer.send(question.answer()).is_err() || ring.write_all(b".").is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            questions,
            answers,
            bell,
            busy: false,
        })
    }

    /// Whether it has a file.
    pub(super) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Gives it a file; it must have none.
    pub(super) fn ask(&mut self, question: Question) {
        // The thread ends only by a panic; then the file is never answered for.
        self.busy = self.questions.send(question).is_ok();
    }

    /// Its answer, if it has one.
    pub(super) fn answer(&mut self) -> Option<Read> {
        let answer = match self.answers.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                self.busy = false;
                return None;
            }
        };
        self.busy = false;
        // Silences the bell, which rings behind the answer: what is left of it wakes once for nothing.
        let _ = self.bell.read(&mut [0; 8]);
        Some(answer)
    }
}

impl AsFd for Analyst {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
