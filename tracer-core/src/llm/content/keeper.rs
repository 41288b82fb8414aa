//! Keeps the content of one call while it is under way.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::{
    checkable::Checkable,
    draft::{Asked, Draft, finished},
    invoke,
    judging::{Judging, Quoting},
    kept::{Room, Texts},
    model::{Content, ContentCapture, Missing, Part},
    repeated::Repeated,
    shape::Shape,
    trail::{AnsweredTrail, AskedTrail, Marks},
    wanted::Wanted,
};
use crate::{
    evaluation::Seen,
    http::exchange::BodyEnd,
    llm::{
        adapters::{adapter::Adapter, table},
        body::BodyBuffer,
        json::{close_all, mended},
    },
    stream::event::Event,
};

/// The content of one call so far, or marks of it.
#[derive(Debug)]
pub(in crate::llm) struct Keeper {
    shape: Shape,
    /// Of the answer, where its first chunk tells.
    inner: Option<Shape>,
    /// The chunk under way; kept for its capacity.
    chunk: Vec<u8>,
    keeps_content: bool,
    asked: Asked,
    /// Marks of the request, once it was read as a whole.
    trail: Option<Box<AskedTrail>>,
    /// Texts of a request that may judge the answer of another call.
    quoting: Quoting,
    draft: Draft,
    repeated: Repeated,
    missing_of_request: Option<Missing>,
    missing_of_answer: Option<Missing>,
    is_dropped: bool,
}

impl Keeper {
    /// For a call of `adapter`; `None` if neither content nor marks of it are wanted.
    pub(in crate::llm) fn new(
        capture: ContentCapture,
        marks: bool,
        adapter: &dyn Adapter,
    ) -> Option<Box<Self>> {
        let (asked, draft) = match capture {
            ContentCapture::Keep { per_call } => {
                let of_answer = per_call / 4;
                (Room::new(per_call - of_answer), Room::new(of_answer))
            }
            ContentCapture::Off if marks => {
                (Room::of_marks(Texts::No), Room::of_marks(Texts::Arguments))
            }
            ContentCapture::Off => return None,
        };
        let shape = table::shape(adapter);
        let mut asked = Asked::new(asked);
        if !shape.converses() {
            asked.trail.quotes_nothing();
        }
        Some(Box::new(Self {
            shape,
            inner: None,
            chunk: Vec::new(),
            keeps_content: asked.room.keeps_content(),
            trail: None,
            quoting: Quoting::default(),
            asked,
            draft: Draft::new(draft),
            repeated: Repeated::default(),
            missing_of_request: None,
            missing_of_answer: None,
            is_dropped: false,
        }))
    }

    /// The body of the request came to its end. What it leaves of the room is the answer's.
    pub(in crate::llm) fn request(&mut self, body: &BodyBuffer) {
        if self.is_dropped {
            return;
        }
        let Self { shape, asked, .. } = self;
        let missing = read(body, |bytes| shape.request(bytes, asked));
        self.missing_of_request = self.missing_of_request.max(missing);
        let quoting = self.asked.trail.take_quoting();
        if self.missing_of_request.is_none() {
            self.quoting = quoting;
            let trail = std::mem::take(&mut self.asked.trail);
            self.trail = trail.finish(self.asked.wanted.choice).map(Box::new);
        }
        if self.keeps_content {
            self.draft.room.grow(self.asked.room.take_rest());
        }
        if self.missing_of_request.is_some() {
            self.asked.wanted = Wanted::default();
        }
        if self.asked.wanted.output.is_some() || !self.quoting.is_empty() {
            self.draft.room.keep_all();
        }
    }

    /// Marks of the request, if it was read as a whole.
    pub(in crate::llm) fn trail(&self) -> Option<&AskedTrail> {
        self.trail.as_deref()
    }

    /// The answer came in one piece.
    pub(in crate::llm) fn document(&mut self, body: &BodyBuffer) {
        if self.is_dropped {
            return;
        }
        let Self { shape, draft, .. } = self;
        let missing = read(body, |bytes| shape.document(bytes, draft));
        self.miss(missing);
    }

    /// The next event of the answer.
    pub(in crate::llm) fn event(&mut self, event: &Event<'_>) {
        if self.is_dropped {
            return;
        }
        let Self {
            draft, repeated, ..
        } = self;
        if self.shape != Shape::Invoke {
            if repeated.take(event, draft) {
                return;
            }
            let data = without_half_pairs(event.data);
            let event = &Event {
                data: &data,
                ..*event
            };
            return repeated.learn(event, draft, |event, draft| self.shape.event(event, draft));
        }
        if !invoke::decode(&without_half_pairs(event.data), &mut self.chunk) {
            return;
        }
        if self.inner.is_none() {
            self.inner = invoke::of_answer(&self.chunk);
        }
        let chunk = Event {
            data: &self.chunk,
            ..Event::default()
        };
        if let Some(shape) = self.inner
            && !repeated.take(&chunk, draft)
        {
            repeated.learn(&chunk, draft, |event, draft| shape.event(event, draft));
        }
    }

    /// Events of the answer were lost here.
    pub(in crate::llm) fn gap(&mut self) {
        if !self.is_dropped {
            self.draft.gap();
            self.repeated.forget();
        }
    }

    /// Part of the answer is missing.
    pub(in crate::llm) fn miss(&mut self, missing: Option<Missing>) {
        self.missing_of_answer = self.missing_of_answer.max(missing);
    }

    /// The request ended so, as its framing says.
    pub(in crate::llm) fn request_ended(&mut self, end: BodyEnd) {
        self.missing_of_request = self.missing_of_request.max(Missing::of_end(end));
    }

    /// Bytes that it holds.
    pub(in crate::llm) fn held(&self) -> usize {
        self.asked.room.used()
            + self.asked.wanted.held()
            + self.asked.trail.held()
            + self.quoting.held()
            + self.draft.room.used()
            + self.chunk.capacity()
            + self.repeated.held()
    }

    /// Gives back what it holds: schemas and texts that may quote an answer, without which nothing is
    /// checked; where there are none, everything.
    pub(in crate::llm) fn shed(&mut self) {
        let wanted = std::mem::take(&mut self.asked.wanted);
        let quoting = std::mem::take(&mut self.quoting);
        if wanted.held() + quoting.held() == 0 {
            self.drop_all();
        }
    }

    /// Drops everything: the call goes on as metadata.
    fn drop_all(&mut self) {
        self.is_dropped = true;
        self.asked = Asked::new(Room::default());
        self.draft = Draft::new(Room::default());
        self.chunk = Vec::new();
        self.quoting = Quoting::default();
        self.repeated = Repeated::default();
        self.missing_of_request = Some(Missing::Dropped);
        self.missing_of_answer = Some(Missing::Dropped);
    }

    /// The exchange ended so; choices ended for these reasons.
    pub(in crate::llm) fn finish(
        mut self,
        end: BodyEnd,
        reason: impl Fn(u64) -> Option<String>,
    ) -> Said {
        // What a loss or an early end took is known where the body was read.
        if let BodyEnd::Truncated | BodyEnd::Undecodable = end {
            self.miss(Missing::of_end(end));
        }
        let missing = (self.missing_of_request, self.missing_of_answer);
        let wanted = std::mem::take(&mut self.asked.wanted);
        let content = finished(self.asked, self.draft, missing, reason);
        let asked = self.trail.map(|trail| *trail);
        let all = asked.as_ref().map(|trail| trail.all);
        // An answer that was cut short is not what a later request repeats.
        let is_seen = content.answer.missing.is_none() && !self.is_dropped;
        let answered = is_seen.then(|| AnsweredTrail::of(all, &content.output));
        let parts = || content.output.iter().flat_map(|choice| &choice.parts);
        let seen = Seen {
            has_refusal: parts().any(|part| matches!(part, Part::Refusal(_))),
            is_empty: content.answer.is_whole() && is_seen && !parts().any(Part::says),
        };
        let checkable = is_seen.then(|| Checkable::of(wanted, &content.output));
        let quoting = self.quoting;
        let judging = is_seen.then(|| Judging::of(quoting, &content.output));
        Said {
            marks: Marks { asked, answered },
            seen,
            checkable: checkable.flatten(),
            judging: judging.flatten(),
            content: self.keeps_content.then_some(content),
        }
    }
}

/// What both sides of a call said.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// Their content, where that is kept.
    pub(crate) content: Option<Content>,
    /// Marks of it.
    pub(crate) marks: Marks,
    /// What else it shows.
    pub(crate) seen: Seen,
    /// What is to be checked of it.
    pub(crate) checkable: Option<Box<Checkable>>,
    /// What it says of the answer of another call, if its words are those of a judge.
    pub(crate) judging: Option<Box<Judging>>,
}

impl Missing {
    const fn of_end(end: BodyEnd) -> Option<Self> {
        match end {
            BodyEnd::Complete => None,
            BodyEnd::Cut | BodyEnd::Open => Some(Self::Cut),
            BodyEnd::Gap { .. } => Some(Self::Gap),
            BodyEnd::Truncated => Some(Self::Bound),
            BodyEnd::Undecodable => Some(Self::Unread),
        }
    }
}

/// A JSON text that has no half of a surrogate pair, which no string could hold: where a text is cut
/// between the halves, the whole of it would go unread. Others are mended when they are refused.
fn without_half_pairs(json: &[u8]) -> Cow<'_, [u8]> {
    let mended = memchr(b'\\', json)
        .filter(|&at| has_surrogate(json.get(at..).unwrap_or_default()))
        .and_then(|_| mended(json));
    mended.map_or(Cow::Borrowed(json), Cow::Owned)
}

/// Whether an escape may be half of a pair.
fn has_surrogate(json: &[u8]) -> bool {
    memmem::find(json, br"\ud").is_some() || memmem::find(json, br"\uD").is_some()
}

/// Reads a body; of one that breaks off, what is whole.
fn read(body: &BodyBuffer, mut read: impl FnMut(&[u8]) -> bool) -> Option<Missing> {
    let broken = body.missing();
    if body.bytes().is_empty() {
        return broken;
    }
    let bytes = without_half_pairs(body.bytes());
    if read(&bytes) || mended(&bytes).is_some_and(|mended| read(&mended)) {
        return broken;
    }
    let closed = close_all(&bytes);
    let is_read = closed.is_some_and(|closed| read(&closed));
    let missing = if is_read {
        Missing::Cut
    } else {
        Missing::Unread
    };
    Some(broken.map_or(missing, |broken| broken.max(missing)))
}
