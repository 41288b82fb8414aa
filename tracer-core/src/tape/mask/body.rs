//! Masks the body of one message as it comes.
//!
//! A body without content coding keeps its framing and its length. A coded one cannot be masked in
//! place: it is decoded, masked, and written in chunks, without the coding.

use super::{
    events::EventMask,
    json::{JsonMask, MASK},
    members::Members,
};
use crate::{
    http::{
        body::{Body, Step},
        content_encoding::ContentDecoder,
        framing::{Codings, Framing, Length},
    },
    limits::Limits,
};

/// A body under way.
#[derive(Debug)]
pub(super) struct BodyMask {
    framing: Body,
    writing: Writing,
    /// No more than digits of a chunk's size were seen in the line.
    in_size: bool,
}

/// What is written of it.
#[derive(Debug)]
enum Writing {
    /// Nothing, be it none of our business or unknown.
    Nothing,
    /// Every byte or what stands for it, the framing too.
    InPlace(Form),
    /// What it decodes to, in chunks or up to the end of the connection.
    Decoded {
        decoder: Box<ContentDecoder>,
        form: Form,
        chunked: bool,
        /// Nothing more can be decoded.
        failed: bool,
    },
}

/// What the data is; its first byte tells.
#[derive(Debug)]
enum Form {
    /// Nothing but white space so far. Whether it is said to be a stream of events.
    Unknown(Members, bool),
    Json(JsonMask),
    Events(EventMask),
    /// Something else: none of it is shown.
    Opaque,
}

/// What reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All bytes were used up.
    More,
    /// The body is over.
    End,
    /// The framing makes no sense.
    Nonsense,
}

impl BodyMask {
    /// A body that is passed over; `None` if there is none.
    pub(super) fn hidden(framing: &Framing) -> Option<Self> {
        Some(Self {
            framing: Body::new(framing.length)?,
            writing: Writing::Nothing,
            in_size: true,
        })
    }

    /// A body that is masked. `typed_as_stream`: its content type says that it is a stream of events.
    pub(super) fn shown(
        framing: &Framing,
        members: Members,
        typed_as_stream: bool,
        limits: &Limits,
    ) -> Option<Self> {
        let decoder = ContentDecoder::new(&framing.codings, limits);
        let form = Form::Unknown(members, typed_as_stream);
        let writing = if decoder.is_identity() {
            Writing::InPlace(form)
        } else if framing.codings == Codings::Unknown {
            Writing::Nothing
        } else {
            Writing::Decoded {
                decoder: Box::new(decoder),
                form,
                chunked: framing.length != Length::UntilClose,
                failed: false,
            }
        };
        Some(Self {
            writing,
            ..Self::hidden(framing)?
        })
    }

    /// Whether the head has to announce the form in which it is written: decoded, and in chunks or not.
    pub(super) const fn rewrites_head(&self) -> Option<bool> {
        match &self.writing {
            Writing::Decoded { chunked, .. } => Some(*chunked),
            Writing::Nothing | Writing::InPlace(_) => None,
        }
    }

    /// Whether what is written has other lengths than what was read.
    pub(super) const fn is_decoded(&self) -> bool {
        matches!(self.writing, Writing::Decoded { .. })
    }

    /// Whether it ended without all of it being written, where its framing does not tell.
    pub(super) const fn is_cut(&self) -> bool {
        matches!(self.writing, Writing::Decoded { failed: true, .. })
    }

    /// Takes bytes off up to the end of the body and appends what is written of them. If that is
    /// nothing, there is a gap.
    pub(super) fn read(&mut self, bytes: &mut &[u8], out: &mut Vec<u8>) -> Reading {
        let mut decoded = Vec::new();
        let reading = loop {
            let before = *bytes;
            let step = self.framing.step(bytes);
            let used = before.len() - bytes.len();
            let (data, reading) = match step {
                Step::Data(data) => (data, None),
                Step::More => (&[][..], Some(Reading::More)),
                Step::End => (&[][..], Some(Reading::End)),
                Step::Nonsense => break Reading::Nonsense,
            };
            let around = before.get(..used - data.len()).unwrap_or_default();
            match &mut self.writing {
                Writing::Nothing => {}
                Writing::InPlace(form) => {
                    mask_framing(&mut self.in_size, around, out);
                    form.feed(data, out);
                }
                Writing::Decoded {
                    decoder,
                    form,
                    failed,
                    ..
                } => {
                    let mut masked = |data: &[u8]| form.feed(data, &mut decoded);
                    *failed |= decoder.feed(data, &mut masked).is_err();
                }
            }
            if let Some(reading) = reading {
                break reading;
            }
        };
        self.write_decoded(&decoded, reading, out);
        reading
    }

    /// So many bytes were lost; `false` if it is unknown what follows them.
    pub(super) fn lose(&mut self, missing: u64) -> bool {
        match &mut self.writing {
            Writing::InPlace(form) => form.lose(),
            Writing::Decoded {
                decoder, failed, ..
            } => {
                decoder.lose();
                *failed = true;
            }
            Writing::Nothing => {}
        }
        self.framing.skip(missing)
    }

    fn write_decoded(&mut self, decoded: &[u8], reading: Reading, out: &mut Vec<u8>) {
        let Writing::Decoded {
            decoder,
            chunked,
            failed,
            ..
        } = &mut self.writing
        else {
            return;
        };
        match *chunked {
            true if !decoded.is_empty() => {
                out.extend_from_slice(format!("{:x}\r\n", decoded.len()).as_bytes());
                out.extend_from_slice(decoded);
                out.extend_from_slice(b"\r\n");
            }
            true => {}
            false => out.extend_from_slice(decoded),
        }
        if reading == Reading::End {
            *failed |= decoder.finish().is_err();
            if *chunked && !*failed {
                out.extend_from_slice(b"0\r\n\r\n");
            }
        }
    }
}

/// Sizes of chunks and the ends of lines are shown; extensions and trailers are not.
fn mask_framing(in_size: &mut bool, bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        let shown = match byte {
            b'\n' => {
                *in_size = true;
                true
            }
            b'\r' => true,
            // What ends the size must be what it was.
            b' ' | b'\t' | b';' => {
                *in_size = false;
                true
            }
            byte => {
                *in_size &= byte.is_ascii_hexdigit();
                *in_size
            }
        };
        out.push(if shown { byte } else { MASK });
    }
}

impl Form {
    fn feed(&mut self, mut data: &[u8], out: &mut Vec<u8>) {
        if let Self::Unknown(members, typed_as_stream) = *self {
            let blank = data.iter().take_while(|byte| byte.is_ascii_whitespace());
            let (blank, rest) = data.split_at(blank.count());
            out.extend_from_slice(blank);
            let Some(first) = rest.first() else { return };
            *self = Self::of(*first, members, typed_as_stream);
            data = rest;
        }
        match self {
            Self::Json(mask) => mask.feed(data, out),
            Self::Events(mask) => mask.feed(data, out),
            Self::Unknown(..) | Self::Opaque => out.resize(out.len() + data.len(), MASK),
        }
    }

    /// As [`ResponseReader`](crate::llm) decides it.
    fn of(first: u8, members: Members, typed_as_stream: bool) -> Self {
        match first {
            b'{' | b'[' => Self::Json(JsonMask::new(members)),
            b'd' | b'e' | b'i' | b'r' | b':' if members == Members::OfResponse => {
                Self::Events(EventMask::new())
            }
            _ if typed_as_stream => Self::Events(EventMask::new()),
            _ => Self::Opaque,
        }
    }

    /// Bytes were lost: what follows them is shown only where it can be told what it is.
    fn lose(&mut self) {
        match self {
            Self::Unknown(..) | Self::Json(_) => *self = Self::Opaque,
            Self::Events(mask) => mask.lose(),
            Self::Opaque => {}
        }
    }
}
