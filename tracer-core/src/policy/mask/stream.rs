//! Masking of a text that comes in pieces.

use super::{
    dropped::Dropped,
    kind::Counts,
    masker::{Ending, Masked, Masker},
    scan::{AHEAD, BEHIND},
    sweep::{Sweep, Window},
};

/// How much is decided on at once, at least, so that what is looked at twice is little.
const STEP: usize = 96 << 10;

/// Masks a text that comes in pieces, as if it were in one: pieces change nothing of the result.
///
/// Holds at most [`StreamMasker::MAX_HELD`] bytes and a piece. What is given out is masked already; after
/// an error there is nothing more.
#[derive(Debug)]
pub struct StreamMasker<'m> {
    masker: &'m Masker,
    sweep: Sweep,
    text: String,
    /// Bytes of `text` that are decided on.
    done: usize,
    /// The beginning of a character.
    partial: Vec<u8>,
    failed: Option<Dropped>,
    counts: Counts,
}

impl<'m> StreamMasker<'m> {
    /// The most bytes that are held between pieces.
    pub const MAX_HELD: usize = BEHIND + STEP + AHEAD + 4;

    pub(super) fn new(masker: &'m Masker) -> Self {
        Self {
            masker,
            sweep: Sweep::default(),
            text: String::new(),
            done: 0,
            partial: Vec::new(),
            failed: None,
            counts: Counts::default(),
        }
    }

    /// Takes the next piece; gives what is decided on by now, often nothing, with the counts so far.
    ///
    /// # Errors
    /// [`Dropped::NotText`] of what is not UTF-8; all later calls fail alike.
    pub fn push(&mut self, piece: &[u8]) -> Result<Masked, Dropped> {
        self.unless_failed(|stream| {
            let mut out = String::new();
            // A large piece is taken in parts, so that no more is held.
            for part in piece.chunks(STEP) {
                stream.append(part)?;
                stream.decide(&mut out)?;
            }
            Ok(out)
        })
    }

    /// The rest.
    ///
    /// # Errors
    /// [`Dropped::NotText`] if the text ends within a character.
    pub fn finish(mut self, ending: Ending) -> Result<Masked, Dropped> {
        self.unless_failed(|stream| {
            if !stream.partial.is_empty() {
                return Err(Dropped::NotText);
            }
            let mut out = String::new();
            let cut = (ending == Ending::Cut).then(|| super::masker::last_word(&stream.text));
            let window = Window {
                text: &stream.text,
                from: stream.done,
                to: stream.text.len(),
                last: true,
            };
            stream
                .sweep
                .window(stream.masker, window, cut.as_slice(), &mut out)?;
            Ok(out)
        })
    }

    fn unless_failed(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<String, Dropped>,
    ) -> Result<Masked, Dropped> {
        if let Some(reason) = self.failed {
            return Err(reason);
        }
        match step(self) {
            Ok(text) => {
                self.counts = self.sweep.counts();
                Ok(Masked::new(text, self.counts))
            }
            Err(reason) => {
                self.failed = Some(reason);
                self.text = String::new();
                self.partial = Vec::new();
                Err(reason)
            }
        }
    }

    fn append(&mut self, mut bytes: &[u8]) -> Result<(), Dropped> {
        while let Some((first, rest)) = bytes.split_first()
            && !self.partial.is_empty()
        {
            self.partial.push(*first);
            bytes = rest;
            match std::str::from_utf8(&self.partial) {
                Ok(char) => {
                    self.text.push_str(char);
                    self.partial.clear();
                }
                Err(error) if error.error_len().is_some() => return Err(Dropped::NotText),
                Err(_) => {}
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text.push_str(text),
            Err(error) if error.error_len().is_some() => return Err(Dropped::NotText),
            Err(error) => {
                let (text, partial) = bytes
                    .split_at_checked(error.valid_up_to())
                    .ok_or(Dropped::Internal)?;
                self.text
                    .push_str(std::str::from_utf8(text).map_err(|_| Dropped::Internal)?);
                self.partial.extend_from_slice(partial);
            }
        }
        Ok(())
    }

    fn decide(&mut self, out: &mut String) -> Result<(), Dropped> {
        let Some(to) = self.text.len().checked_sub(AHEAD) else {
            return Ok(());
        };
        let to = self.text.floor_char_boundary(to);
        if to < self.done + STEP {
            return Ok(());
        }
        let window = Window {
            text: &self.text,
            from: self.done,
            to,
            last: false,
        };
        self.sweep.window(self.masker, window, &[], out)?;
        let gone = self.text.floor_char_boundary(to.saturating_sub(BEHIND));
        self.sweep.shift(&self.text, gone);
        self.text.drain(..gone);
        self.done = to - gone;
        Ok(())
    }
}
