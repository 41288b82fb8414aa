//! One direction as a sequence of frames.
//!
//! A loss within the payload of a frame does not lose the next one: where that begins is known. What
//! is left of the frame is passed over, and the frame behind it must look like one, which it would not
//! if the length of the loss were wrong. Any other loss leaves the direction adrift.

use super::{
    frame::{FrameHeader, HEADER_BYTES, LARGEST_LENGTH, USUAL_MAX_LENGTH},
    search::{Found, Search},
};
use crate::time::Timestamp;

/// RFC 9113 section 3.4.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads the frames of one direction.
#[derive(Debug)]
pub(super) struct FrameReader {
    state: State,
    /// When the first byte of the current frame came.
    pub(super) started: Timestamp,
    /// The largest payload that the receiver said it takes.
    max_length: u32,
}

#[derive(Debug)]
enum State {
    /// So many bytes of the preface were seen.
    Preface(usize),
    Header(Partial),
    Frame {
        header: FrameHeader,
        /// Bytes of the payload that are to come.
        left: u32,
        place: Place,
    },
    /// In the rest of a frame of which some was lost.
    PassedOver {
        header: FrameHeader,
        left: u32,
    },
    Adrift(Box<Search>),
}

/// The beginning of a frame header.
#[derive(Debug, Default)]
struct Partial {
    bytes: [u8; HEADER_BYTES],
    filled: usize,
    /// It is where it should be only if a loss had the length it was said to have.
    doubtful: bool,
}

/// Where in a payload we are.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Before the length of the padding.
    PadLength,
    /// Before so many bytes that matter to nobody here, and behind them so many of padding.
    Preamble { left: u8, padding: u8 },
    /// Before or in what the frame carries; behind it so many bytes of padding.
    Content { padding: u8 },
}

/// What reading came to.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// A frame begins.
    Begin(FrameHeader),
    /// What it carries, without padding.
    Content(FrameHeader, &'a [u8]),
    /// It is complete.
    End(FrameHeader),
    /// What should have been a frame is none: the direction is adrift.
    Lost,
}

/// What a loss means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It was within a frame, of whose content so many bytes are missing, those that are passed over
    /// included.
    Within(FrameHeader, u64),
    /// Of nothing, or of what is passed over anyway.
    Nothing,
    /// Where the next frame begins is unknown.
    Adrift,
}

impl FrameReader {
    /// A direction that begins with the preface.
    pub(super) fn at_preface() -> Self {
        Self::with(State::Preface(0))
    }

    /// A direction that begins with a frame.
    pub(super) fn at_frame() -> Self {
        Self::with(State::Header(Partial::default()))
    }

    /// A direction of which a frame comes next, of whatever size was agreed on before.
    pub(super) fn at_some_frame() -> Self {
        Self {
            max_length: LARGEST_LENGTH,
            ..Self::at_frame()
        }
    }

    /// A direction of which anything may come next.
    pub(super) fn adrift() -> Self {
        Self {
            max_length: LARGEST_LENGTH,
            ..Self::with(State::Adrift(Box::default()))
        }
    }

    fn with(state: State) -> Self {
        Self {
            state,
            started: Timestamp::default(),
            max_length: USUAL_MAX_LENGTH,
        }
    }

    /// The receiver takes payloads of this length.
    pub(super) fn allow(&mut self, max_length: u32) {
        self.max_length = self.max_length.max(max_length);
    }

    /// While adrift: takes bytes off until frames are found again.
    pub(super) fn search(&mut self, time: Timestamp, bytes: &mut &[u8]) -> Option<Found> {
        let State::Adrift(search) = &mut self.state else {
            return None;
        };
        let found = search.read(time, bytes)?;
        self.state = State::Header(Partial::default());
        Some(found)
    }

    /// While adrift: takes bytes that are to be searched with the next ones.
    pub(super) fn hold(&mut self, time: Timestamp, bytes: &[u8]) {
        if let State::Adrift(search) = &mut self.state {
            search.hold(time, bytes);
        }
    }

    /// Takes some bytes off `bytes`, until there are none or the direction is adrift.
    pub(super) fn next<'a>(&mut self, time: Timestamp, bytes: &mut &'a [u8]) -> Option<Step<'a>> {
        loop {
            match &mut self.state {
                State::Frame {
                    header, left: 0, ..
                } => {
                    let header = *header;
                    self.state = State::Header(Partial::default());
                    return Some(Step::End(header));
                }
                State::PassedOver { header, left: 0 } => {
                    let header = *header;
                    self.state = State::Header(Partial::doubtful());
                    return Some(Step::End(header));
                }
                State::Adrift(_) => return None,
                _ if bytes.is_empty() => return None,
                State::Preface(seen) => {
                    let rest = PREFACE.get(*seen..).unwrap_or_default();
                    let length = rest.len().min(bytes.len());
                    *seen += length;
                    let done = *seen == PREFACE.len();
                    if take(bytes, length) != rest.get(..length).unwrap_or_default() {
                        self.drift();
                        return Some(Step::Lost);
                    }
                    if done {
                        self.state = State::Header(Partial::default());
                    }
                }
                State::Header(partial) => {
                    if partial.filled == 0 {
                        self.started = time;
                    }
                    let header = partial.fill(bytes)?;
                    let doubtful = partial.doubtful;
                    let believed = header.is_legal(self.max_length)
                        && (!doubtful || header.is_plausible(self.max_length));
                    if !believed {
                        self.drift();
                        return Some(Step::Lost);
                    }
                    self.state = State::Frame {
                        header,
                        left: header.length,
                        place: Place::first(&header),
                    };
                    return Some(Step::Begin(header));
                }
                State::PassedOver { left, .. } => {
                    let length = bytes.len().min(*left as usize);
                    *left -= take(bytes, length).len() as u32;
                }
                State::Frame {
                    header,
                    left,
                    place,
                } => {
                    if let Some(content) = place.step(header, left, bytes) {
                        return Some(Step::Content(*header, content));
                    }
                }
            }
        }
    }

    /// So many bytes were lost.
    pub(super) fn lose(&mut self, missing: u64) -> Loss {
        match &mut self.state {
            _ if missing == 0 => Loss::Nothing,
            State::Frame { header, left, .. } if missing <= u64::from(*left) => {
                let (header, left) = (*header, *left);
                self.state = State::PassedOver {
                    header,
                    left: left - missing as u32,
                };
                Loss::Within(header, left.into())
            }
            State::PassedOver { left, .. } if missing <= u64::from(*left) => {
                *left -= missing as u32;
                Loss::Nothing
            }
            _ => Loss::Adrift,
        }
    }

    /// Memory held while adrift.
    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Adrift(search) => search.held(),
            _ => 0,
        }
    }

    /// What comes next is unknown.
    pub(super) fn drift(&mut self) {
        self.state = State::Adrift(Box::default());
    }
}

impl Partial {
    fn doubtful() -> Self {
        Self {
            doubtful: true,
            ..Self::default()
        }
    }

    fn fill(&mut self, bytes: &mut &[u8]) -> Option<FrameHeader> {
        let room = self.bytes.get_mut(self.filled..).unwrap_or_default();
        let piece = take(bytes, room.len().min(bytes.len()));
        for (place, byte) in room.iter_mut().zip(piece) {
            *place = *byte;
        }
        self.filled += piece.len();
        (self.filled == HEADER_BYTES).then(|| FrameHeader::parse(self.bytes))
    }
}

impl Place {
    const fn first(header: &FrameHeader) -> Self {
        if header.is_padded() {
            Self::PadLength
        } else {
            Self::Preamble {
                left: header.preamble(),
                padding: 0,
            }
        }
    }

    /// Takes bytes of a payload off, of which `left` are to come; never all without a change.
    fn step<'a>(
        &mut self,
        header: &FrameHeader,
        left: &mut u32,
        bytes: &mut &'a [u8],
    ) -> Option<&'a [u8]> {
        match self {
            Self::PadLength => {
                let padding = take(bytes, 1).first().copied().unwrap_or_default();
                *left -= 1;
                *self = Self::Preamble {
                    left: header.preamble(),
                    padding,
                };
                None
            }
            Self::Preamble {
                left: preamble,
                padding,
            } => {
                let length = bytes.len().min(usize::from(*preamble)).min(*left as usize);
                *left -= take(bytes, length).len() as u32;
                *preamble -= length as u8;
                if *preamble == 0 {
                    *self = Self::Content { padding: *padding };
                }
                None
            }
            Self::Content { padding } => {
                let content = left.saturating_sub(u32::from(*padding));
                let wanted = if content > 0 { content } else { *left };
                let piece = take(bytes, bytes.len().min(wanted as usize));
                *left -= piece.len() as u32;
                (content > 0).then_some(piece)
            }
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length.min(bytes.len()));
    *bytes = rest;
    taken
}
