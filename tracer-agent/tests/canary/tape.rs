//! Exchanges on a tape, in pieces as a socket might bring them.

use std::io::Write as _;

use serde_json::json;
use tempfile::NamedTempFile;

use crate::{planted::Random, traffic::Exchange};

/// Each exchange on a connection of its own.
pub fn written(exchanges: &[Exchange]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    let mut out = std::io::BufWriter::new(file.as_file_mut());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    writeln!(out, "{}", json!({"tape": 1, "about": "planted"})).unwrap();
    let mut at = 0;
    for (number, exchange) in exchanges.iter().enumerate() {
        let connection = json!([1, number + 1, 1]);
        for (direction, text) in [("out", &exchange.request), ("in", &exchange.response)] {
            let mut offset = 0;
            while offset < text.len() {
                let end = text.ceil_char_boundary(offset + 1 + random.below(400));
                let piece = &text[offset..end];
                let line = json!({
                    "at": at, "connection": connection, "direction": direction,
                    "offset": offset, "turn": 0, "text": piece,
                });
                writeln!(out, "{line}").unwrap();
                at += 10;
                offset = end;
            }
        }
        let counts = json!({
            "outbound": exchange.request.len(), "inbound": exchange.response.len(), "turns": 0,
        });
        let line = json!({"at": at, "connection": connection, "close": counts});
        writeln!(out, "{line}").unwrap();
    }
    out.flush().unwrap();
    drop(out);
    file
}
