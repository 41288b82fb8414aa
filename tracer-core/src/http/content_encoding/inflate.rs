//! gzip (RFC 1952) and deflate (RFC 1950, or RFC 1951 as some servers send it).

#![expect(
    clippy::disallowed_types,
    reason = "the one place where deflate data is decoded"
)]

use flate2::{Decompress, FlushDecompress, Status};

use super::{Done, State};

/// First byte of a gzip member.
const GZIP_MAGIC: u8 = 0x1f;
/// Low bits of the first byte of zlib data: method deflate. Raw deflate data cannot begin so: it
/// would be a stored block with padding that is not zero.
const ZLIB_METHOD: u8 = 8;
/// The largest window of deflate.
const WINDOW_BITS: u8 = 15;
/// What a state takes: the largest window, its tables and room to spare.
const STATE_BYTES: usize = 48 << 10;

/// Decodes one body.
pub(super) struct Inflate {
    format: Format,
    /// Made with the first byte.
    state: Option<Decompress>,
    ended: bool,
    /// Something else than a member follows the end: all of it is left out, as gzip does.
    over: bool,
}

enum Format {
    /// One or more gzip members.
    Gzip,
    /// zlib or raw deflate data.
    Deflate,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self {
            format: Format::Gzip,
            state: None,
            ended: false,
            over: false,
        }
    }

    pub(super) fn deflate() -> Self {
        Self {
            format: Format::Deflate,
            state: None,
            ended: false,
            over: false,
        }
    }

    /// Memory of the decoder, bytes.
    pub(super) fn held(&self) -> usize {
        self.state.as_ref().map_or(0, |_| STATE_BYTES)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Done {
        let Some(&first) = input.first() else {
            return self.decompress(input, output);
        };
        if self.ended {
            let another_member = matches!(self.format, Format::Gzip) && first == GZIP_MAGIC;
            if self.over || !another_member {
                self.over = true;
                return Done {
                    read: input.len(),
                    written: 0,
                    state: State::Ended,
                };
            }
            self.state = None;
            self.ended = false;
        }
        if self.state.is_none() {
            self.state = Some(match self.format {
                Format::Gzip => Decompress::new_gzip(WINDOW_BITS),
                Format::Deflate => Decompress::new(first & 0x0f == ZLIB_METHOD),
            });
        }
        self.decompress(input, output)
    }

    fn decompress(&mut self, input: &[u8], output: &mut [u8]) -> Done {
        let Some(state) = self.state.as_mut().filter(|_| !self.ended) else {
            return Done {
                read: 0,
                written: 0,
                state: State::ended(self.ended),
            };
        };
        let (read, written) = (state.total_in(), state.total_out());
        let status = state.decompress(input, output, FlushDecompress::None);
        self.ended = matches!(status, Ok(Status::StreamEnd));
        // The totals count what was done before an error as well.
        let grown =
            |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(0);
        Done {
            read: grown(state.total_in(), read),
            written: grown(state.total_out(), written),
            state: if status.is_err() {
                State::Broken
            } else {
                State::ended(self.ended)
            },
        }
    }
}
