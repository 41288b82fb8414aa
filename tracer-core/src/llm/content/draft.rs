//! The content of a call while it is gathered.

use super::{
    kept::{Kept, Room},
    model::{Choice, Content, Document, Extent, Message, Missing, Part, ToolCall, ToolDefinition},
    parts::Parts,
    steps::{Step, Steps},
    trail::Trail,
    wanted::Wanted,
};

/// Choices of one answer.
const CHOICES: usize = 128;
/// Parts of one choice: beyond it a search for the part that a piece continues would cost too much.
const PARTS: usize = 1024;

/// The content of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) room: Room,
    pub(super) system: Vec<Part>,
    input: Vec<Message>,
    pub(super) tools: Vec<ToolDefinition>,
    query: Option<Kept>,
    documents: Vec<Document>,
    pub(super) trail: Trail,
    /// What the answer shall be like.
    pub(super) wanted: Wanted,
}

impl Asked {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            trail: Trail::default(),
            wanted: Wanted::default(),
            system: Vec::new(),
            input: Vec::new(),
            tools: Vec::new(),
            query: None,
            documents: Vec::new(),
        }
    }

    /// Instructions apart from the messages.
    pub(super) fn system(&mut self, tell: impl FnOnce(&mut Parts<'_>)) {
        self.system.extend(parts_of(&mut self.room, tell));
    }

    /// The next message.
    pub(super) fn message(
        &mut self,
        role: &str,
        name: Option<&str>,
        tell: impl FnOnce(&mut Parts<'_>),
    ) {
        let Self { room, trail, .. } = self;
        if !room.keeps_content() || !room.admits_item() {
            let mut marks = Room::of_marks(trail.texts(role));
            trail.message(role, &parts_of(&mut marks, tell));
            if marks.cut().1 > 0 {
                trail.lose();
            }
            return;
        }
        let (_, cut) = room.cut();
        let parts = parts_of(room, tell);
        trail.message(role, &parts);
        if room.cut().1 > cut {
            trail.lose();
        }
        self.input.push(Message {
            role: room.name(role),
            name: name.map(|name| room.name(name)),
            parts,
        });
    }

    pub(super) fn query(&mut self, text: &str) {
        let text = self.room.keep(text);
        self.trail.question(&text);
        self.query = Some(text);
    }

    pub(super) fn document(&mut self, id: Option<&str>, text: &str) {
        if self.room.admits_item() {
            self.documents.push(Document {
                id: id.map(|id| self.room.name(id)),
                score: None,
                text: Some(self.room.keep(text)),
            });
        }
    }
}

fn parts_of(room: &mut Room, tell: impl FnOnce(&mut Parts<'_>)) -> Vec<Part> {
    let mut parts = Parts::new(room);
    tell(&mut parts);
    parts.finish()
}

/// The content of an answer, whole or piece by piece.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) room: Room,
    choices: Vec<ChoiceDraft>,
    found: Vec<Document>,
    has_gap: bool,
    steps: Steps,
}

#[derive(Debug)]
struct ChoiceDraft {
    index: u64,
    entries: Vec<Entry>,
}

/// A part, and what pieces it takes.
#[derive(Debug)]
struct Entry {
    place: Place,
    part: Part,
    /// No gap is behind it.
    is_open: bool,
}

/// Where a piece belongs within its choice: the item of the answer, and the part of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) item: u64,
    pub(super) part: u64,
}

/// Where pieces go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) choice: u64,
    /// `None`: to the last part.
    pub(super) place: Option<Place>,
    pub(super) flow: Flow,
}

/// What a piece is a piece of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Text,
    Reasoning,
    Refusal,
    Arguments,
}

impl Flow {
    fn part(self) -> Part {
        match self {
            Self::Text => Part::Text(Kept::default()),
            Self::Reasoning => Part::Reasoning(Kept::default()),
            Self::Refusal => Part::Refusal(Kept::default()),
            Self::Arguments => Part::ToolCall(ToolCall::default()),
        }
    }

    /// Whether a part takes such pieces.
    const fn fits(self, part: &Part) -> bool {
        matches!(
            (self, part),
            (Self::Text, Part::Text(_))
                | (Self::Reasoning, Part::Reasoning(_))
                | (Self::Refusal, Part::Refusal(_))
                | (Self::Arguments, Part::ToolCall(_) | Part::ServerToolCall(_))
        )
    }

    /// The text of a part that takes such pieces.
    const fn of(self, part: &mut Part) -> Option<&mut Kept> {
        match (self, part) {
            (Self::Text, Part::Text(kept))
            | (Self::Reasoning, Part::Reasoning(kept))
            | (Self::Refusal, Part::Refusal(kept))
            | (
                Self::Arguments,
                Part::ToolCall(ToolCall {
                    arguments: kept, ..
                })
                | Part::ServerToolCall(ToolCall {
                    arguments: kept, ..
                }),
            ) => Some(kept),
            _ => None,
        }
    }
}

impl Draft {
    pub(super) const fn new(room: Room) -> Self {
        Self {
            room,
            choices: Vec::new(),
            found: Vec::new(),
            has_gap: false,
            steps: Steps::NONE,
        }
    }

    /// From here on steps are those of the next event.
    pub(super) const fn begin_event(&mut self) {
        self.steps = Steps::NONE;
    }

    /// What the event did, if it was to append one text.
    pub(super) const fn only_step(&self) -> Option<Step> {
        self.steps.only()
    }

    /// Whether the event did more than to append a text.
    pub(super) const fn did_more(&self) -> bool {
        self.steps.did_more()
    }

    /// Appends a piece to where another one went.
    pub(super) fn append_to(&mut self, target: Target, piece: &str) {
        let Target {
            choice,
            place,
            flow,
        } = target;
        match place {
            Some(place) => self.append_at(choice, place, flow, piece),
            None => self.flow_on(choice, flow, piece),
        }
    }

    /// Appends a piece of a stream to its part, which begins with it if need be.
    pub(super) fn append(&mut self, choice: u64, place: Place, flow: Flow, piece: &str) {
        let target = Target {
            choice,
            place: Some(place),
            flow,
        };
        self.steps.append(target, piece);
        self.append_at(choice, place, flow, piece);
    }

    fn append_at(&mut self, choice: u64, place: Place, flow: Flow, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let Some(choice) = choice_of(&mut self.choices, choice) else {
            return self.room.lose_item();
        };
        let found = choice.open_entry(place, |part| flow.fits(part));
        let entry = match found {
            Some(at) => choice.entries.get_mut(at),
            None => choice.begin(place, flow.part(), &mut self.room),
        };
        if let Some(kept) = entry.and_then(|entry| flow.of(&mut entry.part)) {
            if flow != Flow::Arguments {
                return self.room.append(kept, piece);
            }
            if kept.is("{}") {
                // What stands for arguments that are still to come.
                self.room.give_back(kept);
                *kept = Kept::default();
            }
            self.room.append_arguments(kept, piece);
        }
    }

    /// Appends a piece to the last part, where the stream has no other order than its own.
    pub(super) fn flow(&mut self, choice: u64, flow: Flow, piece: &str) {
        let target = Target {
            choice,
            place: None,
            flow,
        };
        self.steps.append(target, piece);
        self.flow_on(choice, flow, piece);
    }

    fn flow_on(&mut self, choice: u64, flow: Flow, piece: &str) {
        let last = choice_of(&mut self.choices, choice).map(|choice| {
            let next = choice.entries.len() as u64;
            let last = choice.entries.last();
            let goes_on = last.filter(|entry| entry.is_open && flow.fits(&entry.part));
            goes_on.map_or(
                Place {
                    item: next,
                    part: 0,
                },
                |entry| entry.place,
            )
        });
        self.append_at(choice, last.unwrap_or_default(), flow, piece);
    }

    /// A piece of the tool call at `place`: id and name may come apart. Some servers use a place
    /// again for another call, which has another id.
    pub(super) fn tool(&mut self, choice: u64, place: Place, id: Option<&str>, name: Option<&str>) {
        if id.is_none() && name.is_none() {
            return;
        }
        self.steps.other();
        let Some(choice) = choice_of(&mut self.choices, choice) else {
            return self.room.lose_item();
        };
        let found = choice.open_entry(place, |part| match part {
            Part::ToolCall(call) | Part::ServerToolCall(call) => {
                id.is_none() || call.id.is_none() || call.id.as_deref() == id
            }
            _ => false,
        });
        let entry = match found {
            Some(at) => choice.entries.get_mut(at),
            None => choice.begin(place, Flow::Arguments.part(), &mut self.room),
        };
        if let Some(Part::ToolCall(call) | Part::ServerToolCall(call)) =
            entry.map(|entry| &mut entry.part)
        {
            for (member, value) in [(&mut call.id, id), (&mut call.name, name)] {
                if member.is_none() {
                    *member = value.map(|value| self.room.name(value));
                }
            }
        }
    }

    /// Parts that come whole, at the end of a choice.
    pub(super) fn whole(&mut self, choice: u64, item: u64, tell: impl FnOnce(&mut Parts<'_>)) {
        let cut = self.room.cut();
        let mut parts = Parts::new(&mut self.room);
        tell(&mut parts);
        let parts = parts.finish();
        if !parts.is_empty() || self.room.cut() != cut {
            self.steps.other();
        }
        let Some(choice) = choice_of(&mut self.choices, choice) else {
            return self.room.lose_item();
        };
        for (part, at) in parts.into_iter().zip(0..) {
            choice.push(Place { item, part: at }, part, &mut self.room);
        }
    }

    /// The whole of an item, in place of the pieces that came of it.
    pub(super) fn replace(&mut self, choice: u64, item: u64, tell: impl FnOnce(&mut Parts<'_>)) {
        let at = self.forget(choice, |place| place.item == item);
        let Some(known) = choice_of(&mut self.choices, choice) else {
            return self.room.lose_item();
        };
        let behind = known.entries.split_off(at.min(known.entries.len()));
        self.whole(choice, item, tell);
        if let Some(known) = choice_of(&mut self.choices, choice) {
            known.entries.extend(behind);
        }
    }

    /// The whole answer follows: nothing that came so far counts, and no gap matters.
    pub(super) fn restart(&mut self, choice: u64) {
        self.steps.other();
        self.forget(choice, |_| true);
        self.has_gap = false;
    }

    /// Bytes were lost since the last piece.
    pub(super) const fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Throws away parts of a choice; returns where the first of them stood.
    fn forget(&mut self, choice: u64, is_past: impl Fn(Place) -> bool) -> usize {
        let Self { choices, room, .. } = self;
        let Some(choice) = choice_of(choices, choice) else {
            return 0;
        };
        let first = choice.entries.iter().position(|entry| is_past(entry.place));
        choice.entries.retain_mut(|entry| {
            let past = is_past(entry.place);
            if past {
                give_back(&entry.part, room);
            }
            !past
        });
        first.unwrap_or(choice.entries.len())
    }

    pub(super) fn found(&mut self, id: Option<&str>, score: Option<f64>, text: Option<&str>) {
        self.steps.other();
        if self.room.admits_item() {
            self.found.push(Document {
                id: id.map(|id| self.room.name(id)),
                score,
                text: text.map(|text| self.room.keep(text)),
            });
        }
    }

    /// Bytes of the answer are missing here: what follows continues nothing.
    pub(super) fn gap(&mut self) {
        self.steps.other();
        self.has_gap = true;
        if self.choices.is_empty() {
            choice_of(&mut self.choices, 0);
        }
        for choice in &mut self.choices {
            for entry in &mut choice.entries {
                entry.is_open = false;
            }
            if choice
                .entries
                .last()
                .is_none_or(|last| last.part != Part::Lost)
            {
                let place = Place {
                    item: u64::MAX,
                    part: u64::MAX,
                };
                choice.push(place, Part::Lost, &mut self.room);
            }
        }
    }

    /// All that was gathered, for comparison.
    #[cfg(test)]
    pub(super) fn said(&self) -> String {
        format!("{:?}{:?}{:?}", self.choices, self.found, self.room)
    }

    /// Whether there is nothing yet.
    pub(super) fn is_empty(&self) -> bool {
        self.choices.iter().all(|choice| choice.entries.is_empty()) && self.found.is_empty()
    }
}

impl ChoiceDraft {
    /// The part at `place` that pieces still go to: nearly always the last one.
    fn open_entry(&self, place: Place, takes: impl Fn(&Part) -> bool) -> Option<usize> {
        let goes_on = |entry: &Entry| entry.is_open && entry.place == place && takes(&entry.part);
        self.entries.iter().rposition(goes_on)
    }

    fn begin(&mut self, place: Place, part: Part, room: &mut Room) -> Option<&mut Entry> {
        if !room.admits_item() || !self.push(place, part, room) {
            return None;
        }
        self.entries.last_mut()
    }

    fn push(&mut self, place: Place, part: Part, room: &mut Room) -> bool {
        if self.entries.len() >= PARTS {
            room.lose_item();
            return false;
        }
        self.entries.push(Entry {
            place,
            part,
            is_open: true,
        });
        true
    }
}

fn choice_of(choices: &mut Vec<ChoiceDraft>, index: u64) -> Option<&mut ChoiceDraft> {
    let known = choices.iter().position(|choice| choice.index == index);
    let at = known.unwrap_or(choices.len());
    if at >= CHOICES {
        return None;
    }
    if known.is_none() {
        choices.push(ChoiceDraft {
            index,
            entries: Vec::new(),
        });
    }
    choices.get_mut(at)
}

fn give_back(part: &Part, room: &mut Room) {
    match part {
        Part::Text(kept) | Part::Reasoning(kept) | Part::Refusal(kept) | Part::Json(kept) => {
            room.give_back(kept);
        }
        Part::ToolCall(call) | Part::ServerToolCall(call) => room.give_back(&call.arguments),
        Part::ToolResponse(response) | Part::ServerToolResponse(response) => {
            response
                .response
                .iter()
                .for_each(|part| give_back(part, room));
        }
        Part::Media(_) | Part::Other { .. } | Part::Lost => {}
    }
}

/// The content that both sides make. `missing` is what is known to be missing of each.
pub(super) fn finished(
    asked: Asked,
    answered: Draft,
    missing: (Option<Missing>, Option<Missing>),
    reason: impl Fn(u64) -> Option<String>,
) -> Content {
    let Draft {
        room,
        mut choices,
        found,
        has_gap,
        steps: _,
    } = answered;
    choices.sort_by_key(|choice| choice.index);
    let output = choices.into_iter().map(|choice| Choice {
        index: choice.index,
        finish_reason: reason(choice.index),
        parts: choice.entries.into_iter().map(|entry| entry.part).collect(),
    });
    let gap = has_gap.then_some(Missing::Gap);
    Content {
        system: asked.system,
        input: asked.input,
        tools: asked.tools,
        query: asked.query,
        documents: asked.documents,
        output: output.collect(),
        found,
        request: extent(&asked.room, missing.0),
        answer: extent(&room, missing.1.max(gap)),
    }
}

fn extent(room: &Room, missing: Option<Missing>) -> Extent {
    let (cut_bytes, cut_items) = room.cut();
    Extent {
        cut_bytes,
        cut_items,
        missing,
    }
}
