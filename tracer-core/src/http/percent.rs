//! Percent-encoding, RFC 3986 section 2.1; what is no valid escape stays as it is.

use percent_encoding::percent_decode_str;

/// A part of a path, or any other encoded text, in plain text.
pub(crate) fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A value of a query in plain text: there, `+` stands for a space, as in forms.
pub(crate) fn query_decoded(value: &str) -> String {
    percent_decoded(&value.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_what_is_none_stays() {
        assert_eq!(percent_decoded("a%2Fb%2fc+d"), "a/b/c+d");
        assert_eq!(percent_decoded("%zz%+f%4%"), "%zz%+f%4%");
        assert_eq!(percent_decoded("%C3%A9%ff"), "é\u{fffd}");
    }

    #[test]
    fn an_escaped_plus_is_a_plus() {
        assert_eq!(query_decoded("1+%2B+1"), "1 + 1");
    }
}
