//! What the kernel answers, in words.

use std::{error::Error, io};

/// The kernel's own number for what it does not support (`include/linux/errno.h`). Programs are not
/// meant to see it, but `bpf` and probes let it out: on arm64 before Linux 6.4 where a program is to be
/// put on the return of a function, elsewhere where one is to be put on an instruction. C libraries have
/// no words for it.
const ENOTSUPP: i32 = 524;
const WORDS: &str = "the kernel does not support it (ENOTSUPP, os error 524)";

/// The error of the system call that has just failed.
pub(super) fn last() -> io::Error {
    worded(io::Error::last_os_error())
}

fn worded(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(ENOTSUPP) => io::Error::new(io::ErrorKind::Unsupported, WORDS),
        _ => error,
    }
}

/// An error of a library, with what it says stands behind it.
pub(super) fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        // Many say it themselves.
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        next = error.source();
    }
    let raw = io::Error::from_raw_os_error(ENOTSUPP).to_string();
    words.replace(&raw, WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("`perf_event_open` failed")]
    struct Behind(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("`bpf` returned {0}")]
    struct Within(#[source] io::Error);

    #[test]
    fn the_kernels_own_number_is_said_in_words() {
        let unsupported = || io::Error::from_raw_os_error(ENOTSUPP);
        let error = worded(unsupported());
        assert_eq!(error.to_string(), WORDS);
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        for (error, expected) in [
            (
                in_words(&Behind(unsupported())),
                format!("`perf_event_open` failed: {WORDS}"),
            ),
            (
                in_words(&Within(unsupported())),
                format!("`bpf` returned {WORDS}"),
            ),
            (in_words(&unsupported()), WORDS.to_owned()),
        ] {
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn others_stay_as_they_are() {
        let denied = || io::Error::from_raw_os_error(libc::EACCES);
        assert_eq!(worded(denied()).raw_os_error(), Some(libc::EACCES));
        let said = in_words(&Behind(denied()));
        assert!(said.contains("Permission denied"), "{said}");
    }
}
