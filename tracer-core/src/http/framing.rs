//! How long a body is and how it is coded: RFC 9112 sections 6 and 6.3, RFC 9110 section 8.4.

use httparse::Header;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// There is no body.
    None,
    /// So many bytes.
    Known(u64),
    /// In chunks.
    Chunked,
    /// All until the connection ends.
    UntilClose,
}

/// A compression that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The codings of a body in the order in which they are undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Codings {
    /// None, one or two.
    Known(Vec<Coding>),
    /// One that is unknown, or too many.
    Unknown,
}

impl Codings {
    /// What the values of `content-encoding` say, one per line.
    pub(crate) fn of_content<'h>(values: impl Iterator<Item = &'h str>) -> Self {
        let mut applied = Some(Vec::new());
        for token in values.flat_map(members) {
            add(&mut applied, token);
        }
        Self::undoing(applied)
    }

    /// What undoes codings that were applied in this order; `None` if one of them is unknown.
    fn undoing(applied: Option<Vec<Coding>>) -> Self {
        applied
            .filter(|applied| applied.len() <= MAX_CODINGS)
            .map_or(Self::Unknown, |applied| {
                Self::Known(applied.into_iter().rev().collect())
            })
    }
}

/// More codings than this on one body are taken for an attack.
const MAX_CODINGS: usize = 2;

/// The framing of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Framing {
    pub(crate) length: Length,
    pub(crate) codings: Codings,
}

/// The length of the body cannot be known: framing is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unframed;

impl Framing {
    /// Of a request.
    pub(crate) fn of_request(headers: &[Header<'_>]) -> Result<Self, Unframed> {
        let (codings, transfer) = Self::codings(headers);
        let length = match transfer {
            Transfer::Chunked => Length::Chunked,
            // The length "cannot be determined reliably" (section 6.3, 4).
            Transfer::Other => return Err(Unframed),
            Transfer::Absent => content_length(headers)?.map_or(Length::None, Length::Known),
        };
        Ok(Self::new(length, codings))
    }

    /// Of a final response to anything but HEAD and CONNECT.
    pub(crate) fn of_response(status: u16, headers: &[Header<'_>]) -> Result<Self, Unframed> {
        let (codings, transfer) = Self::codings(headers);
        let length = match transfer {
            _ if matches!(status, 100..=199 | 204 | 304) => Length::None,
            Transfer::Chunked => Length::Chunked,
            Transfer::Other => Length::UntilClose,
            Transfer::Absent => content_length(headers)?.map_or(Length::UntilClose, Length::Known),
        };
        Ok(Self::new(length, codings))
    }

    /// Of a message without a body, whatever its headers say.
    pub(crate) const fn without_body() -> Self {
        Self {
            length: Length::None,
            codings: Codings::Known(Vec::new()),
        }
    }

    fn new(length: Length, codings: Codings) -> Self {
        // A body of no bytes is no body.
        let length = match length {
            Length::Known(0) => Length::None,
            length => length,
        };
        Self { length, codings }
    }

    /// Transfer codings were applied last.
    fn codings(headers: &[Header<'_>]) -> (Codings, Transfer) {
        let mut transfer = Transfer::Absent;
        let mut applied = Some(Vec::new());
        for token in tokens(headers, "content-encoding") {
            add(&mut applied, token);
        }
        for token in tokens(headers, "transfer-encoding") {
            if token.eq_ignore_ascii_case("chunked") {
                transfer = Transfer::Chunked;
            } else {
                transfer = Transfer::Other;
                add(&mut applied, token);
            }
        }
        (Codings::undoing(applied), transfer)
    }
}

/// What `Transfer-Encoding` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transfer {
    Absent,
    /// Chunked is the final coding.
    Chunked,
    /// Another one is.
    Other,
}

/// Several lengths are fine if they agree (RFC 9112 section 6.3, 5).
fn content_length(headers: &[Header<'_>]) -> Result<Option<u64>, Unframed> {
    let mut length = None;
    for token in tokens(headers, "content-length") {
        if !token.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Unframed);
        }
        let value: u64 = token.parse().map_err(|_| Unframed)?;
        if length.is_some_and(|known| known != value) {
            return Err(Unframed);
        }
        length = Some(value);
    }
    Ok(length)
}

fn add(applied: &mut Option<Vec<Coding>>, token: &str) {
    let coding = match () {
        () if token.eq_ignore_ascii_case("identity") => return,
        () if token.eq_ignore_ascii_case("gzip") || token.eq_ignore_ascii_case("x-gzip") => {
            Some(Coding::Gzip)
        }
        () if token.eq_ignore_ascii_case("deflate") => Some(Coding::Deflate),
        () if token.eq_ignore_ascii_case("br") => Some(Coding::Brotli),
        () if token.eq_ignore_ascii_case("zstd") => Some(Coding::Zstd),
        () => None,
    };
    match (applied.as_mut(), coding) {
        (Some(known), Some(coding)) => known.push(coding),
        _ => *applied = None,
    }
}

/// The members of a list header, over all lines that carry it.
fn tokens<'h>(headers: &'h [Header<'_>], name: &str) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| std::str::from_utf8(header.value).unwrap_or("?"))
        .flat_map(members)
}

/// The members of a list.
fn members(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<'h>(lines: &[(&'h str, &'h str)]) -> Vec<Header<'h>> {
        lines
            .iter()
            .map(|(name, value)| Header {
                name,
                value: value.as_bytes(),
            })
            .collect()
    }

    fn response(status: u16, lines: &[(&str, &str)]) -> Result<Length, Unframed> {
        Framing::of_response(status, &headers(lines)).map(|framing| framing.length)
    }

    fn request(lines: &[(&str, &str)]) -> Result<Length, Unframed> {
        Framing::of_request(&headers(lines)).map(|framing| framing.length)
    }

    /// The rules of RFC 9112 section 6.3 by their numbers.
    #[test]
    fn message_body_length() {
        let length = ("Content-Length", "5");
        let chunked = ("Transfer-Encoding", "Chunked");
        for status in [100, 204, 304] {
            assert_eq!(
                response(status, &[length, chunked]),
                Ok(Length::None),
                "rule 1"
            );
        }
        assert_eq!(
            response(200, &[length, chunked]),
            Ok(Length::Chunked),
            "rule 3"
        );
        assert_eq!(
            response(200, &[("transfer-encoding", "gzip")]),
            Ok(Length::UntilClose),
            "rule 4"
        );
        assert_eq!(
            request(&[("transfer-encoding", "gzip")]),
            Err(Unframed),
            "rule 4"
        );
        assert_eq!(
            request(&[("transfer-encoding", "gzip, chunked")]),
            Ok(Length::Chunked),
            "rule 4"
        );
        assert_eq!(
            request(&[("content-length", "5, 5"), length]),
            Ok(Length::Known(5)),
            "rule 5"
        );
        for nonsense in ["5, 6", "+5", "-1", "0x5", "99999999999999999999"] {
            assert_eq!(
                request(&[("content-length", nonsense)]),
                Err(Unframed),
                "rule 5"
            );
        }
        assert_eq!(response(200, &[length]), Ok(Length::Known(5)), "rule 6");
        assert_eq!(request(&[]), Ok(Length::None), "rule 7");
        assert_eq!(response(200, &[]), Ok(Length::UntilClose), "rule 8");
        assert_eq!(response(200, &[("content-length", "0")]), Ok(Length::None));
    }

    #[test]
    fn codings_are_undone_in_reverse() {
        let codings =
            |lines: &[(&str, &str)]| Framing::of_request(&headers(lines)).unwrap().codings;
        assert_eq!(
            codings(&[("content-encoding", "identity")]),
            Codings::Known(vec![])
        );
        assert_eq!(
            codings(&[("content-encoding", "X-GZIP")]),
            Codings::Known(vec![Coding::Gzip])
        );
        assert_eq!(
            codings(&[("content-encoding", "br"), ("content-encoding", "zstd")]),
            Codings::Known(vec![Coding::Zstd, Coding::Brotli])
        );
        assert_eq!(
            codings(&[
                ("content-encoding", "deflate"),
                ("transfer-encoding", "gzip, chunked")
            ]),
            Codings::Known(vec![Coding::Gzip, Coding::Deflate])
        );
        assert_eq!(
            codings(&[("content-encoding", "gzip, gzip, gzip")]),
            Codings::Unknown
        );
        assert_eq!(
            codings(&[("content-encoding", "compress")]),
            Codings::Unknown
        );
    }
}
