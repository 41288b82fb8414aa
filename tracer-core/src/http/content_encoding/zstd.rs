//! Zstandard (RFC 8878) with the window that RFC 9659 allows for content codings.

use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::{Done, State};

/// 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;
/// What the library keeps beside the window, as far as it matters: its tables and a coded block.
const TABLES: usize = 320 << 10;

/// Decodes one body, of one or more frames.
pub(super) struct Zstd {
    /// `None` if the library has no memory for it.
    state: Option<DCtx<'static>>,
    decoded: usize,
}

impl Zstd {
    pub(super) fn new() -> Self {
        let state = DCtx::try_create().and_then(|mut state| {
            state
                .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
                .ok()?;
            Some(state)
        });
        Self { state, decoded: 0 }
    }

    /// Memory of the decoder that was touched, bytes: the window only as far as data came.
    pub(super) fn held(&self) -> usize {
        let touched = self.decoded.saturating_add(TABLES);
        self.state
            .as_ref()
            .map_or(0, |state| state.sizeof().min(touched))
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Done {
        let (mut input, mut output) = (InBuffer::around(input), OutBuffer::around(output));
        let status = self
            .state
            .as_mut()
            .and_then(|state| state.decompress_stream(&mut output, &mut input).ok());
        match status {
            // What is left of the frame.
            Some(left) => {
                let written = output.pos();
                self.decoded = self.decoded.saturating_add(written);
                Done {
                    read: input.pos(),
                    written,
                    state: State::ended(left == 0),
                }
            }
            // The library does not tell what it wrote before it met an error.
            None => Done {
                read: 0,
                written: 0,
                state: State::Broken,
            },
        }
    }
}
