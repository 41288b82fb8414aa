//! Objects that break off.

use memchr::memchr2;

/// Closes an object that breaks off: cuts `body` after its last whole top-level member. Returns
/// whether anything is left.
pub(in crate::llm) fn close_object(body: &mut Vec<u8>) -> bool {
    let Some(end) = end_of_members(body) else {
        return false;
    };
    body.truncate(end);
    body.push(b'}');
    true
}

/// Where the last whole member of the top-level object ends.
fn end_of_members(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut end = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at - 1);
                }
            }
            b',' if depth == 1 => end = Some(at - 1),
            _ => {}
        }
        if at >= bytes.len() {
            break;
        }
    }
    end
}

/// Behind the closing quote of the string whose text begins at `at`; the end of `bytes` if none.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        let next = at + found + 1;
        if bytes.get(at + found) == Some(&b'"') {
            return next;
        }
        at = next + 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(text: &str) -> Option<String> {
        let mut body = text.as_bytes().to_vec();
        close_object(&mut body).then(|| String::from_utf8(body).expect("text"))
    }

    #[test]
    fn an_object_is_closed_after_its_last_whole_member() {
        for (cut, expected) in [
            (r#"{"a":1,"b":[1,2,{"c":"}"#, r#"{"a":1}"#),
            (r#"{"a":"x\",","b":12"#, r#"{"a":"x\","}"#),
            (r#"{"a":{"b":1},"c"#, r#"{"a":{"b":1}}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(closed(cut).as_deref(), Some(expected), "{cut}");
        }
        assert_eq!(closed(r#"{"a":1"#), None);
        assert_eq!(closed(""), None);
    }
}
