//! Recognises HTTP/2 in the middle of a connection.
//!
//! Believed is a frame with the headers of a request or a response, behind nothing but frames, each as
//! strict as [`FrameHeader::is_plausible`]. Bias: towards no; a connection that is not recognised by
//! one turn may be by the next. It also tells who is the client, which no other frame does.

use super::frame::{FrameHeader, FrameKind, HEADER_BYTES, USUAL_MAX_LENGTH};
use crate::{
    detect::Pieces,
    http::{
        allow_list::AllowList,
        hpack::{Decoder, Item, Keep},
    },
    segment::Arrival,
};

/// Follows the bytes of one direction for as long as they may be frames.
#[derive(Debug, Default)]
pub(crate) struct FrameProbe {
    /// The frame before, of which so many bytes are to come.
    before: Option<(FrameHeader, u32)>,
    /// The next frame, as far as it has come; whole only if it has headers.
    frame: Vec<u8>,
    arrivals: Vec<(Arrival, usize)>,
}

/// What was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probed {
    /// Nothing yet.
    Open,
    /// These are no frames.
    Strange,
    /// The sender makes requests; behind so many bytes of the piece, and in
    /// [`into_held`](FrameProbe::into_held), is the first of them.
    Client(usize),
    /// The same for a sender of responses.
    Server(usize),
}

impl FrameProbe {
    /// Takes the next piece.
    pub(crate) fn piece(&mut self, arrival: Arrival, bytes: &[u8]) -> Probed {
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Some((_, left)) = self.before.as_mut().filter(|(_, left)| *left > 0) {
                let length = rest.len().min(*left as usize);
                *left -= length as u32;
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            let header = self.header();
            let whole = HEADER_BYTES + header.map_or(0, |header| header.length as usize);
            let length = rest.len().min(whole.saturating_sub(self.frame.len()));
            let (piece, after) = rest.split_at(length);
            self.frame.extend_from_slice(piece);
            self.arrivals.push((arrival, length));
            rest = after;
            let Some(header) = self.header() else {
                // The first byte of any other length.
                if self.frame.first() != Some(&0) {
                    return Probed::Strange;
                }
                continue;
            };
            let used = bytes.len() - rest.len();
            match self.judge(header) {
                Probed::Open => {}
                Probed::Strange => return Probed::Strange,
                Probed::Client(_) => return Probed::Client(used),
                Probed::Server(_) => return Probed::Server(used),
            }
        }
        Probed::Open
    }

    /// Some frames were seen, though none that tells.
    pub(crate) fn has_some(&self) -> bool {
        self.before.is_some()
    }

    /// The frame that was recognised, in the pieces in which it came.
    pub(crate) fn into_held(self) -> Pieces {
        let mut rest = self.frame.as_slice();
        self.arrivals
            .iter()
            .map(|(arrival, length)| {
                let (piece, after) = rest.split_at((*length).min(rest.len()));
                rest = after;
                (*arrival, piece.into())
            })
            .collect()
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn held_bytes(&self) -> usize {
        self.frame.len()
    }

    fn header(&self) -> Option<FrameHeader> {
        Some(FrameHeader::parse(*self.frame.first_chunk()?))
    }

    /// The header of a frame is there, or more of it.
    fn judge(&mut self, header: FrameHeader) -> Probed {
        if self.frame.len() == HEADER_BYTES {
            let follows = match self.before {
                Some((before, _)) => before.may_precede(&header),
                None => !header.is_continuation(),
            };
            if !follows || !header.is_plausible(USUAL_MAX_LENGTH) {
                return Probed::Strange;
            }
            if header.kind != FrameKind::Headers {
                self.pass(header, header.length);
                return Probed::Open;
            }
        }
        if self.frame.len() < HEADER_BYTES + header.length as usize {
            return Probed::Open;
        }
        let probed = self
            .frame
            .get(HEADER_BYTES..)
            .map(|payload| sender(header, payload));
        match probed {
            Some(Probed::Open) | None => {
                self.pass(header, 0);
                Probed::Open
            }
            Some(probed) => probed,
        }
    }

    /// This frame is no reason to believe in anything.
    fn pass(&mut self, header: FrameHeader, left: u32) {
        self.before = Some((header, left));
        self.frame = Vec::new();
        self.arrivals = Vec::new();
    }
}

/// Whose headers these are.
fn sender(header: FrameHeader, payload: &[u8]) -> Probed {
    let padding = header
        .is_padded()
        .then(|| payload.first().copied())
        .flatten()
        .map_or(0, usize::from);
    let start = usize::from(header.is_padded()) + usize::from(header.preamble());
    let Some(block) = payload
        .len()
        .checked_sub(padding)
        .and_then(|end| payload.get(start..end))
    else {
        return Probed::Strange;
    };
    let list = AllowList::default();
    let mut probed = Probed::Open;
    let read = Decoder::attached().decode(block, Keep::Listed(&list), &mut |item| {
        if let Item::Field { name, value } = item {
            let digits = value.len() == 3 && value.iter().all(u8::is_ascii_digit);
            match name {
                b":method" if value.iter().all(u8::is_ascii_uppercase) => {
                    probed = Probed::Client(0);
                }
                b":status" if digits => probed = Probed::Server(0),
                _ => {}
            }
        }
    });
    if read.is_err() {
        Probed::Strange
    } else {
        probed
    }
}
