//! The body of an answer as hyper sends it: pieces, one write each, with pauses and cuts.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use hyper::{
    HeaderMap,
    body::{Body, Bytes, Frame, SizeHint},
};
use tokio::time::{Instant, Sleep};

use super::ledger::{Entry, Ledger};

/// Sends pieces in order and hands its entry to the ledger when it ends or is given up.
#[derive(Debug)]
pub struct Script {
    pieces: vec::IntoIter<Bytes>,
    /// Known in advance: a body with `content-length`.
    length: Option<u64>,
    pace: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    /// One piece was handed over: let the connection flush it before the next.
    flush: bool,
    stop_after: Option<usize>,
    trailers: Option<HeaderMap>,
    record: Option<(Arc<Ledger>, Entry)>,
}

impl Script {
    /// A body in one piece, with its length told.
    pub fn whole(piece: Bytes) -> Self {
        let mut script = Self::pieces(vec![piece.clone()]);
        script.length = Some(piece.len() as u64);
        script
    }

    /// A body in pieces, chunked.
    pub fn pieces(pieces: Vec<Bytes>) -> Self {
        Self {
            pieces: pieces.into_iter(),
            length: None,
            pace: Duration::ZERO,
            pause: None,
            flush: false,
            stop_after: None,
            trailers: None,
            record: None,
        }
    }

    /// Waits between pieces.
    pub fn paced(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Breaks the connection after so many pieces.
    pub fn stopping_after(mut self, pieces: Option<usize>) -> Self {
        self.stop_after = pieces;
        self
    }

    /// Has trailers after the last piece.
    pub fn ending_with(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }

    /// Records the exchange when the body ends.
    pub fn recorded(mut self, ledger: Arc<Ledger>, entry: Entry) -> Self {
        self.record = Some((ledger, entry));
        self
    }

    fn finish(&mut self, complete: bool) {
        if let Some((ledger, entry)) = self.record.take() {
            ledger.record(Entry { complete, ..entry });
        }
    }

    /// True while a pause lasts.
    fn waits(&mut self, context: &mut Context<'_>) -> bool {
        if std::mem::take(&mut self.flush) {
            if self.pace.is_zero() {
                context.waker().wake_by_ref();
                return true;
            }
            self.pause = Some(Box::pin(tokio::time::sleep_until(
                Instant::now() + self.pace,
            )));
        }
        let Some(pause) = &mut self.pause else {
            return false;
        };
        if pause.as_mut().poll(context).is_pending() {
            return true;
        }
        self.pause = None;
        false
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let script = self.get_mut();
        if script.waits(context) {
            return Poll::Pending;
        }
        if script.stop_after == Some(0) {
            script.finish(false);
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let Some(piece) = script.pieces.next() else {
            script.finish(true);
            let trailers = script.trailers.take().map(Frame::trailers);
            return Poll::Ready(trailers.map(Ok));
        };
        script.stop_after = script.stop_after.map(|left| left - 1);
        script.flush = true;
        if script.is_end_stream() {
            script.finish(true);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.len() == 0 && self.stop_after.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // Nobody asks for the pieces of a body that has none.
        self.finish(self.is_end_stream());
    }
}
