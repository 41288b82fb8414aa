//! Text of others that is safe to show.

use std::fmt::{self, Write as _};

use tracer_core::text::is_invisible;

/// Shows text that somebody else chose, such as the path of a file or the message of a server, in
/// one line of bounded length that does nothing to a terminal and looks like what it is: control
/// characters and invisible ones are escaped as in Rust.
#[derive(Debug, Clone, Copy)]
pub struct Printable<T>(pub T);

/// Longest text shown, in characters: as long as the longest path.
const MAX_CHARS: usize = 4096;

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            Escaping {
                to: f,
                left: MAX_CHARS
            },
            "{}",
            self.0
        )
    }
}

struct Escaping<'a, 'b> {
    to: &'a mut fmt::Formatter<'b>,
    left: usize,
}

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match self.left.checked_sub(1) {
                Some(left) => self.left = left,
                None => return Ok(()),
            }
            match is_invisible(c) {
                true => write!(self.to, "{}", c.escape_default())?,
                false if self.left == 0 => self.to.write_char('…')?,
                false => self.to.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_touches_a_terminal_is_escaped() {
        let path = Path::new("/tmp/ev\u{1b}[31mil\nready: fake\u{202e}/lib.so");
        let shown = Printable(path.display()).to_string();
        assert_eq!(shown, r"/tmp/ev\u{1b}[31mil\nready: fake\u{202e}/lib.so");
        assert_eq!(Printable("é ← ok").to_string(), "é ← ok");
    }

    #[test]
    fn length_is_bounded() {
        let shown = Printable("x".repeat(10_000)).to_string();
        assert_eq!(shown.chars().count(), MAX_CHARS);
        assert!(shown.ends_with('…'));
    }
}
