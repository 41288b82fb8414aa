//! Events of the kernel half, checked and typed.

use tracer_common::{
    conn::{ConnKey, OUTBOUND},
    endpoints::Endpoints,
    event::{EventHeader, EventKind, HEADER_LEN},
};
use tracer_core::{
    segment::{Direction, FinalCounts},
    socket::SocketPair,
};

use super::endpoints;

/// One event from the ring buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelEvent<'a> {
    /// Which TLS object.
    pub key: ConnKey,
    /// Which life of it.
    pub generation: u64,
    /// Monotonic nanoseconds.
    pub time: u64,
    /// Which thread.
    pub thread: u32,
    /// Number of the probed file that the connection's first call went through.
    pub source: u16,
    /// Calls on the connection since it was judged not to be LLM traffic; told when it ends.
    pub ignored: u32,
    /// What happened.
    pub kind: KernelEventKind<'a>,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelEventKind<'a> {
    /// Bytes moved.
    Data {
        /// Which way.
        direction: Direction,
        /// Of the first byte.
        offset: u64,
        /// Turns from reading to writing so far.
        turn: u32,
        /// The plaintext; empty if it was only counted.
        bytes: &'a [u8],
        /// Bytes that the same call moved behind these, but that were not copied.
        rest: u64,
    },
    /// The TLS object ended its life.
    Closed(FinalCounts),
    /// The process said that it will write no more.
    Shutdown(FinalCounts),
    /// A socket moved bytes in a thread that lately used a connection. If `key` has a handle, it is the
    /// socket of that connection.
    Socket(SocketMove),
}

/// What a thread did on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketMove {
    /// Tells sockets apart while they live.
    pub socket: u64,
    /// Which way.
    pub direction: Direction,
    /// How many bytes.
    pub bytes: u64,
    /// The ends of the socket.
    pub pair: SocketPair,
    /// Since when moves of the thread are told, monotonic nanoseconds; 0 if that is not known.
    pub since: u64,
    /// Which of them it is, from 1: a number that is left out was lost.
    pub number: u32,
    /// No more will be told before the thread uses a connection again.
    pub is_last: bool,
}

/// An event that the kernel half of this build cannot have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of {0} bytes makes no sense")]
pub struct BadEvent(usize);

impl<'a> KernelEvent<'a> {
    /// Reads a record of the ring buffer.
    ///
    /// # Errors
    /// If it is shorter than it says, or of an unknown kind.
    pub fn parse(record: &'a [u8]) -> Result<Self, BadEvent> {
        let bad = BadEvent(record.len());
        let (head, tail) = record.split_at_checked(HEADER_LEN).ok_or(bad)?;
        // SAFETY: `head` has the size of the header, which is plain integers without padding.
        let header = unsafe { head.as_ptr().cast::<EventHeader>().read_unaligned() };
        let counts = FinalCounts {
            outbound: header.offset,
            inbound: header.rest,
            turns: header.turn,
        };
        let kind = if header.kind == EventKind::Data as u8 {
            KernelEventKind::Data {
                direction: direction(header.direction),
                offset: header.offset,
                turn: header.turn,
                bytes: tail.get(..header.len as usize).ok_or(bad)?,
                rest: header.rest,
            }
        } else if header.kind == EventKind::Close as u8 {
            KernelEventKind::Closed(counts)
        } else if header.kind == EventKind::Shutdown as u8 {
            KernelEventKind::Shutdown(counts)
        } else if header.kind == EventKind::Socket as u8 {
            KernelEventKind::Socket(socket_move(&header, tail).ok_or(bad)?)
        } else {
            return Err(bad);
        };
        Ok(Self {
            key: ConnKey {
                tgid: header.tgid,
                zero: 0,
                handle: header.handle,
            },
            generation: header.generation,
            time: header.time,
            thread: header.tid,
            source: header.source,
            ignored: match kind {
                KernelEventKind::Closed(_) | KernelEventKind::Shutdown(_) => header.len,
                KernelEventKind::Data { .. } | KernelEventKind::Socket(_) => 0,
            },
            kind,
        })
    }
}

fn socket_move(header: &EventHeader, tail: &[u8]) -> Option<SocketMove> {
    let ends = tail.get(..size_of::<Endpoints>())?;
    // SAFETY: `ends` has the size of the structure, which is plain integers without padding.
    let ends = unsafe { ends.as_ptr().cast::<Endpoints>().read_unaligned() };
    Some(SocketMove {
        socket: header.offset,
        direction: direction(header.direction),
        bytes: header.rest,
        pair: endpoints::pair(&ends)?,
        since: if header.handle == 0 {
            header.generation
        } else {
            0
        },
        number: header.turn,
        is_last: header.source == 0,
    })
}

const fn direction(number: u8) -> Direction {
    if number as usize == OUTBOUND {
        Direction::Outbound
    } else {
        Direction::Inbound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, len: u32, bytes: &[u8]) -> Vec<u8> {
        let header = EventHeader {
            time: 5,
            handle: 0x10,
            generation: 3,
            offset: 100,
            rest: 7,
            tgid: 42,
            tid: 43,
            len,
            turn: 2,
            kind,
            direction: 1,
            source: 9,
            zero: [0; 4],
        };
        // SAFETY: the header is plain integers without padding.
        let head =
            unsafe { std::slice::from_raw_parts((&raw const header).cast::<u8>(), HEADER_LEN) };
        [head, bytes].concat()
    }

    #[test]
    fn data_carries_its_bytes_and_not_the_rest_of_the_record() {
        let record = record(EventKind::Data as u8, 3, b"abcdef");
        let event = KernelEvent::parse(&record).unwrap();
        assert_eq!(
            event.key,
            ConnKey {
                tgid: 42,
                zero: 0,
                handle: 0x10
            }
        );
        let expected = KernelEventKind::Data {
            direction: Direction::Inbound,
            offset: 100,
            turn: 2,
            bytes: b"abc",
            rest: 7,
        };
        assert_eq!(event.kind, expected);
    }

    #[test]
    fn a_socket_has_two_ends_and_the_bytes_it_moved() {
        let ends = Endpoints {
            local: std::array::from_fn(|at| [10, 0, 0, 1].get(at).copied().unwrap_or(0)),
            peer: std::array::from_fn(|at| [10, 0, 0, 2].get(at).copied().unwrap_or(0)),
            network: 4026531840,
            local_port: 40000,
            peer_port: 443,
            family: 2,
            zero: [0; 3],
        };
        // SAFETY: plain integers without padding.
        let bytes = unsafe {
            std::slice::from_raw_parts((&raw const ends).cast::<u8>(), size_of::<Endpoints>())
        };
        let record = record(EventKind::Socket as u8, 48, bytes);
        let event = KernelEvent::parse(&record).unwrap();
        assert_eq!((event.thread, event.ignored), (43, 0));
        let expected = SocketMove {
            socket: 100,
            direction: Direction::Inbound,
            bytes: 7,
            pair: SocketPair {
                local: "10.0.0.1:40000".parse().unwrap(),
                peer: "10.0.0.2:443".parse().unwrap(),
                network: 4026531840,
            },
            since: 0,
            number: 2,
            is_last: false,
        };
        assert_eq!(event.kind, KernelEventKind::Socket(expected));
        assert!(KernelEvent::parse(&record[..HEADER_LEN + 47]).is_err());
    }

    #[test]
    fn short_and_unknown_records_are_refused() {
        let good = record(EventKind::Close as u8, 0, b"");
        for len in 0..good.len() {
            assert!(KernelEvent::parse(&good[..len]).is_err());
        }
        assert!(KernelEvent::parse(&record(EventKind::Data as u8, 7, b"abcdef")).is_err());
        assert!(KernelEvent::parse(&record(99, 0, b"")).is_err());
    }
}
