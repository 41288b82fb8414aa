use super::*;
use crate::{
    segment::{ConnectionId, ProcessKey},
    time::Timestamp,
};

fn segment(direction: Direction, offset: u64, turn: u32) -> Segment<'static> {
    Segment {
        connection: ConnectionId {
            process: ProcessKey(1),
            handle: 1,
            generation: 1,
        },
        direction,
        offset,
        time: Timestamp::default(),
        turn,
        bytes: b"x",
    }
}

/// Plays exchanges of ten bytes each way; `lost` says which turns are not seen at all.
fn play(turns: u32, lost: &[u32], counts: bool) -> u32 {
    let mut ledger = Turns::default();
    for turn in (0..turns).filter(|turn| !lost.contains(turn)) {
        let offset = u64::from(turn) * 10;
        ledger.segment(&segment(Direction::Outbound, offset, turn), false);
        ledger.request();
        ledger.segment(&segment(Direction::Inbound, offset, turn), false);
    }
    let total = u64::from(turns) * 10;
    let counts = counts.then_some(FinalCounts {
        outbound: total,
        inbound: total,
        turns: turns - 1,
    });
    ledger.close(counts, false);
    ledger.take_lost()
}

#[test]
fn every_lost_turn_is_counted_once() {
    assert_eq!(play(5, &[], true), 0);
    assert_eq!(play(5, &[2], true), 1);
    assert_eq!(play(5, &[0, 1], true), 2);
    assert_eq!(play(5, &[1, 3, 4], true), 3);
    assert_eq!(play(5, &[1, 3, 4], false), 1, "the end is not known");
}

#[test]
fn a_turn_of_which_only_the_answer_was_seen_is_lost() {
    let mut ledger = Turns::default();
    ledger.segment(&segment(Direction::Inbound, 0, 0), false);
    ledger.segment(&segment(Direction::Outbound, 10, 1), false);
    ledger.request();
    assert_eq!(ledger.take_lost(), 1);
}

#[test]
fn the_end_of_an_answer_from_before_is_not_lost() {
    let mut ledger = Turns::default();
    ledger.segment(&segment(Direction::Inbound, 0, 0), false);
    ledger.segment(&segment(Direction::Outbound, 0, 1), false);
    ledger.request();
    ledger.close(
        Some(FinalCounts {
            outbound: 10,
            inbound: 10,
            turns: 1,
        }),
        false,
    );
    assert_eq!(ledger.take_lost(), 0);

    let mut ledger = Turns::default();
    ledger.segment(&segment(Direction::Inbound, 0, 0), false);
    ledger.close(
        Some(FinalCounts {
            outbound: 0,
            inbound: 10,
            turns: 0,
        }),
        false,
    );
    assert_eq!(ledger.take_lost(), 0);
}

#[test]
fn a_request_that_goes_on_in_the_next_turn_is_one() {
    let mut ledger = Turns::default();
    ledger.segment(&segment(Direction::Outbound, 0, 0), false);
    ledger.request();
    ledger.segment(&segment(Direction::Inbound, 0, 0), true); // 100 Continue
    ledger.segment(&segment(Direction::Outbound, 10, 1), true);
    ledger.segment(&segment(Direction::Inbound, 10, 1), false);
    ledger.segment(&segment(Direction::Outbound, 20, 2), false);
    ledger.request();
    ledger.close(
        Some(FinalCounts {
            outbound: 30,
            inbound: 30,
            turns: 2,
        }),
        false,
    );
    assert_eq!(ledger.take_lost(), 0);
}

#[test]
fn losses_around_an_open_request_give_it_the_benefit_of_the_doubt() {
    let mut ledger = Turns::default();
    ledger.segment(&segment(Direction::Outbound, 0, 0), false);
    ledger.request();
    ledger.close(
        Some(FinalCounts {
            outbound: 30,
            inbound: 30,
            turns: 2,
        }),
        true,
    );
    assert_eq!(ledger.take_lost(), 1);
}
