//! Finds calls that two processes of this host make and serve, by what both ends see: the request.
//!
//! An exchange that is made and one that is served belong together if their requests have the same
//! [digest](crate::llm::request_digest) while both are under way. They are paired, if at all, when the
//! first of those with a digest is over. Which of them was told first does not matter, as a write may
//! be reported after the read of what it wrote, and even after the answer: so a call that was served
//! and has no client then waits for it a moment.
//!
//! Requests that are alike and go on at the same time are told apart by their connections, where their
//! sockets or an earlier request that was like no other have shown which belong together.
//!
//! Bias: towards absence. What could be another's is left unpaired, and says that its client is here
//! ([`OtherEnd::Unclear`]). Wrong would be a request from elsewhere, alike to the last byte of what is
//! kept of it, while one that is made here goes elsewhere; or the client of a proxy that is not seen
//! itself and shares its connections, whose later requests stay unpaired.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::peers::Peers;
use crate::{
    detect::Role,
    http::exchange::ExchangeId,
    llm::call::{Call, Captured, OtherEnd, PairNumber},
    segment::{ConnectionId, ProcessKey},
    time::Timestamp,
};

/// Exchanges under way that are known at once; more are not paired.
const MAX_OPEN: usize = 16 << 10;
/// Of these, exchanges whose requests are alike. Pairing looks at all of them.
const MAX_ALIKE: usize = 32;
/// How much later a write may be reported than the read of what it wrote: a process may lose the
/// processor between its write and the probe behind it.
const LATE: Duration = Duration::from_millis(250);
/// Calls that wait for their clients to show; beyond it the oldest is reported as it is.
const MAX_HELD: usize = 256;

/// Which exchange of which connection.
pub(super) type Place = (ConnectionId, ExchangeId);

/// The exchanges under way, at either end.
#[derive(Debug, Default)]
pub(super) struct BothEnds {
    /// By the digest of the request; in the order in which they came.
    alike: HashMap<u64, Vec<End>>,
    /// How many they are in all.
    open: usize,
    /// Ends so far.
    ends: u64,
    peers: Peers,
    /// Pairs so far.
    pairs: u64,
    held: VecDeque<Held>,
    /// Calls that have waited long enough.
    over: VecDeque<Box<Call<Captured>>>,
}

/// A call that was served, and whose client may still show.
#[derive(Debug)]
struct Held {
    call: Box<Call<Captured>>,
    digest: u64,
}

/// One end of an exchange under way.
#[derive(Debug)]
struct End {
    role: Role,
    place: Place,
    /// In the order in which they came.
    number: u64,
    /// When its request was complete.
    time: Timestamp,
    pair: Option<PairNumber>,
    /// That pair is not sure: it may be that of another one, which came late.
    is_likely: bool,
    /// It could have been the other end of one that is over.
    is_doubtful: bool,
}

impl BothEnds {
    /// The request of an exchange was seen to its end. Returns the served ones whose clients were clear
    /// without it, and are only likely now.
    pub(super) fn requested(
        &mut self,
        role: Role,
        place: Place,
        digest: u64,
        time: Timestamp,
    ) -> Vec<Place> {
        if self.open >= MAX_OPEN {
            return Vec::new();
        }
        let alike = self.alike.entry(digest).or_default();
        let contested = match role {
            Role::Client => contested(alike, place, time, &mut self.peers),
            Role::Server => Vec::new(),
        };
        if alike.len() < MAX_ALIKE {
            self.open += 1;
            self.ends += 1;
            alike.push(End {
                role,
                place,
                number: self.ends,
                time,
                pair: None,
                is_likely: !contested.is_empty(),
                is_doubtful: false,
            });
        }
        contested
    }

    /// An exchange is over: what was seen of its other end. `digest`: of its request, if that was
    /// seen as a whole.
    pub(super) fn over(&mut self, role: Role, place: Place, digest: Option<u64>) -> OtherEnd {
        let alike = digest.and_then(|digest| self.alike.get_mut(&digest));
        let (Some(digest), Some(alike)) = (digest, alike) else {
            return self.peers.other_end(role, place.0);
        };
        pair_up(alike, &mut self.peers, &mut self.pairs);
        let is_it = |end: &End| end.role == role && end.place == place;
        let Some(at) = alike.iter().position(is_it) else {
            return OtherEnd::Unclear; // there were too many
        };
        let end = alike.remove(at);
        self.open -= 1;
        let is_doubtful = end.pair.is_none() && leaves_doubt(&end, alike);
        if alike.is_empty() {
            self.alike.remove(&digest);
        }
        match end.pair {
            Some(pair) => OtherEnd::Known(pair),
            None if is_doubtful => OtherEnd::Unclear,
            None => self.peers.other_end(role, place.0),
        }
    }

    /// The place of the call that one under way is the other end of, as far as that is clear by now,
    /// and whether it is sure.
    pub(super) fn other_of(
        &mut self,
        role: Role,
        place: Place,
        digest: u64,
    ) -> Option<(Place, bool)> {
        let alike = self.alike.get_mut(&digest)?;
        pair_up(alike, &mut self.peers, &mut self.pairs);
        let is_it = |end: &&End| end.role == role && end.place == place;
        let own = alike.iter().find(is_it)?;
        let pair = own.pair?;
        let is_other = |end: &&End| end.role != role && end.pair == Some(pair);
        let other = alike.iter().find(is_other)?;
        Some((other.place, !own.is_likely && !other.is_likely))
    }

    /// Holds back a call that was served and is over, for as long as its client may still show; the
    /// call comes back if there is no need. One with content is too large to wait.
    pub(super) fn hold(
        &mut self,
        call: Box<Call<Captured>>,
        digest: Option<u64>,
    ) -> Option<Box<Call<Captured>>> {
        let alike = digest.and_then(|digest| self.alike.get_mut(&digest));
        let (Some(digest), Some(alike)) = (digest, alike) else {
            return Some(call);
        };
        pair_up(alike, &mut self.peers, &mut self.pairs);
        let place = (call.facts().connection, call.facts().exchange);
        let is_it = |end: &End| end.role == Role::Server && end.place == place;
        let is_alone = alike.iter().any(|end| is_it(end) && end.pair.is_none());
        if !is_alone || call.content().is_some() {
            return Some(call);
        }
        self.held.push_back(Held { call, digest });
        if self.held.len() > MAX_HELD {
            let oldest = self.held.pop_front();
            self.let_go(oldest);
        }
        None
    }

    /// Lets go of calls whose clients do not show any more.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let is_late = |held: &mut Held| now.since(held.call.facts().timing.end) >= LATE;
        while let Some(late) = self.held.pop_front_if(is_late) {
            self.let_go(Some(late));
        }
    }

    /// Lets go of the calls of some processes.
    pub(super) fn settle(&mut self, is_over: impl Fn(ProcessKey) -> bool) {
        for held in std::mem::take(&mut self.held) {
            if is_over(held.call.facts().connection.process) {
                self.let_go(Some(held));
            } else {
                self.held.push_back(held);
            }
        }
    }

    /// The calls that have waited.
    pub(super) fn take_over(&mut self) -> VecDeque<Box<Call<Captured>>> {
        std::mem::take(&mut self.over)
    }

    fn let_go(&mut self, held: Option<Held>) {
        if let Some(Held { mut call, digest }) = held {
            let place = (call.facts().connection, call.facts().exchange);
            call.set_other_end(self.over(Role::Server, place, Some(digest)));
            self.over.push_back(call);
        }
    }

    /// The sockets of two connections are the two ends of one.
    pub(super) fn meet(&mut self, one: ConnectionId, other: ConnectionId) {
        self.peers.meet_by_socket(one, other);
    }

    /// A connection is over.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        self.peers.closed(connection);
    }
}

/// Pairs what is clear by now.
fn pair_up(alike: &mut [End], peers: &mut Peers, pairs: &mut u64) {
    while let Some((client, server)) = next_pair(alike, peers) {
        *pairs += 1;
        let of_server = alike.get(server).map(|end| end.place.0);
        let by_connection = of_server.is_some_and(|of_server| peers.of(of_server).is_some());
        let mut is_likely = false;
        let places = [client, server].map(|at| {
            let end = alike.get_mut(at)?;
            end.is_likely &= !by_connection;
            is_likely |= end.is_likely;
            end.pair = Some(PairNumber(*pairs));
            Some(end.place.0)
        });
        if let [Some(client), Some(server)] = places
            && !is_likely
        {
            peers.meet(client, server);
        }
    }
}

/// The served exchanges among these that may have read what a client is told now to have written,
/// although they have another one: which connections belong together is not known by them any more.
fn contested(
    alike: &mut [End],
    client: Place,
    written: Timestamp,
    peers: &mut Peers,
) -> Vec<Place> {
    if peers.of(client.0).is_some() {
        return Vec::new();
    }
    let mut contested = Vec::new();
    for end in alike {
        // What a process passes on it has read before.
        let is_of_others = end.place.0.process != client.0.process;
        let may_be = end.role == Role::Server && is_of_others && written <= end.time.after(LATE);
        if may_be && end.pair.is_some() && !peers.is_by_socket(end.place.0) {
            end.is_likely = true;
            peers.closed(end.place.0);
            contested.push(end.place);
        }
    }
    contested
}

/// Whether an end that goes without a pair could have had one of those that stay: then it will never
/// be clear whose they are.
fn leaves_doubt(end: &End, alike: &mut [End]) -> bool {
    let is_doubtful = end.is_doubtful || alike.iter().any(|other| other.may_be_with(end));
    if is_doubtful {
        for other in alike {
            other.is_doubtful = true;
        }
    }
    is_doubtful
}

/// The first served exchange whose client is clear, behind that client.
fn next_pair(alike: &[End], peers: &Peers) -> Option<(usize, usize)> {
    let served = |(_, end): &(usize, &End)| end.role == Role::Server && end.pair.is_none();
    let mut all = alike.iter().enumerate().filter(served);
    all.find_map(|(at, _)| Some((client_of(alike, at, peers)?, at)))
}

/// The client of a served exchange, if there is no other choice.
fn client_of(alike: &[End], server: usize, peers: &Peers) -> Option<usize> {
    let mut candidates = candidates(alike, server, peers);
    let client = candidates.next()?;
    let end = alike.get(server)?;
    if peers.of(end.place.0).is_some() {
        // All are of that connection: requests stay in order there.
        return Some(client);
    }
    let is_only = candidates.next().is_none() && !end.is_doubtful;
    let is_clear = is_only && alike.get(client).is_some_and(|end| !end.is_doubtful);
    let is_wanted = |(at, rival): (usize, &End)| {
        at != server
            && rival.role == Role::Server
            && rival.pair.is_none()
            && rival.time <= end.time.after(LATE)
            && is_only_choice(alike, at, client, peers)
    };
    (is_clear && !alike.iter().enumerate().any(is_wanted)).then_some(client)
}

fn is_only_choice(alike: &[End], server: usize, client: usize, peers: &Peers) -> bool {
    let mut candidates = candidates(alike, server, peers);
    candidates.next() == Some(client) && candidates.next().is_none()
}

/// Exchanges that may be the client's end of a served one.
fn candidates<'a>(
    alike: &'a [End],
    server: usize,
    peers: &'a Peers,
) -> impl Iterator<Item = usize> + 'a {
    let server = alike.get(server);
    let may_be = move |client: &End| {
        server.is_some_and(|server| {
            client.may_be_with(server) && peers.admit(client.place.0, server.place.0)
        })
    };
    let all = alike.iter().enumerate();
    all.filter_map(move |(at, client)| may_be(client).then_some(at))
}

impl End {
    /// Whether this end, which has no pair, can be that of `other`.
    fn may_be_with(&self, other: &Self) -> bool {
        let (client, server) = match self.role {
            Role::Client => (self, other),
            Role::Server => (other, self),
        };
        // What a process passes on it has read before.
        let within = client.place.0.process == server.place.0.process;
        let in_order = if within {
            client.number < server.number
        } else {
            client.time <= server.time.after(LATE)
        };
        self.pair.is_none() && self.role != other.role && in_order
    }
}

#[cfg(test)]
#[path = "both_ends_tests.rs"]
mod tests;
