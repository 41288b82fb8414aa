//! The lines of a tape.

use serde::{Deserialize, Serialize};

use crate::segment::{ConnectionId, Direction, FinalCounts, ProcessKey};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) tape: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) about: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<u64>,
    /// Other texts stand in place of those that were said: which were equal is not known any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) masked: bool,
}

/// A process that the connections behind this line belong to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessLine {
    pub(super) process: u64,
    pub(super) pid: u32,
    pub(super) name: String,
}

/// Any other line: with `close` or `leave` the end of a connection, else a segment.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) at: u64,
    pub(super) connection: [u64; 3],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<Way>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) turn: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
    /// Twice optional: absent, null, or counts.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub(super) close: Option<Option<Counts>>,
    /// The same.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub(super) leave: Option<Option<Counts>>,
}

fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<Counts>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    Out,
    In,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    outbound: u64,
    inbound: u64,
    turns: u32,
}

pub(super) const fn connection_from_wire([process, handle, generation]: [u64; 3]) -> ConnectionId {
    ConnectionId {
        process: ProcessKey(process),
        handle,
        generation,
    }
}

impl From<Direction> for Way {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Outbound => Self::Out,
            Direction::Inbound => Self::In,
        }
    }
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Out => Self::Outbound,
            Way::In => Self::Inbound,
        }
    }
}

impl From<FinalCounts> for Counts {
    fn from(counts: FinalCounts) -> Self {
        Self {
            outbound: counts.outbound,
            inbound: counts.inbound,
            turns: counts.turns,
        }
    }
}

impl From<Counts> for FinalCounts {
    fn from(counts: Counts) -> Self {
        Self {
            outbound: counts.outbound,
            inbound: counts.inbound,
            turns: counts.turns,
        }
    }
}
