//! Threads whose moves on sockets are looked at, to find the socket of a connection.

/// What is known of a thread that lately used a connection whose socket is wanted. By thread id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Watch {
    /// TLS object that it last used, see `conn::ConnKey`.
    pub handle: u64,
    /// The life of it.
    pub generation: u64,
    /// Monotonic nanoseconds when the write began that it is in; 0 if it is in none.
    pub writing_since: u64,
    /// Monotonic nanoseconds since when its moves on sockets are told.
    pub since: u64,
    /// How many of them still may be told.
    pub left: u32,
    /// How many there were since then.
    pub seen: u32,
}

/// Moves on sockets that are told after each use of a connection whose socket is wanted.
pub const SIGHTINGS: u32 = 128;

/// For `conn::ConnState::socket`: whether the socket of a connection is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SocketSearch {
    /// It is.
    Wanted = 0,
    /// It was found, or user space gave up.
    Over = 1,
}

const _: () = assert!(size_of::<Watch>() == 40);
