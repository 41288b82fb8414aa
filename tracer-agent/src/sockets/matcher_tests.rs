//! Event loops and threads, played move by move.

use std::collections::{HashMap, VecDeque};

use tracer_core::segment::ProcessKey;

use super::*;

const THREAD: u32 = 7;

fn connection(handle: u64) -> ConnectionId {
    ConnectionId {
        process: ProcessKey(1),
        handle,
        generation: 1,
    }
}

fn pair(socket: u64) -> SocketPair {
    SocketPair {
        local: ([10, 0, 0, 1], 40_000 + u16::try_from(socket).unwrap()).into(),
        peer: ([10, 0, 0, 2], 443).into(),
        network: 1,
    }
}

/// Sizes are those of TLS 1.3: each record adds 22 bytes.
#[derive(Default)]
struct Played {
    matcher: Matcher,
    found: Vec<Found>,
    /// Moves on sockets that were told, by thread, and since when.
    moves: HashMap<u32, u32>,
    since: u64,
    nanos: u64,
}

impl Played {
    fn wrote(&mut self, on: u64, bytes: u64) {
        self.moved(THREAD, on, Direction::Outbound, bytes);
    }

    fn read(&mut self, on: u64, bytes: u64) {
        self.moved(THREAD, on, Direction::Inbound, bytes);
    }

    fn moved(&mut self, thread: u32, on: u64, direction: Direction, bytes: u64) {
        self.nanos += 1;
        let connection = connection(on);
        let found = self
            .matcher
            .moved(thread, connection, direction, bytes, self.nanos);
        self.found.extend(found);
    }

    fn sent(&mut self, socket: u64, bytes: u64) {
        self.sighted(THREAD, socket, Direction::Outbound, bytes);
    }

    fn received(&mut self, socket: u64, bytes: u64) {
        self.sighted(THREAD, socket, Direction::Inbound, bytes);
    }

    fn sighted(&mut self, thread: u32, socket: u64, direction: Direction, bytes: u64) {
        let number = self.moves.entry(thread).or_default();
        *number += 1;
        let at = SocketMove {
            socket,
            direction,
            bytes,
            pair: pair(socket),
            since: self.since,
            number: *number,
            is_last: false,
        };
        self.found.extend(self.matcher.sighted(thread, at));
    }

    /// What was found since the last time.
    #[track_caller]
    fn expect(&mut self, found: &[(u64, u64)]) {
        let wanted: Vec<Found> = found
            .iter()
            .map(|(on, socket)| Found::Socket(connection(*on), pair(*socket)))
            .collect();
        assert_eq!(std::mem::take(&mut self.found), wanted);
    }
}

#[test]
fn a_send_behind_a_write_that_it_fits_exactly() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.sent(11, 222);
    played.expect(&[(1, 11)]);
    let how = played.matcher.confidence(connection(1));
    assert_eq!(how, Some(SocketConfidence::Derived));
}

#[test]
fn several_writes_leave_with_one_send() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.wrote(1, 20_000);
    played.sent(11, 20_200 + 3 * 22);
    played.expect(&[(1, 11)]);
}

#[test]
fn sends_of_other_lengths_are_somebody_elses() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.sent(12, 40);
    played.sent(13, 200);
    played.sent(14, 9000);
    played.expect(&[]);
    played.sent(11, 222);
    played.expect(&[(1, 11)]);
}

#[test]
fn a_send_with_more_than_the_write_wants_a_second_sign() {
    let mut played = Played::default();
    played.wrote(1, 200);
    // Behind the end of a handshake with a certificate.
    played.sent(11, 222 + 258);
    played.expect(&[]);
    played.received(11, 522);
    played.read(1, 500);
    played.expect(&[(1, 11)]);
}

#[test]
fn equal_requests_that_leave_together_are_told_by_their_answers() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.wrote(2, 200);
    played.sent(11, 222);
    played.sent(12, 222);
    played.expect(&[]);
    played.received(12, 322);
    played.read(2, 300);
    played.expect(&[(2, 12)]);
    played.received(11, 322);
    played.read(1, 300);
    played.expect(&[(1, 11)]);
}

#[test]
fn what_leaves_out_of_order_is_nobodys() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.wrote(2, 200);
    played.sent(12, 222);
    played.sent(11, 222);
    played.received(12, 322);
    played.read(2, 300);
    played.received(11, 322);
    played.read(1, 300);
    played.expect(&[]);
    // Until it leaves alone.
    played.wrote(1, 200);
    played.sent(11, 222);
    played.expect(&[(1, 11)]);
}

#[test]
fn moves_that_were_not_told_leave_nothing_of_what_was_known() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.sent(13, 30);
    played.wrote(2, 200);
    // The first request has left.
    played.moves.insert(THREAD, 2);
    played.sent(12, 222);
    played.received(12, 322);
    played.read(2, 300);
    played.expect(&[]);
}

#[test]
fn writes_from_before_moves_were_told_may_have_left() {
    let mut played = Played {
        since: 1,
        ..Played::default()
    };
    played.wrote(1, 200);
    played.sent(13, 30);
    played.wrote(2, 200);
    // From here on, moves are told again.
    played.since = played.nanos + 1;
    played.moves.clear();
    played.wrote(3, 200);
    played.sent(11, 222);
    played.expect(&[]);
    played.received(11, 322);
    played.read(3, 300);
    played.expect(&[(3, 11)]);
}

#[test]
fn answers_that_come_together_are_told_by_what_was_sent() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.wrote(2, 200);
    played.sent(11, 222);
    played.sent(12, 222);
    // Both are received before either is read, in the other order.
    played.received(12, 422);
    played.received(11, 322);
    played.read(1, 300);
    played.read(2, 400);
    played.expect(&[(1, 11), (2, 12)]);
}

#[test]
fn a_library_that_reads_the_socket_itself_reads_headers_first() {
    let mut played = Played::default();
    // Programs came too late to see the request leave.
    played.wrote(1, 200);
    played.received(11, 5);
    played.received(11, 317);
    played.read(1, 300);
    played.expect(&[(1, 11)]);
}

#[test]
fn two_receives_that_fit_in_the_same_way_are_enough() {
    let mut played = Played::default();
    played.wrote(1, 200);
    // A ticket and a record.
    played.received(11, 255 + 322);
    played.read(1, 300);
    played.expect(&[]);
    // The rest of the same receive would be no second sign.
    played.read(1, 20);
    played.expect(&[]);
    played.received(11, 700);
    played.read(1, 300);
    played.expect(&[(1, 11)]);
}

#[test]
fn records_of_one_receive_that_are_read_one_by_one_fit_in_the_end() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.received(11, 100 + 50 + 2 * 22);
    played.read(1, 100);
    played.expect(&[]);
    played.read(1, 50);
    played.expect(&[(1, 11)]);
}

#[test]
fn answers_alone_say_nothing_where_there_are_many() {
    let mut played = Played::default();
    // Nobody saw the requests leave.
    for _ in 0..2 {
        for n in 0..20 {
            played.received(100 + n, 522 + 50 * n);
        }
        for n in 0..20 {
            played.read(n, 500 + 50 * n);
        }
    }
    played.expect(&[]);
    // Those that are known are none of the others'.
    for n in 0..20 {
        played.wrote(n, 200);
        played.sent(100 + n, 222);
        played.expect(&[(n, 100 + n)]);
    }
}

#[test]
fn one_loose_sign_in_company_says_nothing() {
    let mut played = Played::default();
    played.wrote(1, 200);
    for _ in 0..4 {
        played.received(11, 900);
        played.received(12, 900);
        played.read(1, 300);
    }
    played.expect(&[]);
}

#[test]
fn a_socket_is_taken_for_one_connection_only() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.sent(11, 222);
    played.expect(&[(1, 11)]);
    played.wrote(2, 200);
    played.sent(11, 222);
    played.expect(&[]);
    // Until that is over.
    played.matcher.forget(connection(1));
    played.sent(11, 222);
    played.expect(&[(2, 11)]);
}

#[test]
fn moves_of_other_threads_say_nothing() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.sighted(8, 11, Direction::Outbound, 222);
    played.sighted(8, 11, Direction::Inbound, 322);
    played.read(1, 300);
    played.expect(&[]);
}

#[test]
fn a_thread_that_reads_need_not_be_the_one_that_writes() {
    let mut played = Played::default();
    played.wrote(1, 200);
    played.sent(11, 222 + 258);
    played.sighted(8, 11, Direction::Inbound, 322);
    played.moved(8, 1, Direction::Inbound, 300);
    played.expect(&[(1, 11)]);
}

#[test]
fn a_search_without_end_is_given_up() {
    let mut played = Played::default();
    for _ in 0..=PATIENCE {
        played.read(1, 100);
    }
    assert_eq!(played.found, [Found::Nothing(connection(1))]);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut matcher = Matcher::default();
    for n in 0..5000 {
        let thread = u32::try_from(n).unwrap();
        matcher.moved(thread, connection(n), Direction::Outbound, 100, n);
    }
    assert!(matcher.searched.len() <= MAX_SEARCHED.get());
    assert!(matcher.threads.len() <= MAX_THREADS.get());
}

/// An event loop that hands on in order what it writes and what it receives, but at any time: equal
/// lengths and all, no connection ever gets another one's socket, and most get theirs.
#[test]
fn event_loops_never_mix_connections() {
    let (mut searched, mut found) = (0, 0);
    for seed in 1..500 {
        let mut random = Random(seed);
        let mut played = Played::default();
        // Written but not sent, and received but not read, the oldest first.
        let (mut written, mut received) = (VecDeque::new(), VecDeque::new());
        for _ in 0..200 {
            let (on, bytes) = (random.below(6), 200 + 100 * random.below(2));
            match random.below(4) {
                0 => {
                    played.wrote(on, bytes);
                    written.push_back((on, bytes));
                }
                1 => {
                    if let Some((on, bytes)) = written.pop_front() {
                        played.sent(100 + on, bytes + 22);
                    }
                }
                2 => {
                    played.received(100 + on, bytes + 22);
                    received.push_back((on, bytes));
                }
                _ => {
                    if let Some((on, bytes)) = received.pop_front() {
                        played.read(on, bytes);
                    }
                }
            }
        }
        searched += 6;
        for found_one in std::mem::take(&mut played.found) {
            let Found::Socket(connection, told) = found_one else {
                continue;
            };
            assert_eq!(told, pair(100 + connection.handle), "seed {seed}");
            found += 1;
        }
    }
    assert!(found * 10 > searched * 9, "{found} of {searched}");
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }
}
