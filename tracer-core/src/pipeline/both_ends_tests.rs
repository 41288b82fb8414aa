use proptest::prelude::*;

use super::*;
use crate::segment::ProcessKey;

/// Exchanges of a few processes, named by the numbers of process and connection.
#[derive(Default)]
struct Host {
    ends: BothEnds,
    millis: u64,
}

use Role::{Client, Server};

type End = (Role, u64, u64, u32);

/// On connection `connection` of a process.
const fn client(process: u64, connection: u64, exchange: u32) -> End {
    (Client, process, connection, exchange)
}

const fn server(process: u64, connection: u64, exchange: u32) -> End {
    (Server, process, connection, exchange)
}

fn place((_, process, handle, exchange): End) -> Place {
    let connection = ConnectionId {
        process: ProcessKey(process),
        handle,
        generation: 1,
    };
    (connection, ExchangeId(exchange))
}

const ALIKE: u64 = 7;

impl Host {
    /// These requests, all alike, are seen one after the other, a millisecond apart.
    fn requested(&mut self, ends: &[End]) {
        for end in ends {
            self.requested_as(ALIKE, *end);
        }
    }

    fn requested_as(&mut self, digest: u64, end: End) {
        self.millis += 1;
        let time = Timestamp::from_unix_nanos(self.millis * 1_000_000);
        self.ends.requested(end.0, place(end), digest, time);
    }

    fn over(&mut self, end: End) -> OtherEnd {
        self.over_as(ALIKE, end)
    }

    fn over_as(&mut self, digest: u64, end: End) -> OtherEnd {
        self.ends.over(end.0, place(end), Some(digest))
    }

    /// Two connections have had a request like no other.
    fn introduce(&mut self, one: End, other: End) {
        let digest = 1000 + self.millis;
        self.requested_as(digest, one);
        self.requested_as(digest, other);
        assert!(matches!(self.over_as(digest, other), OtherEnd::Known(_)));
        assert!(matches!(self.over_as(digest, one), OtherEnd::Known(_)));
    }
}

const APP: End = client(1, 1, 0);
const MODEL: End = server(2, 1, 0);

const fn pair(number: u64) -> OtherEnd {
    OtherEnd::Known(PairNumber(number))
}

#[test]
fn the_ends_of_an_exchange_find_each_other_in_any_order() {
    for seen in [[APP, MODEL], [MODEL, APP]] {
        for over in [[APP, MODEL], [MODEL, APP]] {
            let mut host = Host::default();
            host.requested(&seen);
            assert_eq!(over.map(|end| host.over(end)), [pair(1), pair(1)]);
            assert_eq!((host.ends.open, host.ends.alike.len()), (0, 0));
        }
    }
}

#[test]
fn who_is_alone_has_no_other_end() {
    let mut host = Host::default();
    host.requested(&[MODEL]);
    assert_eq!(host.over(MODEL), OtherEnd::Unknown);
    host.requested(&[APP]);
    assert_eq!(host.over(APP), OtherEnd::Unknown);
    host.requested_as(1, APP);
    host.requested_as(2, MODEL);
    assert_eq!(host.over_as(2, MODEL), OtherEnd::Unknown);
    assert_eq!(host.over_as(1, APP), OtherEnd::Unknown);
}

#[test]
fn the_same_request_again_is_another_pair() {
    let mut host = Host::default();
    for exchange in 0..3 {
        let [app, model] = [client(1, 1, exchange), server(2, 1, exchange)];
        host.requested(&[app, model]);
        assert_eq!(host.over(model), pair(u64::from(exchange) + 1));
        assert_eq!(host.over(app), pair(u64::from(exchange) + 1));
    }
}

#[test]
fn what_is_alike_at_once_stays_unclear() {
    let all = [
        client(1, 1, 0),
        client(1, 2, 0),
        server(2, 1, 0),
        server(2, 2, 0),
    ];
    let mut host = Host::default();
    host.requested(&all);
    let mut over = |at: usize| host.over(all[at]);
    assert_eq!(over(2), OtherEnd::Unclear);
    assert_eq!(over(0), OtherEnd::Unclear);
    assert_eq!(over(3), OtherEnd::Unclear, "what is left is no proof");
    assert_eq!(over(1), OtherEnd::Unclear);
}

#[test]
fn connections_that_are_known_tell_apart_what_is_alike() {
    let mut host = Host::default();
    host.introduce(client(1, 1, 0), server(2, 11, 0));
    host.introduce(client(1, 2, 0), server(2, 12, 0));
    let all = [
        client(1, 1, 1),
        client(1, 2, 1),
        server(2, 12, 1),
        server(2, 11, 1),
    ];
    host.requested(&all);
    assert_eq!(host.over(all[2]), host.over(all[1]));
    assert_eq!(host.over(all[3]), host.over(all[0]));
}

#[test]
fn one_that_is_known_leaves_the_other() {
    let mut host = Host::default();
    host.introduce(client(1, 1, 0), server(2, 11, 0));
    let all = [
        client(1, 1, 1),
        client(1, 2, 1),
        server(2, 12, 1),
        server(2, 11, 1),
    ];
    host.requested(&all);
    let known = host.over(all[3]);
    assert_eq!(known, host.over(all[0]));
    let left = host.over(all[2]);
    assert_eq!(left, host.over(all[1]));
    assert!(matches!((known, left), (OtherEnd::Known(a), OtherEnd::Known(b)) if a != b));
}

#[test]
fn streams_of_one_connection_keep_their_order() {
    let mut host = Host::default();
    host.introduce(client(1, 1, 0), server(2, 11, 0));
    let [first, second] = [client(1, 1, 1), client(1, 1, 2)];
    let served = [server(2, 11, 1), server(2, 11, 2)];
    host.requested(&[first, second, served[0], served[1]]);
    assert_eq!(host.over(served[1]), host.over(second));
    assert_eq!(host.over(served[0]), host.over(first));
}

#[test]
fn a_client_elsewhere_makes_it_unclear() {
    let mut host = Host::default();
    let remote = server(2, 2, 0);
    host.requested(&[APP, MODEL, remote]);
    assert_eq!(host.over(MODEL), OtherEnd::Unclear);
    assert_eq!(host.over(remote), OtherEnd::Unclear);
    assert_eq!(host.over(APP), OtherEnd::Unclear);
}

/// A request from elsewhere is under way when the same is asked from here: seconds later, it is not
/// taken for the one that is asked here, nor in doubt.
#[test]
fn what_was_there_long_before_is_not_the_other_end() {
    let mut host = Host::default();
    let remote = server(2, 2, 0);
    host.requested(&[remote]);
    host.millis += 2_000;
    host.requested(&[APP, MODEL]);
    assert_eq!(host.over(remote), OtherEnd::Unknown);
    assert_eq!(host.over(MODEL), pair(1));
    assert_eq!(host.over(APP), pair(1));
}

#[test]
fn a_second_one_alike_does_not_undo_the_first() {
    let mut host = Host::default();
    host.requested(&[APP, MODEL]);
    host.millis += 2_000;
    let [app, model] = [client(1, 2, 0), server(2, 2, 0)];
    host.requested(&[app, model]);
    assert_eq!(host.over(model), host.over(app));
    assert_eq!(host.over(MODEL), host.over(APP));
}

/// A proxy passes on what it was asked without a change: two hops, the same request.
#[test]
fn hops_of_a_proxy_are_pairs_of_their_own() {
    let (inner, outer) = (client(3, 2, 0), server(3, 1, 0));
    let mut host = Host::default();
    host.requested(&[APP, outer, inner, MODEL]);
    let far = host.over(MODEL);
    assert_eq!(far, host.over(inner));
    let near = host.over(outer);
    assert_eq!(near, host.over(APP));
    assert_ne!(far, near);

    // Its client is elsewhere.
    host.requested(&[outer, inner, MODEL]);
    assert_eq!(host.over(MODEL), host.over(inner));
    assert_eq!(
        host.over(outer),
        OtherEnd::Unclear,
        "its connection is known"
    );
}

#[test]
fn a_proxy_is_not_its_own_client() {
    let (inner, outer) = (client(3, 2, 0), server(3, 1, 0));
    let mut host = Host::default();
    host.requested(&[outer, inner]);
    assert_eq!(host.over(inner), OtherEnd::Unknown);
    assert_eq!(host.over(outer), OtherEnd::Unknown);
}

#[test]
fn without_a_digest_the_connection_may_tell_that_the_client_is_here() {
    let mut host = Host::default();
    let over = |host: &mut Host, end: End| host.ends.over(end.0, place(end), None);
    assert_eq!(over(&mut host, MODEL), OtherEnd::Unknown);
    host.introduce(APP, MODEL);
    assert_eq!(over(&mut host, server(2, 1, 1)), OtherEnd::Unclear);
    assert_eq!(over(&mut host, client(1, 1, 1)), OtherEnd::Unknown);
    host.ends.closed(place(APP).0);
    assert_eq!(over(&mut host, server(2, 1, 2)), OtherEnd::Unknown);
}

#[test]
fn crowds_are_bounded() {
    let mut host = Host::default();
    let count = u32::try_from(2 * MAX_ALIKE).expect("few");
    for exchange in 0..count {
        host.requested(&[client(1, 1, exchange)]);
    }
    host.requested(&[MODEL]);
    assert_eq!(host.ends.open, MAX_ALIKE);
    assert_eq!(host.over(MODEL), OtherEnd::Unclear);
    for exchange in 0..count {
        assert_eq!(host.over(client(1, 1, exchange)), OtherEnd::Unknown);
    }
    assert_eq!((host.ends.open, host.ends.alike.len()), (0, 0));
}

proptest! {
    /// Whatever happens: a pair has one client and one server, in that order of numbers, and nothing
    /// is kept of what is over.
    #[test]
    fn pairs_are_pairs(steps in proptest::collection::vec((0u8..4, 0u64..4, 0u64..3, 0u64..3), 0..80)) {
        let mut host = Host::default();
        let mut open: Vec<(u64, End)> = Vec::new();
        let mut ends: HashMap<PairNumber, Vec<Role>> = HashMap::new();
        let mut exchange = 0;
        let mut finish = |host: &mut Host, (digest, end): (u64, End)| {
            if let OtherEnd::Known(pair) = host.over_as(digest, end) {
                ends.entry(pair).or_default().push(end.0);
            }
        };
        for (what, process, connection, digest) in steps {
            if what < 3 {
                exchange += 1;
                let end = if process < 2 {
                    client(process, connection, exchange)
                } else {
                    server(process, connection, exchange)
                };
                host.requested_as(digest, end);
                open.push((digest, end));
            } else if !open.is_empty() {
                let at = usize::try_from(digest + connection).expect("small") % open.len();
                finish(&mut host, open.remove(at));
            }
        }
        for end in open {
            finish(&mut host, end);
        }
        prop_assert_eq!((host.ends.open, host.ends.alike.len()), (0, 0));
        for (_, mut roles) in ends {
            roles.sort_by_key(|role| *role == Server);
            prop_assert_eq!(roles, [Client, Server]);
        }
    }
}

#[test]
fn requests_that_are_alike_are_told_apart_by_sockets() {
    let (one, other) = (
        [client(1, 1, 0), server(2, 1, 0)],
        [client(1, 2, 0), server(2, 2, 0)],
    );
    let mut host = Host::default();
    for [app, model] in [one, other] {
        host.ends.meet(place(app).0, place(model).0);
    }
    host.requested(&[one[0], other[0], other[1], one[1]]);
    assert_eq!(host.over(one[1]), host.over(one[0]));
    assert_eq!(host.over(other[1]), host.over(other[0]));
    assert_eq!(host.ends.open, 0);
}
