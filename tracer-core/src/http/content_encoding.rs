//! Bodies without their content coding, as they come: RFC 9110 section 8.4.
//!
//! What a peer flushed comes out at once, so the events of a compressed stream keep their times.
//! Work and memory are bounded: a coded body may grow to [`Limits::decoded_bytes`] and, once it is
//! over a megabyte, to [`Limits::decoded_ratio`] times its size. A body that is not coded passes
//! through without a copy.

mod brotli;
mod inflate;
mod zstd;

use std::fmt;

use crate::{
    http::framing::{Coding, Codings},
    limits::Limits,
};

/// Decoded bytes that are reported at once, at most.
const OUTPUT_BYTES: usize = 16 << 10;
/// Up to here the ratio of a coding does not matter.
const RATIO_FROM: u64 = 1 << 20;

/// Undoes the codings of one body.
#[derive(Debug)]
pub(crate) struct ContentDecoder {
    /// In the order in which they are undone; none for a body that is not coded.
    stages: Vec<Stage>,
    budget: Budget,
    failed: Option<ContentError>,
}

/// Why a body could not be decoded, from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ContentError {
    #[error("the content coding is unknown")]
    Unknown,
    #[error("the coded body is broken")]
    Broken,
    #[error("the decoded body is too large")]
    OverBound,
}

impl ContentDecoder {
    pub(crate) fn new(codings: &Codings, limits: &Limits) -> Self {
        let budget = Budget {
            wire: 0,
            decoded: 0,
            max: limits.decoded_bytes,
            ratio: limits.decoded_ratio,
        };
        match codings {
            Codings::Known(codings) => Self {
                stages: codings.iter().map(|coding| Stage::new(*coding)).collect(),
                budget,
                failed: None,
            },
            Codings::Unknown => Self {
                stages: Vec::new(),
                budget,
                failed: Some(ContentError::Unknown),
            },
        }
    }

    /// Whether bytes pass as they are.
    pub(crate) fn is_identity(&self) -> bool {
        self.stages.is_empty() && self.failed.is_none()
    }

    /// Takes coded bytes and reports what they decode to. After an error it reports nothing more.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        on_data: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ContentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.budget.wire = self.budget.wire.saturating_add(bytes.len() as u64);
        run(&mut self.stages, bytes, &mut self.budget, on_data).map_err(|error| self.fail(error))
    }

    /// The body is complete: is it so by its coding as well?
    pub(crate) fn finish(&mut self) -> Result<(), ContentError> {
        match self.failed {
            Some(error) => Err(error),
            None if self.budget.wire == 0 || self.stages.iter().all(|stage| stage.ended) => Ok(()),
            None => Err(self.fail(ContentError::Broken)),
        }
    }

    /// Bytes of a coded body were lost: nothing can be made of those behind them.
    pub(crate) fn lose(&mut self) {
        if !self.is_identity() {
            self.fail(ContentError::Broken);
        }
    }

    /// Memory of the decoders, bytes.
    pub(crate) fn held(&self) -> usize {
        self.stages.iter().map(Stage::held).sum()
    }

    /// Gives it back: a coded body is not decoded any further.
    pub(crate) fn shed(&mut self) {
        if !self.is_identity() {
            self.fail(ContentError::OverBound);
        }
    }

    /// Gives the memory of the decoders back.
    fn fail(&mut self, error: ContentError) -> ContentError {
        self.stages = Vec::new();
        *self.failed.get_or_insert(error)
    }
}

/// Undoes the first coding and hands what comes of it to the rest.
fn run(
    stages: &mut [Stage],
    mut bytes: &[u8],
    budget: &mut Budget,
    on_data: &mut dyn FnMut(&[u8]),
) -> Result<(), ContentError> {
    let Some((stage, rest)) = stages.split_first_mut() else {
        if !bytes.is_empty() {
            on_data(bytes);
        }
        return Ok(());
    };
    loop {
        let done = stage.decoder.step(bytes, &mut stage.output);
        stage.ended = done.state == State::Ended;
        bytes = bytes.get(done.read..).unwrap_or_default();
        if let Some(decoded) = stage
            .output
            .get(..done.written)
            .filter(|decoded| !decoded.is_empty())
        {
            budget.spend(decoded.len())?;
            run(rest, decoded, budget, on_data)?;
        }
        if done.state == State::Broken {
            return Err(ContentError::Broken);
        }
        let idle = done.read == 0 && done.written == 0;
        let drained = bytes.is_empty() && done.written < stage.output.len();
        if idle || drained {
            return Ok(());
        }
    }
}

/// What a body may still grow to.
#[derive(Debug)]
struct Budget {
    wire: u64,
    decoded: u64,
    max: u64,
    ratio: u64,
}

impl Budget {
    fn spend(&mut self, bytes: usize) -> Result<(), ContentError> {
        self.decoded = self.decoded.saturating_add(bytes as u64);
        let bound = self
            .max
            .min(RATIO_FROM.max(self.wire.saturating_mul(self.ratio)));
        if self.decoded > bound {
            Err(ContentError::OverBound)
        } else {
            Ok(())
        }
    }
}

/// One coding of a body.
struct Stage {
    decoder: Decoder,
    output: Box<[u8]>,
    /// The coded data is complete so far.
    ended: bool,
}

enum Decoder {
    Inflate(inflate::Inflate),
    Brotli(brotli::Brotli),
    Zstd(zstd::Zstd),
}

/// What one step did.
struct Done {
    read: usize,
    written: usize,
    state: State,
}

/// How coded data stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// More has to come.
    Open,
    /// It may end here.
    Ended,
    /// It makes no sense behind what was written.
    Broken,
}

impl State {
    const fn ended(ended: bool) -> Self {
        if ended { Self::Ended } else { Self::Open }
    }
}

impl Stage {
    fn new(coding: Coding) -> Self {
        let decoder = match coding {
            Coding::Gzip => Decoder::Inflate(inflate::Inflate::gzip()),
            Coding::Deflate => Decoder::Inflate(inflate::Inflate::deflate()),
            Coding::Brotli => Decoder::Brotli(brotli::Brotli::new()),
            Coding::Zstd => Decoder::Zstd(zstd::Zstd::new()),
        };
        Self {
            decoder,
            output: vec![0; OUTPUT_BYTES].into(),
            ended: false,
        }
    }

    fn held(&self) -> usize {
        let decoder = match &self.decoder {
            Decoder::Inflate(inflate) => inflate.held(),
            Decoder::Brotli(brotli) => brotli.held(),
            Decoder::Zstd(zstd) => zstd.held(),
        };
        self.output.len() + decoder
    }
}

impl Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Done {
        match self {
            Self::Inflate(inflate) => inflate.step(input, output),
            Self::Brotli(brotli) => brotli.step(input, output),
            Self::Zstd(zstd) => zstd.step(input, output),
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.decoder {
            Decoder::Inflate(_) => "inflate",
            Decoder::Brotli(_) => "brotli",
            Decoder::Zstd(_) => "zstd",
        };
        f.debug_struct(name)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Any bytes in any coding: bounded, and the same however they are cut.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_content_encoding(data: &[u8]) {
    const CODINGS: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
    let [what, cut, coded @ ..] = data else {
        return;
    };
    let pick = |number: u8| CODINGS.get(usize::from(number % 4)).copied();
    let second = (what & 0b1000_0000 != 0).then(|| pick(what >> 2)).flatten();
    let codings: Vec<Coding> = pick(*what).into_iter().chain(second).collect();
    let limits = Limits {
        decoded_bytes: 1 << 16,
        ..Limits::default()
    };
    let decode = |cut: usize| {
        let mut decoder = ContentDecoder::new(&Codings::Known(codings.clone()), &limits);
        let mut data = Vec::new();
        for piece in coded.chunks(cut) {
            let _ = decoder.feed(piece, &mut |bytes| data.extend_from_slice(bytes));
        }
        (data, decoder.finish())
    };
    let (data, result) = decode(usize::MAX);
    assert!(data.len() as u64 <= limits.decoded_bytes);
    let (cut_data, cut_result) = decode(usize::from(cut % 32) + 1);
    // Of a broken body, how much comes out before the error is up to the decoder, and how much before
    // a bound to the pieces. The brotli decoder also takes some broken bodies for whole ones if it has
    // them in one piece: its quick path does not look at everything.
    let lenient = codings.contains(&Coding::Brotli) && cut_result == Err(ContentError::Broken);
    if result.is_ok() && !lenient {
        assert_eq!((data, result), (cut_data, cut_result));
    } else {
        assert!(
            cut_result.is_err() && (data.starts_with(&cut_data) || cut_data.starts_with(&data))
        );
    }
}

#[cfg(test)]
mod tests;
