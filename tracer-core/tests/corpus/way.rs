//! The ways in which the recordings are played.

use crate::{coding::Coding, random::Random};

/// One way.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub http: Http,
    pub coding: Coding,
    pub cut: Cut,
    /// All random choices follow it.
    pub seed: u64,
}

/// Version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// One exchange after the other, several to a connection.
    One,
    /// Several exchanges of a connection at once.
    Two,
}

/// How the bytes come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// In random pieces, cut once by the framing and again by the reads.
    Random,
    /// An event of a stream is a chunk and a read.
    Events,
    /// A message is one read.
    Whole,
}

const fn way(http: Http, coding: Coding, cut: Cut, seed: u64) -> Way {
    Way {
        http,
        coding,
        cut,
        seed,
    }
}

/// All of them: both versions, every coding, every cut.
pub const WAYS: [Way; 12] = [
    way(Http::One, Coding::Recorded, Cut::Random, 1),
    way(Http::One, Coding::Recorded, Cut::Whole, 2),
    way(Http::One, Coding::Identity, Cut::Events, 3),
    way(Http::One, Coding::Gzip, Cut::Events, 4),
    way(Http::One, Coding::Brotli, Cut::Random, 5),
    way(Http::One, Coding::Zstd, Cut::Random, 6),
    way(Http::Two, Coding::Recorded, Cut::Random, 7),
    way(Http::Two, Coding::Recorded, Cut::Whole, 8),
    way(Http::Two, Coding::Identity, Cut::Events, 9),
    way(Http::Two, Coding::Gzip, Cut::Random, 10),
    way(Http::Two, Coding::Brotli, Cut::Whole, 11),
    way(Http::Two, Coding::Zstd, Cut::Events, 12),
];

impl Cut {
    /// The pieces in which a body is framed.
    pub fn pieces<'a>(self, body: &'a [u8], random: &mut Random) -> Vec<&'a [u8]> {
        match self {
            Self::Random => random.pieces(body),
            Self::Events => events(body),
            Self::Whole if body.is_empty() => Vec::new(),
            Self::Whole => vec![body],
        }
    }

    /// Framed pieces as they are read.
    pub fn gathered(self, pieces: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        match self {
            Self::Events => pieces,
            Self::Random | Self::Whole => vec![pieces.concat()],
        }
    }

    /// What one read of these bytes becomes.
    pub fn reads<'a>(self, bytes: &'a [u8], random: &mut Random) -> Vec<&'a [u8]> {
        match self {
            Self::Random => random.pieces(bytes),
            Self::Events | Self::Whole => vec![bytes],
        }
    }
}

/// The parts of a body that end with an empty line.
fn events(body: &[u8]) -> Vec<&[u8]> {
    let mut events = Vec::new();
    let mut start = 0;
    let ends = body
        .windows(2)
        .enumerate()
        .filter(|(_, two)| *two == b"\n\n");
    for (at, _) in ends {
        events.push(&body[start..at + 2]);
        start = at + 2;
    }
    if start < body.len() {
        events.push(&body[start..]);
    }
    events
}

impl Random {
    /// Cuts bytes at random places: into tiny pieces, into ones of the size of a record, or not.
    pub fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let most = [17, 700, 16_384, usize::MAX >> 1][self.below(4)];
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.len().min(1 + self.below(most)));
            pieces.push(piece);
            rest = tail;
        }
        pieces
    }
}
