//! Exchanges on a tape, in pieces as a socket might bring them.

use std::{collections::HashMap, io::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::{
    planted::Random,
    traffic::{Exchange, Way},
};

/// How far a connection has come.
#[derive(Default)]
struct Connection {
    out: usize,
    inwards: usize,
    turn: u32,
    has_read: bool,
}

/// Each exchange on connections of its own.
pub fn written(exchanges: &[Exchange]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    let mut out = std::io::BufWriter::new(file.as_file_mut());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    writeln!(out, "{}", json!({"tape": 1, "about": "planted"})).unwrap();
    let (mut at, mut connections) = (0, 0);
    for (number, exchange) in exchanges.iter().enumerate() {
        let process = if exchange.is_alone { number + 2 } else { 1 };
        let mut known: HashMap<usize, (Value, Connection)> = HashMap::new();
        for passed in &exchange.passed {
            let (name, connection) = known.entry(passed.connection).or_insert_with(|| {
                connections += 1;
                (json!([process, connections, 1]), Connection::default())
            });
            let (direction, offset) = match passed.way {
                Way::Out => {
                    connection.turn += u32::from(std::mem::take(&mut connection.has_read));
                    ("out", &mut connection.out)
                }
                Way::In => {
                    connection.has_read = true;
                    ("in", &mut connection.inwards)
                }
            };
            let mut rest = &*passed.bytes;
            while !rest.is_empty() {
                let piece;
                (piece, rest) = rest.split_at(rest.len().min(1 + random.below(400)));
                let (form, text) = match std::str::from_utf8(piece) {
                    Ok(text) => ("text", text.to_owned()),
                    Err(_) => ("base64", STANDARD.encode(piece)),
                };
                let line = json!({
                    "at": at, "connection": name, "direction": direction,
                    "offset": *offset, "turn": connection.turn, form: text,
                });
                writeln!(out, "{line}").unwrap();
                at += 10;
                *offset += piece.len();
            }
        }
        for (name, connection) in known.values() {
            let counts = json!({
                "outbound": connection.out, "inbound": connection.inwards,
                "turns": connection.turn,
            });
            let line = json!({"at": at, "connection": name, "close": counts});
            writeln!(out, "{line}").unwrap();
        }
    }
    out.flush().unwrap();
    drop(out);
    file
}
