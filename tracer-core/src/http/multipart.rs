//! `multipart/form-data` (RFC 7578): the fields of a form, and of its files only type and size.
//!
//! Whatever a form uploads passes through without being kept. After a loss the part that was hit
//! is dropped, since its end and that of others may lie in it, and the next delimiter begins a part
//! again.

mod delimiter;
mod part;

use self::{
    delimiter::Delimiter,
    part::{Head, Part},
};

/// Bytes of a field's value that are kept; a longer one is left out.
const VALUE_BYTES: usize = 1 << 10;
/// Fields and files that are kept.
const PARTS: usize = 64;
/// Characters of a boundary (RFC 2046 section 5.1.1).
const BOUNDARY_BYTES: usize = 70;

/// What a form held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Names and values of its short fields, in order.
    pub fields: Vec<(String, String)>,
    /// Its files, in order.
    pub files: Vec<File>,
    /// The closing delimiter came, and nothing was lost before it.
    pub is_whole: bool,
}

/// A file in a form.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// Name of its field.
    pub field: String,
    /// Its media type, lower case, without parameters.
    pub media_type: Option<String>,
    /// Its size, unless part of it was not seen.
    pub bytes: Option<u64>,
}

/// An incremental parser of one form.
#[derive(Debug)]
pub struct Multipart {
    delimiter: Delimiter,
    state: State,
    form: Form,
    lost: bool,
}

#[derive(Debug)]
enum State {
    /// Before the first delimiter, or behind a loss.
    Between,
    /// Behind a delimiter: two dashes end the form, a line break begins a part.
    Delimited {
        dashes: u8,
    },
    Head(Head),
    Body(Part),
    Over,
}

impl Multipart {
    /// A parser of the form that this content type announces, if it does.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let (media_type, parameters) = content_type.split_once(';')?;
        if !media_type
            .trim()
            .eq_ignore_ascii_case("multipart/form-data")
        {
            return None;
        }
        let boundary = part::parameter(parameters, "boundary")?;
        let length = 1..=BOUNDARY_BYTES;
        (length.contains(&boundary.len()) && !boundary.contains(['\r', '\n'])).then(|| Self {
            delimiter: Delimiter::new(&boundary),
            state: State::Between,
            form: Form::default(),
            lost: false,
        })
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = self.step(bytes);
        }
    }

    /// Bytes of the form were lost here.
    pub fn gap(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Between);
        match state {
            State::Over => self.state = State::Over,
            State::Body(part) => self.end_part(part, false),
            State::Between | State::Delimited { .. } | State::Head(_) => {}
        }
        self.lost = true;
        self.delimiter.restart();
    }

    /// Bytes held of its fields.
    pub fn held(&self) -> usize {
        let fields = self.form.fields.iter();
        fields.map(|(name, value)| name.len() + value.len()).sum()
    }

    /// The form is over.
    pub fn finish(mut self) -> Form {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Body(part) => self.end_part(part, false),
            State::Over => self.form.is_whole = !self.lost,
            State::Between | State::Delimited { .. } | State::Head(_) => {}
        }
        self.form
    }

    /// Takes some bytes; returns what follows them.
    fn step<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match &mut self.state {
            State::Over => &[],
            State::Between => match self.delimiter.find(bytes, &mut |_| {}) {
                Some(rest) => {
                    self.state = State::Delimited { dashes: 0 };
                    rest
                }
                None => &[],
            },
            State::Delimited { dashes } => {
                let (&first, rest) = bytes.split_first().unwrap_or((&b'\n', &[]));
                match first {
                    b'-' if *dashes == 0 => *dashes = 1,
                    b'-' => self.state = State::Over,
                    // White space may stand behind a delimiter.
                    b' ' | b'\t' | b'\r' if *dashes == 0 => {}
                    b'\n' if *dashes == 0 => self.state = State::Head(Head::default()),
                    _ => {
                        self.lost = true;
                        self.state = State::Between;
                    }
                }
                rest
            }
            State::Head(head) => {
                let rest = head.feed(bytes);
                if head.is_over() {
                    self.state = State::Body(Part::new(std::mem::take(head)));
                    self.delimiter.restart();
                }
                rest
            }
            State::Body(part) => {
                let found = self
                    .delimiter
                    .find(bytes, &mut |content| part.feed(content));
                let Some(rest) = found else { return &[] };
                let state = std::mem::replace(&mut self.state, State::Delimited { dashes: 0 });
                if let State::Body(part) = state {
                    self.end_part(part, true);
                }
                rest
            }
        }
    }

    fn end_part(&mut self, part: Part, is_whole: bool) {
        if self.form.fields.len() + self.form.files.len() >= PARTS {
            return;
        }
        match part {
            Part::File(mut file) => {
                file.bytes = file.bytes.filter(|_| is_whole);
                self.form.files.push(file);
            }
            Part::Field { name, value } if is_whole && value.len() <= VALUE_BYTES => {
                let value = String::from_utf8_lossy(&value).into_owned();
                self.form.fields.push((name, value));
            }
            Part::Field { .. } | Part::Nameless => {}
        }
    }
}

/// Any form in pieces of any size, with losses between them.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_multipart(data: &[u8]) {
    let Some((size, body)) = data.split_first() else {
        return;
    };
    let size = usize::from(*size % 64) + 1;
    let new = || {
        let form = Multipart::of_content_type("multipart/form-data; boundary=b");
        form.expect("a boundary")
    };
    let read = |size: usize| {
        let mut form = new();
        for piece in body.chunks(size) {
            form.feed(piece);
        }
        form.finish()
    };
    let whole = read(usize::MAX);
    let sizes = whole.files.iter().filter_map(|file| file.bytes);
    assert!(sizes.sum::<u64>() <= body.len() as u64);
    assert_eq!(whole, read(size));

    let mut lossy = new();
    for piece in body.chunks(size).step_by(2) {
        lossy.feed(piece);
        lossy.gap();
    }
    assert!(!lossy.finish().is_whole || body.is_empty());
}

#[cfg(test)]
mod tests;
