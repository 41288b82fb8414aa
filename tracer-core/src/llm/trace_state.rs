//! What tracing systems keep beside the caller's trace context:
//! <https://www.w3.org/TR/trace-context/#tracestate-header>.

/// Bytes that are passed on; the specification asks for 512 at least.
const MAX_BYTES: usize = 512;
/// Members that a list may have.
const MAX_MEMBERS: usize = 32;
/// Members longer than this are the first to go where the list is too long.
const LONG_MEMBER: usize = 128;
/// Bytes of a key or a value.
const MAX_PART: usize = 256;

/// The members of all `tracestate` headers of a request, joined by commas; `None` if there are
/// none, or if one is not valid, which makes the whole list void.
pub(super) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Box<str>> {
    let mut members: Vec<&str> = Vec::new();
    for member in headers.flat_map(|header| header.split(',')) {
        // Spaces around a member and empty members are allowed.
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        let known = |other: &&str| {
            other
                .strip_prefix(key)
                .is_some_and(|it| it.starts_with('='))
        };
        if !is_key(key)
            || !is_value(value)
            || members.len() == MAX_MEMBERS
            || members.iter().any(known)
        {
            return None;
        }
        members.push(member);
    }
    shorten(&mut members);
    (!members.is_empty()).then(|| members.join(",").into_boxed_str())
}

/// Drops whole members until the rest fits: long ones first, then from the end, where the least
/// recent are.
fn shorten(members: &mut Vec<&str>) {
    let length =
        |members: &[&str]| members.iter().map(|it| it.len() + 1).sum::<usize>() > MAX_BYTES + 1;
    while length(members) {
        let long = members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER);
        members.remove(long.unwrap_or(members.len().saturating_sub(1)));
    }
}

/// A letter or digit, then those and `_-*/@`, all lower case.
fn is_key(key: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let later = |byte: u8| first(byte) || b"_-*/@".contains(&byte);
    let mut bytes = key.bytes();
    key.len() <= MAX_PART && bytes.next().is_some_and(first) && bytes.all(later)
}

/// Printable ASCII without `,` and `=`, not ending with a space.
fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    (1..=MAX_PART).contains(&value.len()) && value.bytes().all(allowed) && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(header: &str) -> Option<Box<str>> {
        parse(std::iter::once(header))
    }

    /// Examples of the specification, sections 3.3.1 and 3.3.2.
    #[test]
    fn lists_are_joined_in_order() {
        let headers = [
            "rojo=00f067aa0ba902b7",
            " congo=t61rcWkgMzE ,, fw529a3039@dt=FfAs",
        ];
        assert_eq!(
            parse(headers.into_iter()).as_deref(),
            Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,fw529a3039@dt=FfAs")
        );
        assert_eq!(one(""), None);
        assert_eq!(parse(std::iter::empty()), None);
    }

    #[test]
    fn one_bad_member_voids_the_list() {
        let long = "k=".to_owned() + &"v".repeat(257);
        let many = (0..33)
            .map(|n| format!("k{n}=v"))
            .collect::<Vec<_>>()
            .join(",");
        for header in [
            "a=1,b",
            "A=1",
            "=1",
            "a=",
            "a=1,a=2",
            "a=b=c",
            "_a=1",
            "a=\u{e9}",
            "a=1\u{7f}",
            &long,
            &many,
        ] {
            assert_eq!(one(header), None, "{header}");
        }
    }

    #[test]
    fn a_list_that_is_too_long_loses_whole_members() {
        let member = |key: &str, length: usize| format!("{key}={}", "v".repeat(length));
        let (a, b, c, d) = (
            member("a", 90),
            member("b", 200),
            member("c", 100),
            member("d", 120),
        );
        let list = [a.as_str(), &b, &c, &d].join(",");
        assert_eq!(one(&list).as_deref(), Some([a, c, d].join(",").as_str()));
    }

    proptest! {
        #[test]
        fn what_is_passed_on_is_valid_again(header in "[a-c0-9@=, \\PC]{0,80}") {
            if let Some(list) = one(&header) {
                prop_assert!(list.len() <= MAX_BYTES);
                prop_assert_eq!(one(&list), Some(list.clone()));
            }
        }
    }
}
