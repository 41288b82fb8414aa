//! Drops items where they alone would take too much room.

use super::{bound, fields::ContentField, released::ContentBounds, withhold::texts_of};
use crate::llm::content::{
    Choice, Content, Document, Media, MediaSource, Message, Part, ToolCall, ToolDefinition,
};

/// What an item takes beside its texts and names: its place in a list, its keys, its quotation marks.
const ITEM_BYTES: usize = 64;

/// What was dropped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lost {
    pub(super) bytes: u64,
    pub(super) items: u64,
}

/// What the items of each kind take.
#[derive(Default)]
pub(super) struct Items([usize; ContentField::ALL.len()]);

impl Items {
    pub(super) fn of(&self, field: ContentField) -> usize {
        self.0.get(field as usize).copied().unwrap_or(0)
    }

    pub(super) fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

/// Drops what goes beyond half of the room; tells what the rest takes.
pub(super) fn drop_items(content: &mut Content, bounds: ContentBounds) -> Items {
    let mut pass = Pass {
        left: bounds.per_call / 2,
        per_field: bounds.per_field / 2,
        items: Items::default(),
        lost: Lost::default(),
    };
    let Content {
        system,
        input,
        output,
        tools,
        query: _,
        documents,
        found,
        request,
        answer,
    } = content;
    pass.keep(ContentField::OutputMessages, output, Keep::First);
    pass.keep(ContentField::Documents, found, Keep::First);
    bound::add(answer, std::mem::take(&mut pass.lost));
    pass.keep(ContentField::InputMessages, input, Keep::Last);
    pass.keep(ContentField::Instructions, system, Keep::First);
    pass.keep(ContentField::ToolDefinitions, tools, Keep::First);
    pass.keep(ContentField::Documents, documents, Keep::First);
    bound::add(request, std::mem::take(&mut pass.lost));
    pass.items
}

/// Which items of a list are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    First,
    Last,
}

struct Pass {
    left: usize,
    per_field: usize,
    items: Items,
    lost: Lost,
}

impl Pass {
    fn keep<T: Item>(&mut self, field: ContentField, items: &mut Vec<T>, which: Keep) {
        let taken = self.items.of(field);
        let room = self.left.min(self.per_field.saturating_sub(taken));
        let used = fit(items, which, room, &mut self.lost);
        self.left = self.left.saturating_sub(used);
        if let Some(sum) = self.items.0.get_mut(field as usize) {
            *sum += used;
        }
    }
}

/// Keeps as many as there is room for; what they take. Of the first that is too large its parts are
/// kept as far as they fit.
fn fit<T: Item>(items: &mut Vec<T>, which: Keep, room: usize, lost: &mut Lost) -> usize {
    if which == Keep::Last {
        items.reverse();
    }
    let mut used = 0;
    let mut kept = 0;
    for item in items.iter_mut() {
        let cost = item.cost();
        if used + cost > room {
            let left = room - used;
            if let Some(cost) = item.shrink(left, lost) {
                used += cost;
                kept += 1;
            }
            break;
        }
        used += cost;
        kept += 1;
    }
    for item in items.drain(kept.min(items.len())..) {
        lost.items += 1;
        lost.bytes += item.text_bytes();
    }
    if which == Keep::Last {
        items.reverse();
    }
    used
}

/// Something that stands in a list.
trait Item: Sized {
    /// Bytes that it takes, without its texts.
    fn cost(&self) -> usize;
    /// Drops parts of it until it takes no more than `room`, and tells what it takes then; `None` if it
    /// cannot.
    fn shrink(&mut self, _room: usize, _lost: &mut Lost) -> Option<usize> {
        None
    }
    /// Bytes of its texts.
    fn text_bytes(self) -> u64;
}

/// The same of what has parts.
fn shrink(parts: &mut Vec<Part>, own: usize, room: usize, lost: &mut Lost) -> Option<usize> {
    let left = room.checked_sub(own)?;
    let fits = parts.first().is_some_and(|part| part.cost() <= left);
    fits.then(|| own + fit(parts, Keep::First, left, lost))
}

impl Item for Message {
    fn cost(&self) -> usize {
        own(&[Some(&self.role), self.name.as_ref()]) + all(&self.parts)
    }

    fn shrink(&mut self, room: usize, lost: &mut Lost) -> Option<usize> {
        let own = own(&[Some(&self.role), self.name.as_ref()]);
        shrink(&mut self.parts, own, room, lost)
    }

    fn text_bytes(self) -> u64 {
        bytes(self.parts)
    }
}

impl Item for Choice {
    fn cost(&self) -> usize {
        own(&[self.finish_reason.as_ref()]) + all(&self.parts)
    }

    fn shrink(&mut self, room: usize, lost: &mut Lost) -> Option<usize> {
        let own = own(&[self.finish_reason.as_ref()]);
        shrink(&mut self.parts, own, room, lost)
    }

    fn text_bytes(self) -> u64 {
        bytes(self.parts)
    }
}

impl Item for Part {
    fn cost(&self) -> usize {
        match self {
            Self::ToolCall(ToolCall { id, name, .. })
            | Self::ServerToolCall(ToolCall { id, name, .. }) => own(&[id.as_ref(), name.as_ref()]),
            Self::ToolResponse(response) | Self::ServerToolResponse(response) => {
                own(&[response.id.as_ref(), response.name.as_ref()]) + all(&response.response)
            }
            Self::Media(Media {
                mime_type, source, ..
            }) => {
                let file = match source {
                    MediaSource::File(id) => Some(id),
                    _ => None,
                };
                own(&[mime_type.as_ref(), file])
            }
            Self::Other { kind } => own(&[Some(kind)]),
            Self::Text(_) | Self::Reasoning(_) | Self::Refusal(_) | Self::Json(_) | Self::Lost => {
                ITEM_BYTES
            }
        }
    }

    fn text_bytes(self) -> u64 {
        bytes(vec![self])
    }
}

impl Item for ToolDefinition {
    fn cost(&self) -> usize {
        own(&[Some(&self.kind), self.name.as_ref()])
    }

    fn text_bytes(self) -> u64 {
        let texts = [self.description, self.parameters];
        texts
            .into_iter()
            .flatten()
            .map(|text| text.text().len() as u64)
            .sum()
    }
}

impl Item for Document {
    fn cost(&self) -> usize {
        own(&[self.id.as_ref()])
    }

    fn text_bytes(self) -> u64 {
        self.text.map_or(0, |text| text.text().len() as u64)
    }
}

fn own(names: &[Option<&String>]) -> usize {
    ITEM_BYTES + names.iter().flatten().map(|name| name.len()).sum::<usize>()
}

fn all(parts: &[Part]) -> usize {
    parts.iter().map(Item::cost).sum()
}

fn bytes(parts: Vec<Part>) -> u64 {
    let texts = texts_of(parts);
    texts.iter().map(|text| text.text().len() as u64).sum()
}
