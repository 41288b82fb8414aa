//! Marks of the arguments of a tool.

use serde_json::{Number, Value};

use super::{
    digest::{digest, join},
    kept::{Kept, TELLING},
};

/// Texts among the arguments that are remembered.
const TEXTS: usize = 16;
/// Bytes of a text that is hardly said twice: a town or a name is, a question is not.
const LONG: usize = 24;
/// How deep arguments are read.
const DEPTH: u8 = 16;
/// Floats tell all whole numbers apart below this one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What the arguments of a tool are equal to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Arguments {
    /// The digest of the value, however it is written; `None` where it was not kept as a whole or is
    /// no JSON.
    pub(crate) value: Option<u64>,
    /// The texts in it: an agent that is called as a tool is asked one of them.
    pub(crate) texts: Vec<ArgumentText>,
}

/// A text among the arguments of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArgumentText {
    pub(crate) digest: u64,
    /// It is so long that nobody else is likely to say the same.
    pub(crate) is_long: bool,
}

impl Arguments {
    pub(super) fn of(arguments: &Kept) -> Self {
        let mut marks = Self::default();
        if arguments.cut() > 0 || arguments.text().is_empty() {
            return marks;
        }
        if let Ok(value) = serde_json::from_str(arguments.text()) {
            marks.value = of_value(&value, 0, &mut marks.texts);
        }
        marks
    }
}

/// `None` where it is too deep.
fn of_value(value: &Value, depth: u8, texts: &mut Vec<ArgumentText>) -> Option<u64> {
    if depth > DEPTH {
        return None;
    }
    Some(match value {
        Value::Null => 1,
        Value::Bool(flag) => 2 + u64::from(*flag),
        // 1 and 1.0 are one number to most who write it again.
        Value::Number(number) => join(4, of_number(number)),
        Value::String(text) => {
            let mark = digest(text);
            if text.len() as u64 >= TELLING && texts.len() < TEXTS {
                texts.push(ArgumentText {
                    digest: mark,
                    is_long: text.len() >= LONG,
                });
            }
            join(5, mark)
        }
        Value::Array(items) => items.iter().try_fold(6, |all, item| {
            Some(join(all, of_value(item, depth + 1, texts)?))
        })?,
        // Members count in any order.
        Value::Object(members) => members.iter().try_fold(7_u64, |all, (name, value)| {
            let member = join(digest(name), of_value(value, depth + 1, texts)?);
            Some(all.wrapping_add(member))
        })?,
    })
}

/// Ids are larger than what a float can tell apart.
fn of_number(number: &Number) -> u64 {
    let float = number.as_f64().unwrap_or_default();
    let whole = number.as_u64();
    let whole = whole.or_else(|| number.as_i64().map(i64::cast_unsigned));
    whole
        .filter(|_| float.abs() >= EXACT)
        .unwrap_or_else(|| float.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::content::kept::Room;

    fn of(json: &str) -> Arguments {
        Arguments::of(&Room::new(10_000).keep_arguments(json))
    }

    #[test]
    fn how_a_value_is_written_does_not_matter() {
        let one = of(r#"{"city":"Zürich","days":[1,2]}"#);
        assert!(one.value.is_some());
        let other = of("{ \"days\": [1.0, 2],\n\"city\": \"Z\\u00fcrich\" }");
        assert_eq!(one.value, other.value);
        for differs in [
            r#"{"city":"Zürich","days":[2,1]}"#,
            r#"{"city":"days","Zürich":[1,2]}"#,
            r#"{"city":"Zürich"}"#,
            r#"["city","Zürich"]"#,
        ] {
            assert_ne!(one.value, of(differs).value, "{differs}");
        }
    }

    #[test]
    fn long_texts_can_be_found_again() {
        let marks = of(r#"{"prompt":"Look for bugs.","mode":"fast"}"#);
        let text = |text: &str, is_long| ArgumentText {
            digest: digest(text),
            is_long,
        };
        assert_eq!(marks.texts, [text("Look for bugs.", false)]);
        let marks = of(r#"{"prompt":"Look for bugs in all files."}"#);
        assert_eq!(marks.texts, [text("Look for bugs in all files.", true)]);
    }

    #[test]
    fn what_is_not_whole_has_no_digest() {
        let cut = Room::new(3).keep_arguments(r#"{"a":1}"#);
        for kept in [cut, Kept::default(), Room::new(99).keep_arguments("{")] {
            assert_eq!(Arguments::of(&kept), Arguments::default());
        }
        let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(of(&deep).value, None);
    }
}
