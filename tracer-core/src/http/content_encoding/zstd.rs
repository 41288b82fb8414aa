//! Zstandard (RFC 8878) with the window that RFC 9659 allows for content codings.

#![expect(
    clippy::disallowed_types,
    reason = "the one place where zstd data is decoded"
)]

use zstd::{
    stream::raw::{Decoder, Operation},
    zstd_safe::DParameter,
};

use super::{Done, State};

/// 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// Decodes one body, of one or more frames.
pub(super) struct Zstd {
    /// `None` if the library has no memory for it.
    state: Option<Decoder<'static>>,
}

impl Zstd {
    pub(super) fn new() -> Self {
        let state = Decoder::new().and_then(|mut decoder| {
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
            Ok(decoder)
        });
        Self { state: state.ok() }
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Done {
        let status = self
            .state
            .as_mut()
            .and_then(|state| state.run_on_buffers(input, output).ok());
        match status {
            // `remaining` is what is left of the frame.
            Some(status) => Done {
                read: status.bytes_read,
                written: status.bytes_written,
                state: State::ended(status.remaining == 0),
            },
            // The library does not tell what it wrote before it met an error.
            None => Done {
                read: 0,
                written: 0,
                state: State::Broken,
            },
        }
    }
}
