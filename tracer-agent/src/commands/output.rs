//! Standard output of the commands that print and end.

use std::io;

/// Standard output takes nothing more.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}; check where it goes")]
pub struct OutputError(io::Error);

/// Prints all of `text`. A reader that has gone away, as `head` does, has what it wanted: that is
/// no failure.
///
/// # Errors
/// If standard output cannot be written for any other reason.
pub fn print(text: impl AsRef<[u8]>) -> Result<(), OutputError> {
    write(io::stdout().lock(), text.as_ref())
}

fn write(mut out: impl io::Write, text: &[u8]) -> Result<(), OutputError> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(OutputError(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing(io::ErrorKind);

    impl io::Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_failure_and_a_full_disk_is_one() {
        assert!(write(Refusing(io::ErrorKind::BrokenPipe), b"text").is_ok());
        let error = write(Refusing(io::ErrorKind::StorageFull), b"text").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot write to standard output: ")
        );
    }
}
