//! The kernel half's tables as user space writes them: verdicts, exclusions, forgetting.

use aya::{
    Pod,
    maps::{HashMap, Map, MapData, MapError, PerCpuArray},
};
use tracer_common::{
    conn::{ConnKey, ConnState},
    counters::Counter,
    socket::SocketState,
    verdict::{KernelVerdict, VerdictEntry},
    watch::{SIGHTINGS, SocketSearch, Watch},
};
use tracer_core::verdict::Verdict;

use super::load::{LoadError, Loaded};

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Key(ConnKey);
// SAFETY: plain integers without padding.
unsafe impl Pod for Key {}

#[derive(Clone, Copy)]
#[repr(transparent)]
struct State(ConnState);
// SAFETY: plain integers without padding.
unsafe impl Pod for State {}

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Socket(SocketState);
// SAFETY: plain integers without padding.
unsafe impl Pod for Socket {}

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Entry(VerdictEntry);
// SAFETY: plain integers without padding.
unsafe impl Pod for Entry {}

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Watched(Watch);
// SAFETY: plain integers without padding.
unsafe impl Pod for Watched {}

/// Heads of requests and of answers in which a call would show: bytes.
const WATCH: [u32; 2] = [8 << 10, 4 << 10];
/// What holds nearly all requests, and heads of answers: bytes.
const HEAD_ONLY: [u32; 2] = [1 << 20, 4 << 10];
/// Heads of answers, and what holds nearly all requests: bytes.
const HEAD_ONLY_SERVED: [u32; 2] = [4 << 10, 1 << 20];
/// Answers to a connection's first request until it is judged: bytes.
const UNJUDGED_ANSWER: u32 = 256 << 10;

/// How many bytes are forwarded per turn, by verdict and direction (outbound, inbound).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Of a connection that is not judged yet. Its first request may be a long prompt.
    pub unknown: [u32; 2],
    /// Of a connection that made many exchanges without a call.
    pub watch: [u32; 2],
    /// Of a connection that looks like HTTP, but was not an LLM call so far.
    pub head_only: [u32; 2],
    /// Of such a connection that the process serves.
    pub head_only_served: [u32; 2],
    /// Of an LLM connection: the cap per exchange and direction.
    pub full: [u32; 2],
}

impl Caps {
    /// None exceeds the cap of an exchange.
    pub fn new(exchange: u32) -> Self {
        let within = |caps: [u32; 2]| caps.map(|cap| cap.min(exchange));
        Self {
            unknown: within([exchange, UNJUDGED_ANSWER]),
            watch: within(WATCH),
            head_only: within(HEAD_ONLY),
            head_only_served: within(HEAD_ONLY_SERVED),
            full: [exchange; 2],
        }
    }
}

/// Tables that the reader's thread writes.
pub struct Tables {
    connections: HashMap<MapData, Key, State>,
    sockets: HashMap<MapData, u64, Socket>,
    verdicts: HashMap<MapData, Key, Entry>,
    excluded: HashMap<MapData, u32, u8>,
    watched: HashMap<MapData, u32, Watched>,
    counters: PerCpuArray<MapData, u64>,
    caps: Caps,
}

impl Tables {
    /// Takes the tables out of the loaded object.
    ///
    /// # Errors
    /// If the object lacks one.
    pub fn take(loaded: &mut Loaded, caps: Caps) -> Result<Self, LoadError> {
        Ok(Self {
            connections: typed(loaded, "CONNECTIONS", HashMap::try_from)?,
            sockets: typed(loaded, "SOCKETS", HashMap::try_from)?,
            verdicts: typed(loaded, "VERDICTS", HashMap::try_from)?,
            excluded: typed(loaded, "EXCLUDED", HashMap::try_from)?,
            watched: typed(loaded, "WATCHED", HashMap::try_from)?,
            counters: typed(loaded, "COUNTERS", PerCpuArray::try_from)?,
            caps,
        })
    }

    /// Tells the kernel half how to treat a connection.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub fn judge(
        &mut self,
        key: ConnKey,
        generation: u64,
        verdict: Verdict,
    ) -> Result<(), MapError> {
        let (verdict, caps) = match verdict {
            Verdict::Ignore => (KernelVerdict::Ignore, [0, 0]),
            Verdict::Watch => (KernelVerdict::HeadOnly, self.caps.watch),
            Verdict::HeadOnly => (KernelVerdict::HeadOnly, self.caps.head_only),
            Verdict::HeadOnlyServed => (KernelVerdict::HeadOnly, self.caps.head_only_served),
            Verdict::Full => (KernelVerdict::Full, self.caps.full),
        };
        let entry = VerdictEntry {
            generation,
            caps,
            verdict: verdict as u32,
            socket: SocketSearch::Wanted as u32,
        };
        self.verdicts.insert(Key(key), Entry(entry), 0)
    }

    /// The socket of a connection that is followed in full is known, or will not be: the kernel half
    /// looks for it no more.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub fn end_search(&mut self, key: ConnKey, generation: u64) -> Result<(), MapError> {
        let entry = VerdictEntry {
            generation,
            caps: self.caps.full,
            verdict: KernelVerdict::Full as u32,
            socket: SocketSearch::Over as u32,
        };
        self.verdicts.insert(Key(key), Entry(entry), 0)
    }

    /// Has the next moves of a thread on sockets told: it has just used a connection.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub fn watch(&mut self, thread: u32) -> Result<(), MapError> {
        let watch = Watch {
            left: SIGHTINGS,
            ..Watch::default()
        };
        self.watched.insert(thread, Watched(watch), 0)
    }

    /// What the kernel half knows of a connection now.
    pub fn look(&self, key: ConnKey) -> Option<ConnState> {
        if key.is_socket() {
            let Socket(socket) = self.sockets.get(&key.handle, 0).ok()?;
            let is_its = socket.recognised != 0 && socket.owner == key.tgid;
            return is_its.then_some(socket.conn);
        }
        self.connections
            .get(&Key(key), 0)
            .ok()
            .map(|State(state)| state)
    }

    /// Forgets a connection's verdict: its TLS object or socket is gone.
    pub fn closed(&mut self, key: ConnKey) {
        // An entry that is not there needs no removal.
        let _ = self.verdicts.remove(&Key(key));
    }

    /// Forgets a connection of a process that is gone.
    pub fn forget(&mut self, key: ConnKey) {
        if key.is_socket() {
            let _ = self.sockets.remove(&key.handle);
        } else {
            let _ = self.connections.remove(&Key(key));
        }
        self.closed(key);
    }

    /// Leaves a process alone from its next connection on.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub fn exclude(&mut self, tgid: u32) -> Result<(), MapError> {
        self.excluded.insert(tgid, 1, 0)
    }

    /// A process is gone, with its first thread; their number may come back.
    pub fn ended(&mut self, tgid: u32) {
        let _ = self.excluded.remove(&tgid);
        let _ = self.watched.remove(&tgid);
    }

    /// A counter of the kernel half, over all CPUs.
    pub fn counter(&self, counter: Counter) -> u64 {
        self.counters
            .get(&(counter as u32), 0)
            .map_or(0, |values| values.iter().sum())
    }
}

fn typed<T>(
    loaded: &mut Loaded,
    name: &str,
    convert: impl FnOnce(Map) -> Result<T, MapError>,
) -> Result<T, LoadError> {
    let map = loaded
        .ebpf
        .take_map(name)
        .ok_or_else(|| LoadError::Object(format!("no map `{name}`")))?;
    convert(map).map_err(|error| LoadError::Object(format!("map `{name}`: {error}")))
}
