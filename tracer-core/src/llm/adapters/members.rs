//! Members of a JSON text that are searched for without parsing it.
//!
//! A member's name with both of its quotes cannot stand inside a JSON string, where quotes are
//! escaped, so the search never misses one. A string that equals a name is no member: no colon
//! follows it.

use memchr::memmem::Finder;

/// Searches for `names`, which carry both of their quotes.
pub(super) fn finders<const N: usize>(names: [&'static str; N]) -> [Finder<'static>; N] {
    names.map(Finder::new)
}

/// Whether any of the members is there and not null.
pub(super) fn any_is_set(members: &[Finder<'_>], json: &[u8]) -> bool {
    members
        .iter()
        .any(|member| value_of(member, json).is_some())
}

/// The text from the value of the first such member on that is not null.
pub(super) fn value_of<'a>(member: &Finder<'_>, json: &'a [u8]) -> Option<&'a [u8]> {
    member.find_iter(json).find_map(|at| {
        let after = json.get(at + member.needle().len()..)?;
        let value = after
            .trim_ascii_start()
            .strip_prefix(b":")?
            .trim_ascii_start();
        (!value.starts_with(b"null")).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_from_strings_and_nulls() {
        let [stop] = finders([r#""stop""#]);
        let value = |json: &'static str| value_of(&stop, json.as_bytes());
        assert_eq!(value(r#"{"stop" : 12}"#), Some(&b"12}"[..]));
        assert_eq!(
            value(r#"{"a":{"stop":null},"b":{"stop":"x"}}"#),
            Some(&br#""x"}}"#[..])
        );
        assert_eq!(value(r#"{"text":"stop","say":"\"stop\":1"}"#), None);
    }
}
