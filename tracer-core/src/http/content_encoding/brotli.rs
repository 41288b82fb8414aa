//! Brotli (RFC 7932).

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the one place where brotli data is decoded"
)]

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc,
};

use super::{Done, State};

/// Bytes of the byte buffers beside the window, at most, as far as it matters.
const CONTEXT_MAPS: usize = 64 << 10;

/// Decodes one body. The window of the format is 16 MiB at most; its memory is touched only as far
/// as data comes.
pub(super) struct Brotli {
    state: Box<BrotliState<Counted, Counted, Counted>>,
    decoded: usize,
    ended: bool,
}

/// The standard allocator, counting what it gave and did not get back.
#[derive(Debug, Default)]
struct Counted {
    bytes: usize,
}

impl<T: Clone + Default> Allocator<T> for Counted
where
    StandardAlloc: Allocator<T>,
{
    type AllocatedMemory = <StandardAlloc as Allocator<T>>::AllocatedMemory;

    fn alloc_cell(&mut self, len: usize) -> Self::AllocatedMemory {
        self.bytes = self
            .bytes
            .saturating_add(len.saturating_mul(size_of::<T>()));
        StandardAlloc::default().alloc_cell(len)
    }

    fn free_cell(&mut self, data: Self::AllocatedMemory) {
        let bytes = size_of_val(brotli_decompressor::SliceWrapper::slice(&data));
        self.bytes = self.bytes.saturating_sub(bytes);
        StandardAlloc::default().free_cell(data);
    }
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = Counted::default;
        Self {
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            decoded: 0,
            ended: false,
        }
    }

    /// Memory of the decoder that was touched, bytes.
    pub(super) fn held(&self) -> usize {
        let window = self.decoded.saturating_add(CONTEXT_MAPS);
        let tables = self.state.alloc_u32.bytes + self.state.alloc_hc.bytes;
        size_of_val(&*self.state) + tables + self.state.alloc_u8.bytes.min(window)
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
        self.decoded = self.decoded.saturating_add(written);
        self.ended = state == State::Ended;
        Done {
            read,
            written,
            state,
        }
    }
}
