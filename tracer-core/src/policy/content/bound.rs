//! Makes content fit.
//!
//! Long texts give way to short ones: all that are too long are cut to the same length, so that every
//! message keeps its beginning, and a single huge result of a tool does not cost the question. Items
//! are dropped only where there are so many that they alone would take half of the room: of a
//! conversation the oldest messages, of anything else the last.

use super::{
    cut,
    fields::ContentField,
    items::{Lost, drop_items},
    released::ContentBounds,
    slots::slots,
};
use crate::llm::content::{Content, Extent};

/// Cuts what is beyond the bounds. What is missing is counted in each text and on each side.
pub(super) fn bound(content: &mut Content, bounds: ContentBounds) {
    let items = drop_items(content, bounds);
    let mut all = slots(content);
    let mut limits = [usize::MAX; ContentField::ALL.len()];
    for (field, limit) in ContentField::ALL.into_iter().zip(&mut limits) {
        let room = bounds.per_field.saturating_sub(items.of(field));
        let of_field = all.iter().filter(|slot| slot.field == field);
        *limit = level(of_field.map(|slot| slot.text.text().len()), room);
    }
    let limit_of = |field: ContentField| limits.get(field as usize).copied().unwrap_or(0);
    let room = bounds.per_call.saturating_sub(items.total());
    let lengths = all
        .iter()
        .map(|slot| slot.text.text().len().min(limit_of(slot.field)));
    let of_call = level(lengths, room);
    let (mut request, mut answer) = (Lost::default(), Lost::default());
    for slot in &mut all {
        let limit = of_call.min(limit_of(slot.field));
        if slot.text.text().len() > limit {
            let place = cut::place(slot.text.text(), limit);
            let side = if slot.is_answer {
                &mut answer
            } else {
                &mut request
            };
            side.bytes += slot.text.cut_at(place);
        }
    }
    add(&mut content.request, request);
    add(&mut content.answer, answer);
}

pub(super) fn add(side: &mut Extent, lost: Lost) {
    side.cut_bytes = side.cut_bytes.saturating_add(lost.bytes);
    side.cut_items = side.cut_items.saturating_add(lost.items);
}

/// The length that texts are cut to, so that together they take no more than `room`; without end if
/// they do as they are.
fn level(lengths: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut lengths: Vec<usize> = lengths.collect();
    lengths.sort_unstable();
    let mut left = room;
    let mut more = lengths.len();
    for length in lengths {
        let share = left / more;
        if length > share {
            return share;
        }
        left -= length;
        more -= 1;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_give_way_to_short_ones() {
        let of = |lengths: &[usize], room| level(lengths.iter().copied(), room);
        assert_eq!(of(&[], 0), usize::MAX);
        assert_eq!(of(&[5, 5], 10), usize::MAX);
        assert_eq!(of(&[5, 6], 10), 5);
        assert_eq!(of(&[1, 100, 100], 21), 10);
        assert_eq!(of(&[100, 1, 2, 100], 4), 1);
        assert_eq!(of(&[7], 0), 0);
    }
}
