//! The body of one message: framing, content coding and losses together.

use crate::{
    http::{
        body::{Body, Step},
        content_encoding::{ContentDecoder, ContentError},
        exchange::BodyEnd,
        framing::{Codings, Framing},
    },
    limits::Limits,
};

/// A body under way.
#[derive(Debug)]
pub(super) struct MessageBody {
    framing: Body,
    content: ContentDecoder,
    missing: u64,
}

/// What reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// All bytes were used up.
    More,
    /// The body is over.
    End(BodyEnd),
    /// The framing makes no sense: where the body ends is unknown.
    Nonsense,
}

/// What a loss within a body means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The body goes on behind it.
    Within,
    /// All the rest of the body was lost, so many bytes of it in all, and some behind it.
    Over { of_body: u64, beyond: u64 },
    /// Where the chunks stand is unknown from here on; so many bytes were lost in all.
    Adrift(u64),
}

impl MessageBody {
    /// `None` if there is no body.
    pub(super) fn new(framing: &Framing, limits: &Limits) -> Option<Self> {
        let content = ContentDecoder::new(&framing.codings, limits);
        Some(Self {
            framing: Body::new(framing.length)?,
            content,
            missing: 0,
        })
    }

    /// A body that is only passed over.
    pub(super) fn unread(framing: Framing, limits: &Limits) -> Option<Self> {
        Self::new(
            &Framing {
                codings: Codings::Unknown,
                ..framing
            },
            limits,
        )
    }

    /// Takes bytes off up to the end of the body and reports its data.
    pub(super) fn read(&mut self, bytes: &mut &[u8], on_data: &mut dyn FnMut(&[u8])) -> Progress {
        loop {
            match self.framing.step(bytes) {
                // The decoder remembers why it cannot go on; the framing can.
                Step::Data(data) => drop(self.content.feed(data, on_data)),
                Step::More => return Progress::More,
                Step::End => return Progress::End(self.complete()),
                Step::Nonsense => return Progress::Nonsense,
            }
        }
    }

    /// Bytes held to undo its coding.
    pub(super) fn held(&self) -> usize {
        self.content.held()
    }

    /// Gives them back: the rest is not decoded.
    pub(super) fn shed(&mut self) {
        self.content.shed();
    }

    /// So many wire bytes were lost.
    pub(super) fn lose(&mut self, missing: u64) -> Loss {
        self.content.lose();
        if self.framing.skip(missing) {
            self.missing = self.missing.saturating_add(missing);
            return Loss::Within;
        }
        match self.framing {
            Body::Length(rest) => Loss::Over {
                of_body: self.missing.saturating_add(rest),
                beyond: missing.saturating_sub(rest),
            },
            Body::Chunked(_) | Body::UntilClose => {
                Loss::Adrift(self.missing.saturating_add(missing))
            }
        }
    }

    /// How it ends when the connection does.
    pub(super) fn close(&mut self) -> BodyEnd {
        match self.framing {
            Body::UntilClose => self.complete(),
            _ if self.missing > 0 => BodyEnd::Gap {
                missing: self.missing,
            },
            _ => BodyEnd::Cut,
        }
    }

    /// How it ends if what is to come will never be seen.
    pub(super) fn unseen(&self) -> BodyEnd {
        BodyEnd::Gap {
            missing: self.missing.saturating_add(self.framing.remaining()),
        }
    }

    /// How it ends if nobody looks at what is to come: as `end`, unless some of it was lost.
    pub(super) const fn given_up(&self, end: BodyEnd) -> BodyEnd {
        if self.missing > 0 {
            return BodyEnd::Gap {
                missing: self.missing,
            };
        }
        end
    }

    fn complete(&mut self) -> BodyEnd {
        if self.missing > 0 {
            return BodyEnd::Gap {
                missing: self.missing,
            };
        }
        match self.content.finish() {
            Ok(()) => BodyEnd::Complete,
            Err(ContentError::OverBound) => BodyEnd::Truncated,
            Err(ContentError::Unknown | ContentError::Broken) => BodyEnd::Undecodable,
        }
    }
}
