//! The caller's trace context: <https://www.w3.org/TR/trace-context/#traceparent-header>.

use super::{call::TraceParent, trace_state};
use crate::http::head::Headers;

/// The context that a request carries, with what its `tracestate` holds.
pub(crate) fn of_request(headers: &Headers) -> Option<TraceParent> {
    let parent = headers.get("traceparent").and_then(parse)?;
    let states = headers.iter().filter(|(name, _)| *name == "tracestate");
    Some(TraceParent {
        state: trace_state::parse(states.map(|(_, value)| value)),
        ..parent
    })
}

/// Reads a `traceparent` header; `None` if it is not valid. The state is in a header of its own.
pub(super) fn parse(header: &str) -> Option<TraceParent> {
    let bytes = header.trim().as_bytes();
    let [v0, v1, b'-', rest @ ..] = bytes else {
        return None;
    };
    let version = hex_byte(*v0, *v1)?;
    let (trace_id, rest) = rest.split_at_checked(32)?;
    let (parent_id, rest) = rest.strip_prefix(b"-")?.split_at_checked(16)?;
    let [f0, f1, tail @ ..] = rest.strip_prefix(b"-")? else {
        return None;
    };
    // Version 00 ends here; a later one may go on after a dash.
    if version == 0xff || !(tail.is_empty() || (version > 0 && tail.starts_with(b"-"))) {
        return None;
    }
    let parsed = TraceParent {
        trace_id: hex_bytes(trace_id)?,
        parent_id: hex_bytes(parent_id)?,
        flags: hex_byte(*f0, *f1)?,
        state: None,
    };
    (parsed.trace_id != [0; 16] && parsed.parent_id != [0; 8]).then_some(parsed)
}

fn hex_bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = hex_byte(*high, *low)?;
    }
    Some(out)
}

/// Lower case only, as the specification has it.
fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let parsed =
            parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").expect("valid");
        assert_eq!(parsed.trace_id[..4], [0x4b, 0xf9, 0x2f, 0x35]);
        assert_eq!(parsed.parent_id[6..], [0x02, 0xb7]);
        assert_eq!(parsed.flags, 1);
    }

    #[test]
    fn what_the_specification_forbids() {
        for header in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
        assert!(parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what").is_some());
    }
}
