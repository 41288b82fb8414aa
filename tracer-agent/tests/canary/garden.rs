//! What plants, and writes HTTP/1.1 around it.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    planted::{Random, plant},
    traffic::{Origin, Planted},
};

/// What stands before a plant, in prose: it is no secret.
pub const BEFORE: &str = "The report of last week says that all is well";

pub struct Gardener {
    pub random: Random,
    pub planted: Vec<Planted>,
    pub api: &'static str,
    /// How many there are in each place.
    places: HashMap<(&'static str, &'static str), usize>,
}

impl Gardener {
    pub fn new(random: Random) -> Self {
        Self {
            random,
            planted: Vec::new(),
            api: "",
            places: HashMap::new(),
        }
    }

    pub fn plant(&mut self, place: &'static str, origin: Origin) -> String {
        // Each place gets one kind after the other, and not all of them the same.
        let first = self.places.len();
        let next = self.places.entry((self.api, place)).or_insert(first);
        let plant = plant(*next, &mut self.random);
        *next += 1;
        let text = plant.text.clone();
        self.planted.push(Planted {
            plant,
            api: self.api,
            place,
            origin,
        });
        text
    }

    /// Prose with something in it.
    pub fn prose(&mut self, place: &'static str) -> String {
        let text = self.plant(place, Origin::Content);
        match self.random.below(3) {
            0 => format!("{BEFORE}, and near its end: {text} and nothing else."),
            1 => format!("{BEFORE}:\n{text}\nwas in the log.\n"),
            _ => format!("{BEFORE}.\n| what | value |\n|---|---|\n| it | {text} |\n"),
        }
    }

    /// A document with something in it.
    pub fn document(&mut self, place: &'static str) -> Value {
        let text = self.plant(place, Origin::Content);
        json!({ "note": format!("see\n{text}\n"), "n": 3 })
    }

    /// One line for a header.
    pub fn line(&mut self, place: &'static str) -> String {
        self.plant(place, Origin::Wire).replace('\n', " ")
    }

    /// Something that may stand in a query or a path.
    pub fn encoded(&mut self, place: &'static str) -> String {
        let text = self.plant(place, Origin::Wire);
        text.bytes()
            .map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect()
    }

    pub fn request(&mut self, host: &str, path: &str, body: &Value) -> String {
        let (body, query) = (body.to_string(), self.encoded("query"));
        let (token, cookie) = (self.line("authorization"), self.line("cookie"));
        let (key, note) = (self.line("x-api-key"), self.line("header"));
        format!(
            "POST {path}?key={query} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             cookie: a=b; session={cookie}\r\nx-api-key: {key}\r\nx-note: {note}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    pub fn response(&mut self, status: &str, body: &str) -> String {
        let kind = "content-type: application/json";
        self.headed(
            status,
            kind,
            &format!("content-length: {}", body.len()),
            body,
        )
    }

    /// An answer in chunks, one for each event.
    pub fn stream(&mut self, kind: &str, events: &[String]) -> String {
        let chunk = |event: &String| format!("{:x}\r\n{event}\r\n", event.len());
        let chunks: String = events.iter().map(chunk).collect();
        let body = format!("{chunks}0\r\n\r\n");
        self.headed("200 OK", kind, "transfer-encoding: chunked", &body)
    }

    pub fn headed(&mut self, status: &str, kind: &str, length: &str, body: &str) -> String {
        let (cookie, debug) = (self.line("set-cookie"), self.line("answer's header"));
        format!(
            "HTTP/1.1 {status}\r\n{kind}\r\nset-cookie: sid={cookie}; Secure\r\nx-debug: {debug}\r\n\
             {length}\r\n\r\n{body}"
        )
    }

    /// A text in pieces of a few characters, as a model gives it.
    pub fn pieces(&mut self, text: &str) -> Vec<String> {
        let mut chars = text.chars();
        let mut pieces = Vec::new();
        loop {
            let length = 1 + self.random.below(9);
            let piece: String = chars.by_ref().take(length).collect();
            if piece.is_empty() {
                return pieces;
            }
            pieces.push(piece);
        }
    }
}

/// A server-sent event.
pub fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// One with a name.
pub fn named(value: &Value) -> String {
    let kind = value["type"].as_str().unwrap_or_default();
    format!("event: {kind}\ndata: {value}\n\n")
}

pub const EVENTS: &str = "content-type: text/event-stream";
