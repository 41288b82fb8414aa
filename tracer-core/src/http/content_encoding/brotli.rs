//! Brotli (RFC 7932).

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the one place where brotli data is decoded"
)]

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Done, State};

/// Decodes one body. The window of the format is 16 MiB at most; its memory is touched only as far
/// as data comes.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    ended: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            ended: false,
        }
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Done {
        if self.ended {
            // What follows the end is left out.
            return Done {
                read: input.len(),
                written: 0,
                state: State::Ended,
            };
        }
        let (mut left, mut read) = (input.len(), 0);
        let (mut space, mut written) = (output.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            input,
            &mut space,
            &mut written,
            output,
            &mut 0,
            &mut self.state,
        );
        let state = match result {
            BrotliResult::ResultFailure => State::Broken,
            BrotliResult::ResultSuccess => State::Ended,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => State::Open,
        };
        self.ended = state == State::Ended;
        Done {
            read,
            written,
            state,
        }
    }
}
