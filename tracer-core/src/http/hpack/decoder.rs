//! Header blocks as their bytes come: RFC 7541 sections 3 and 6.

use super::{
    dynamic_table::{Entry, Kept, Lookup, Table},
    huffman::Bits,
    integer::{Integer, Read},
    keep::Keep,
    literal::{Literal, Part},
    static_table,
};

/// Decodes the header blocks of one direction of a connection.
#[derive(Debug)]
pub(crate) struct Decoder {
    table: Table,
    state: State,
    /// No field of the block was seen yet.
    at_start: bool,
    literal: Literal,
}

/// One field of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// A name in lower case, and a value without secrets.
    Field { name: &'a [u8], value: &'a [u8] },
    /// One that is not kept.
    Withheld,
    /// One that refers to what was never seen.
    Unknown,
}

/// Why a block cannot be read on. What it would have added is unknown from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HpackError {
    #[error("an integer is too large")]
    Integer,
    #[error("an index refers to no entry")]
    Index,
    #[error("a string is not coded as it says")]
    Huffman,
    #[error("a change of the table's size stands behind a field")]
    LateSize,
    #[error("the block breaks off within a field")]
    Unfinished,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It begins a field.
    Field,
    Number(Number, Integer),
    /// It begins the length of a string.
    Length(Part),
    LengthRest {
        part: Part,
        coded: bool,
        length: Integer,
    },
    /// In a string, of which so many bytes are to come.
    Text {
        part: Part,
        coded: Option<Bits>,
        left: u32,
    },
}

/// What a number at the beginning of a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    /// Which entry the field is.
    Index,
    /// Which entry has the name of the field.
    Name { added: bool },
    /// The size of the table.
    Size,
}

impl Decoder {
    /// For a direction that was seen from its beginning.
    pub(crate) fn new() -> Self {
        Self::with(Table::empty())
    }

    /// For a direction of which the beginning was not seen.
    pub(crate) fn attached() -> Self {
        Self::with(Table::unknown())
    }

    fn with(table: Table) -> Self {
        Self {
            table,
            state: State::Field,
            at_start: true,
            literal: Literal::default(),
        }
    }

    /// A block, or a part of one, was lost or made no sense: nothing that was added so far can be
    /// told from what was not seen.
    pub(crate) fn forget(&mut self) {
        self.table.forget();
        self.reset();
    }

    /// Takes the next bytes of a block.
    pub(crate) fn decode(
        &mut self,
        mut bytes: &[u8],
        keep: Keep<'_>,
        on_item: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), HpackError> {
        while let Some((first, rest)) = bytes.split_first() {
            if let State::Text { .. } = self.state {
                self.text(&mut bytes, keep, on_item)?;
                continue;
            }
            bytes = rest;
            match self.state {
                State::Field => self.begin(*first, on_item)?,
                State::Number(number, so_far) => {
                    self.number(number, so_far.next(*first), on_item)?
                }
                State::Length(part) => {
                    let length = Integer::begin(*first, 7);
                    self.length(part, first & 0x80 != 0, length, keep, on_item)?;
                }
                State::LengthRest {
                    part,
                    coded,
                    length,
                } => self.length(part, coded, length.next(*first), keep, on_item)?,
                State::Text { .. } => {}
            }
        }
        Ok(())
    }

    /// The block is over.
    pub(crate) fn end(&mut self) -> Result<(), HpackError> {
        let whole = self.state == State::Field;
        self.reset();
        if whole {
            Ok(())
        } else {
            Err(HpackError::Unfinished)
        }
    }

    fn reset(&mut self) {
        self.state = State::Field;
        self.at_start = true;
        self.literal = Literal::default();
    }

    /// Section 6: the first bits tell what a field is.
    fn begin(&mut self, byte: u8, on_item: &mut dyn FnMut(Item<'_>)) -> Result<(), HpackError> {
        let (number, bits) = match byte {
            0x80.. => (Number::Index, 7),
            0x40.. => (Number::Name { added: true }, 6),
            0x20.. => (Number::Size, 5),
            _ => (Number::Name { added: false }, 4),
        };
        if number != Number::Size {
            self.at_start = false;
        }
        self.number(number, Integer::begin(byte, bits), on_item)
    }

    fn number(
        &mut self,
        number: Number,
        read: Read,
        on_item: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), HpackError> {
        let value = match read {
            Read::Done(value) => value,
            Read::More(so_far) => {
                self.state = State::Number(number, so_far);
                return Ok(());
            }
            Read::TooLarge => return Err(HpackError::Integer),
        };
        self.state = State::Field;
        match number {
            Number::Index => on_item(self.indexed(value)?),
            Number::Name { added } => {
                self.literal.added = added;
                self.state = if value == 0 {
                    self.literal.clear(Kept::Name, 0);
                    State::Length(Part::Name)
                } else {
                    self.name_of(value)?;
                    State::Length(Part::Value)
                };
            }
            Number::Size if self.at_start => self.table.resize(value),
            Number::Size => return Err(HpackError::LateSize),
        }
        Ok(())
    }

    fn indexed(&self, index: u32) -> Result<Item<'_>, HpackError> {
        if let Some((name, value)) = static_table::get(index) {
            return Ok(Item::Field {
                name: name.as_bytes(),
                value: value.as_bytes(),
            });
        }
        let index = static_table::beyond(index).ok_or(HpackError::Index)?;
        match self.table.get(index) {
            Lookup::Entry(entry) => Ok(item(entry)),
            Lookup::Unknown => Ok(Item::Unknown),
            Lookup::Absent => Err(HpackError::Index),
        }
    }

    /// A literal gets its name from an entry.
    fn name_of(&mut self, index: u32) -> Result<(), HpackError> {
        if let Some((name, _)) = static_table::get(index) {
            self.literal.name(name.as_bytes());
            return Ok(());
        }
        let index = static_table::beyond(index).ok_or(HpackError::Index)?;
        match self.table.get(index) {
            Lookup::Entry(entry) => match entry.name() {
                Some(name) => self.literal.name(name),
                None => self.literal.clear(entry.kept, entry.name_length),
            },
            Lookup::Unknown => self.literal.clear(Kept::Unknown, 0),
            Lookup::Absent => return Err(HpackError::Index),
        }
        Ok(())
    }

    fn length(
        &mut self,
        part: Part,
        coded: bool,
        read: Read,
        keep: Keep<'_>,
        on_item: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), HpackError> {
        let left = match read {
            Read::Done(length) => length,
            Read::More(length) => {
                self.state = State::LengthRest {
                    part,
                    coded,
                    length,
                };
                return Ok(());
            }
            Read::TooLarge => return Err(HpackError::Integer),
        };
        if part == Part::Value {
            self.literal.settle_name(keep);
        }
        self.state = State::Text {
            part,
            coded: coded.then(Bits::default),
            left,
        };
        if left == 0 {
            self.text(&mut &[][..], keep, on_item)?;
        }
        Ok(())
    }

    /// Takes bytes of a string off.
    fn text(
        &mut self,
        bytes: &mut &[u8],
        keep: Keep<'_>,
        on_item: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), HpackError> {
        let State::Text { part, coded, left } = &mut self.state else {
            return Ok(());
        };
        let (part, length) = (*part, bytes.len().min(*left as usize));
        let (piece, rest) = bytes.split_at(length);
        *bytes = rest;
        *left -= length as u32;
        let done = *left == 0;
        match coded {
            None => self.literal.push(part, piece),
            Some(_) if self.literal.is_passed_over(part) => {}
            Some(bits) => {
                let literal = &mut self.literal;
                let mut on_byte = |byte| literal.push(part, &[byte]);
                bits.feed(piece, &mut on_byte)
                    .and_then(|()| {
                        if done {
                            bits.finish(&mut on_byte)
                        } else {
                            Ok(())
                        }
                    })
                    .map_err(|_| HpackError::Huffman)?;
            }
        }
        if done {
            match part {
                Part::Name => self.state = State::Length(Part::Value),
                Part::Value => {
                    self.state = State::Field;
                    self.finish_literal(keep, on_item);
                }
            }
        }
        Ok(())
    }

    fn finish_literal(&mut self, keep: Keep<'_>, on_item: &mut dyn FnMut(Item<'_>)) {
        let literal = &mut self.literal;
        literal.take_secrets_out(keep);
        on_item(literal.item());
        if literal.added {
            self.table.insert(literal.entry());
        }
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) const fn table(&self) -> &Table {
        &self.table
    }
}

fn item(entry: &Entry) -> Item<'_> {
    match (entry.kept, entry.field()) {
        (_, Some((name, value))) => Item::Field { name, value },
        (Kept::Unknown, None) => Item::Unknown,
        (_, None) => Item::Withheld,
    }
}
