//! Which requests were lost, told by the numbers of their streams.
//!
//! A client numbers its streams 1, 3, 5, … (RFC 9113 section 5.1.1), so a number that is skipped behind
//! a loss stands for a request that was lost.

use super::Start;

/// The numbers of a client's streams, as far as they were seen.
#[derive(Debug)]
pub(super) struct StreamNumbers {
    /// The next one; unknown until one was seen.
    next: Option<u32>,
    /// Requests may have been lost since the last one that was seen.
    lossy: bool,
}

impl StreamNumbers {
    pub(super) fn new(start: Start) -> Self {
        Self {
            next: (start == Start::Preface).then_some(1),
            lossy: false,
        }
    }

    /// The number of the next stream, if known.
    pub(super) const fn next(&self) -> Option<u32> {
        self.next
    }

    /// Requests may have been lost here.
    pub(super) const fn lose(&mut self) {
        self.lossy = true;
    }

    /// Whether headers of the client on this stream can begin a request; those of an older stream
    /// are trailers.
    pub(super) fn can_begin(&self, number: u32) -> bool {
        !number.is_multiple_of(2) && self.next.is_none_or(|next| number >= next)
    }

    /// A request was seen on this stream: returns how many before it were lost.
    pub(super) fn request(&mut self, number: u32) -> u32 {
        let lost = self.pass(number);
        self.lossy = false;
        lost
    }

    /// An answer was seen on a stream whose request was not: returns how many requests were lost up
    /// to that one, none if it may just be older than the capture.
    pub(super) fn answer(&mut self, number: u32) -> u32 {
        let is_new = self.next.is_some_and(|next| number >= next);
        if is_new && self.lossy && !number.is_multiple_of(2) {
            self.pass(number).saturating_add(1)
        } else {
            0
        }
    }

    fn pass(&mut self, number: u32) -> u32 {
        let next = self.next.replace(number.saturating_add(2));
        next.filter(|_| self.lossy)
            .map_or(0, |next| number.saturating_sub(next) / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Direction;

    #[test]
    fn numbers_skipped_behind_a_loss_are_lost_requests() {
        let mut numbers = StreamNumbers::new(Start::Preface);
        assert_eq!(numbers.request(5), 0, "clients may skip numbers");
        numbers.lose();
        assert_eq!(numbers.answer(5), 0, "its request was seen");
        assert_eq!(numbers.answer(9), 2);
        assert_eq!(numbers.request(13), 1);
        assert_eq!(numbers.answer(17), 0, "nothing was lost since");
    }

    #[test]
    fn headers_of_old_and_of_even_streams_begin_no_request() {
        let mut numbers = StreamNumbers::new(Start::Frame(Direction::Outbound));
        assert!(numbers.can_begin(101));
        numbers.request(101);
        assert!(!numbers.can_begin(101));
        assert!(!numbers.can_begin(104));
        assert!(numbers.can_begin(103));
    }
}
