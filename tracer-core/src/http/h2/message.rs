//! One half of a stream: the message of one side.

use super::fields::sniffed;
use crate::{
    http::{
        content_encoding::{ContentDecoder, ContentError},
        exchange::BodyEnd,
        framing::Codings,
    },
    limits::Limits,
};

/// A request or a response under way.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) stage: Stage,
    /// Bytes of it that are known to be missing; some may be, without being known.
    pub(super) missing: Option<u64>,
}

/// How far it has come.
#[derive(Debug, Default)]
pub(super) enum Stage {
    /// Its head was not seen yet.
    #[default]
    Head,
    /// In its body.
    Body(Coded),
    /// It is over.
    Over,
}

/// A body, to be decoded.
#[derive(Debug)]
pub(super) enum Coded {
    Known(ContentDecoder),
    /// Its head is not known well enough to tell; the first bytes may, of which these were seen.
    Unknown(Vec<u8>),
}

impl Message {
    /// The head was seen: the body comes. `None`: how it is coded must show.
    pub(super) fn begin(&mut self, codings: Option<&Codings>, limits: &Limits) {
        self.stage = Stage::Body(match codings {
            Some(codings) => Coded::Known(ContentDecoder::new(codings, limits)),
            None => Coded::Unknown(Vec::new()),
        });
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Memory held for it.
    pub(super) fn held(&self) -> usize {
        match &self.stage {
            Stage::Body(Coded::Known(decoder)) => decoder.held(),
            Stage::Body(Coded::Unknown(seen)) => seen.len(),
            Stage::Head | Stage::Over => 0,
        }
    }

    /// Gives it back: a coded body goes on undecoded.
    pub(super) fn shed(&mut self) {
        if let Stage::Body(Coded::Known(decoder)) = &mut self.stage {
            decoder.shed();
        }
    }

    /// Takes bytes of the body and reports what they decode to.
    pub(super) fn feed(&mut self, bytes: &[u8], limits: &Limits, on_data: &mut dyn FnMut(&[u8])) {
        let Stage::Body(coded) = &mut self.stage else {
            return;
        };
        match coded {
            // The decoder remembers why it cannot go on.
            Coded::Known(decoder) => drop(decoder.feed(bytes, on_data)),
            Coded::Unknown(seen) => {
                seen.extend_from_slice(bytes);
                if let Some(codings) = sniffed(seen) {
                    let seen = std::mem::take(seen);
                    let mut decoder = ContentDecoder::new(&codings, limits);
                    let _ = decoder.feed(&seen, on_data);
                    *coded = Coded::Known(decoder);
                }
            }
        }
    }

    /// So many bytes of it were lost, or an unknown number of them (0).
    pub(super) fn lose(&mut self, missing: u64) {
        self.missing = Some(self.missing.unwrap_or(0).saturating_add(missing));
        match &mut self.stage {
            Stage::Body(Coded::Known(decoder)) => decoder.lose(),
            Stage::Body(Coded::Unknown(seen)) => seen.clear(),
            Stage::Head | Stage::Over => {}
        }
    }

    /// Its last byte was seen.
    pub(super) fn complete(&mut self, limits: &Limits, on_data: &mut dyn FnMut(&[u8])) -> BodyEnd {
        let end = match (&mut self.stage, self.missing) {
            (_, Some(missing)) => BodyEnd::Gap { missing },
            (Stage::Body(coded), None) => {
                if let Coded::Unknown(seen) = coded {
                    let mut decoder = ContentDecoder::new(&Codings::Known(Vec::new()), limits);
                    let _ = decoder.feed(seen, on_data);
                    *coded = Coded::Known(decoder);
                }
                let Coded::Known(decoder) = coded else {
                    return BodyEnd::Undecodable;
                };
                match decoder.finish() {
                    Ok(()) => BodyEnd::Complete,
                    Err(ContentError::OverBound) => BodyEnd::Truncated,
                    Err(ContentError::Unknown | ContentError::Broken) => BodyEnd::Undecodable,
                }
            }
            (Stage::Head | Stage::Over, None) => BodyEnd::Complete,
        };
        self.stage = Stage::Over;
        end
    }

    /// Nothing more of it will be seen: it was lost in part, or ended as `otherwise` says.
    pub(super) fn unfinished(&self, otherwise: BodyEnd) -> BodyEnd {
        self.missing
            .map_or(otherwise, |missing| BodyEnd::Gap { missing })
    }
}
