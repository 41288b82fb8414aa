//! Compressed messages: RFC 7692, `permessage-deflate`.

#![expect(
    clippy::disallowed_types,
    reason = "the one place where messages of a WebSocket are decoded"
)]

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::{Defect, Sender};
use crate::limits::Limits;

/// Decoded bytes that are reported at once, at most.
const OUTPUT_BYTES: usize = 8 << 10;
/// Up to here the ratio of a compressed direction does not matter.
const RATIO_FROM: u64 = 1 << 20;
/// What a decompressor takes: its window, its tables and the output.
const DECODER_BYTES: usize = (48 << 10) + OUTPUT_BYTES;
/// What a sender leaves out at the end of each message.
const MESSAGE_END: &[u8] = b"\x00\x00\xff\xff";

/// The compression that a handshake settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerMessageDeflate {
    /// Messages of the client do not refer to earlier ones.
    client_resets: bool,
    /// Messages of the server do not refer to earlier ones.
    server_resets: bool,
}

impl PerMessageDeflate {
    /// Reads the values of `sec-websocket-extensions` of the response.
    pub fn settled<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        let extensions = values.into_iter().flat_map(|value| value.split(','));
        let mut parts = extensions
            .map(|extension| extension.split(';').map(str::trim))
            .find_map(|mut parts| (parts.next()? == "permessage-deflate").then_some(parts))?;
        let mut settled = Self {
            client_resets: false,
            server_resets: false,
        };
        parts.by_ref().for_each(|parameter| match parameter {
            "client_no_context_takeover" => settled.client_resets = true,
            "server_no_context_takeover" => settled.server_resets = true,
            // A smaller window needs nothing but the largest one.
            _ => {}
        });
        Some(settled)
    }

    pub(super) const fn resets(self, sender: Sender) -> bool {
        match sender {
            Sender::Client => self.client_resets,
            Sender::Server => self.server_resets,
        }
    }
}

/// Decompresses the messages of one direction.
pub(super) struct Inflater {
    /// Made with the first compressed message, given back with the last that can be read.
    state: Option<Box<Decoder>>,
    /// Each message begins anew.
    resets: bool,
    usable: bool,
    /// Bytes that came and bytes that they became.
    wire: u64,
    decoded: u64,
    ratio: u64,
}

struct Decoder {
    inflate: Decompress,
    /// The message said that its last block came; behind it there is nothing to read.
    ended: bool,
    output: [u8; OUTPUT_BYTES],
}

impl Inflater {
    pub(super) fn new(resets: bool, limits: &Limits) -> Self {
        Self {
            state: None,
            resets,
            usable: true,
            wire: 0,
            decoded: 0,
            ratio: limits.decoded_ratio,
        }
    }

    /// The next message can be read.
    pub(super) const fn is_usable(&self) -> bool {
        self.usable
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.state.as_ref().map_or(0, |_| DECODER_BYTES)
    }

    /// Part of a message was not seen.
    pub(super) fn lose(&mut self) {
        self.state = None;
        self.usable = self.resets;
    }

    /// Takes bytes of a message. After an error the rest of it is not to be given.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        on_data: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Defect> {
        self.wire = self.wire.saturating_add(bytes.len() as u64);
        self.decode(bytes, on_data).inspect_err(|_| self.lose())
    }

    /// The message is complete.
    pub(super) fn end_message(&mut self, on_data: &mut dyn FnMut(&[u8])) -> Result<(), Defect> {
        self.decode(MESSAGE_END, on_data)
            .inspect_err(|_| self.lose())?;
        if let Some(decoder) = self.state.as_mut()
            && (self.resets || decoder.ended)
        {
            decoder.inflate.reset(false);
            decoder.ended = false;
        }
        Ok(())
    }

    fn decode(&mut self, mut bytes: &[u8], on_data: &mut dyn FnMut(&[u8])) -> Result<(), Defect> {
        let decoder = self.state.get_or_insert_with(|| {
            Box::new(Decoder {
                inflate: Decompress::new(false),
                ended: false,
                output: [0; OUTPUT_BYTES],
            })
        });
        while !decoder.ended {
            let before = (decoder.inflate.total_in(), decoder.inflate.total_out());
            let status =
                decoder
                    .inflate
                    .decompress(bytes, &mut decoder.output, FlushDecompress::None);
            let read = grown(decoder.inflate.total_in(), before.0);
            let written = grown(decoder.inflate.total_out(), before.1);
            bytes = bytes.get(read..).unwrap_or_default();
            self.decoded = self.decoded.saturating_add(written as u64);
            if self.decoded > RATIO_FROM.max(self.wire.saturating_mul(self.ratio)) {
                return Err(Defect::OverBound);
            }
            if let Some(data) = decoder
                .output
                .get(..written)
                .filter(|data| !data.is_empty())
            {
                on_data(data);
            }
            match status {
                Err(_) => return Err(Defect::Malformed),
                Ok(Status::StreamEnd) => decoder.ended = true,
                Ok(_) if bytes.is_empty() && written < OUTPUT_BYTES => break,
                Ok(_) if read == 0 && written == 0 => return Err(Defect::Malformed),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

fn grown(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(0)
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("resets", &self.resets)
            .field("usable", &self.usable)
            .finish_non_exhaustive()
    }
}
