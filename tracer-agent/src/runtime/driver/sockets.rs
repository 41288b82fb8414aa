//! The sockets of connections: looked for where a connection turns out to be of interest.

use std::{collections::HashSet, time::Instant};

use tracer_common::conn::ConnKey;
use tracer_core::{
    segment::{ConnectionId, Direction},
    socket::{KnownSocket, SocketConfidence, SocketPair},
    verdict::Verdict,
};

use super::{Driver, Resolve};
use crate::{
    capture::{
        kernel_event::{KernelEvent, SocketMove},
        socket_hook::SocketHook,
    },
    sockets::matcher::{Found, Matcher},
    telemetry::capture::SocketLabel,
};

/// What is known of sockets.
pub(super) struct Sockets {
    /// None where the kernel does not show what sockets do.
    hook: Option<SocketHook>,
    matcher: Matcher,
    /// Connections that are followed in full, and whose sockets are not known.
    wanted: HashSet<ConnectionId>,
}

impl Sockets {
    /// Looks at sockets from now on.
    pub(super) fn new(hook: Option<SocketHook>) -> Self {
        let mut sockets = Self {
            hook,
            matcher: Matcher::default(),
            wanted: HashSet::new(),
        };
        sockets.look();
        sockets
    }

    /// Has sockets looked at for a while; whether they were not until now.
    fn look(&mut self) -> bool {
        let Some(hook) = &mut self.hook else {
            return false;
        };
        let looked = hook.is_looking();
        if let Err(error) = hook.want(Instant::now()) {
            tracing::warn!("connections are not matched with their sockets any more: {error}");
            self.hook = None;
            return false;
        }
        !looked
    }

    fn is_looking(&self) -> bool {
        self.hook.as_ref().is_some_and(SocketHook::is_looking)
    }
}

impl<R: Resolve> Driver<R> {
    /// A socket moved bytes.
    pub(super) fn socket_moved(&mut self, event: &KernelEvent<'_>, at: SocketMove) {
        if event.key.handle == 0 {
            if let Some(found) = self.sockets.matcher.sighted(event.thread, at) {
                self.socket_search_ended(found);
            }
            return;
        }
        match self.place(event) {
            Some(id) => {
                self.sockets.matcher.observed(event.thread, id, at);
                self.socket_known(id, at.pair, SocketConfidence::Observed);
            }
            None => self.exclude(event),
        }
    }

    /// A thread moved bytes on a connection.
    pub(super) fn connection_moved(
        &mut self,
        event: &KernelEvent<'_>,
        id: ConnectionId,
        direction: Direction,
        bytes: u64,
    ) {
        let (thread, time) = (event.thread, event.time);
        if self.sockets.wanted.contains(&id) {
            self.look_at_sockets(thread);
        }
        if self.sockets.is_looking() {
            let matcher = &mut self.sockets.matcher;
            if let Some(found) = matcher.moved(thread, id, direction, bytes, time) {
                self.socket_search_ended(found);
            }
        }
    }

    /// A connection was judged, by what `thread` last moved.
    pub(super) fn judged(&mut self, id: ConnectionId, key: ConnKey, verdict: Verdict, thread: u32) {
        if verdict != Verdict::Full {
            self.sockets.matcher.give_up(id);
            self.sockets.wanted.remove(&id);
            return;
        }
        self.look_at_sockets(thread);
        let in_order = self.sends_in_order(id);
        let known = self.sockets.matcher.confidence(id);
        let known = known.filter(|it| in_order || *it == SocketConfidence::Observed);
        if let Some(confidence) = known {
            self.telemetry.capture.sockets.of(confidence.into()).inc();
            self.end_search(id, key);
        } else {
            self.sockets.wanted.insert(id);
        }
    }

    /// A connection is over.
    pub(super) fn socket_gone(&mut self, id: ConnectionId) {
        self.sockets.matcher.forget(id);
        if self.sockets.wanted.remove(&id) {
            self.telemetry.capture.sockets.of(SocketLabel::None).inc();
        }
    }

    /// Looks at sockets no longer than it takes.
    pub(super) fn rest_from_sockets(&mut self, now: Instant) {
        let Some(hook) = &mut self.sockets.hook else {
            return;
        };
        if hook.is_looking() {
            hook.rest(now);
            if !hook.is_looking() {
                self.sockets.matcher.rest();
            }
        }
    }

    /// Has sockets looked at, those that `thread` uses next in any case.
    fn look_at_sockets(&mut self, thread: u32) {
        if self.sockets.look()
            && let Err(error) = self.tables.watch(thread)
        {
            tracing::debug!("cannot watch a thread: {error}");
        }
    }

    fn socket_search_ended(&mut self, found: Found) {
        let (id, end) = match found {
            Found::Socket(id, _) if !self.sends_in_order(id) => (id, SocketLabel::None),
            Found::Socket(id, pair) => {
                self.socket_known(id, pair, SocketConfidence::Derived);
                (id, SocketLabel::Derived)
            }
            Found::Nothing(id) => (id, SocketLabel::None),
        };
        let key = self.roster.holder(id).map(|holder| holder.key);
        if self.was_wanted(id, end)
            && let Some(key) = key
        {
            self.end_search(id, key);
        }
    }

    fn sends_in_order(&self, id: ConnectionId) -> bool {
        let source = self.roster.holder(id).and_then(|holder| holder.source);
        source.is_none_or(|source| self.sources.sends_in_order(source))
    }

    fn socket_known(&mut self, id: ConnectionId, pair: SocketPair, confidence: SocketConfidence) {
        self.pipeline.socket(id, KnownSocket { pair, confidence });
        if confidence == SocketConfidence::Observed {
            self.was_wanted(id, SocketLabel::Observed);
        }
    }

    /// Counts the end of a search if the connection is followed in full.
    fn was_wanted(&mut self, id: ConnectionId, end: SocketLabel) -> bool {
        let wanted = self.sockets.wanted.remove(&id);
        if wanted {
            self.telemetry.capture.sockets.of(end).inc();
        }
        wanted
    }

    /// The kernel half need not look for the socket of a connection that is followed in full.
    fn end_search(&mut self, id: ConnectionId, key: ConnKey) {
        if let Err(error) = self.tables.end_search(key, id.generation) {
            tracing::debug!(
                pid = key.tgid,
                "cannot end the search for a socket: {error}"
            );
        }
    }
}
