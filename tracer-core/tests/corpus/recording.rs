//! The corpus and the oracle's judgement of it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer};

/// One recorded exchange.
#[derive(Deserialize)]
pub struct Recording {
    pub id: String,
    pub request: Request,
    /// Absent for WebSocket sessions, which are not played.
    pub response: Option<Response>,
}

#[derive(Deserialize)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    #[serde(default, rename = "body_b64", deserialize_with = "base64")]
    pub body: Vec<u8>,
}

#[derive(Clone, Deserialize)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    #[serde(default, rename = "body_b64", deserialize_with = "base64")]
    pub body: Vec<u8>,
}

impl Recording {
    /// Sessions of WebSocket are not played.
    pub fn is_http(&self) -> bool {
        self.response.is_some()
    }

    pub fn response(&self) -> &Response {
        self.response.as_ref().expect("an exchange of HTTP")
    }
}

impl Request {
    /// Host and path.
    pub fn target(&self) -> (&str, &str) {
        let (_, rest) = self.url.split_once("://").expect("an absolute address");
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (host, if path.is_empty() { "/" } else { path })
    }
}

impl Response {
    pub fn content_type(&self) -> Option<&str> {
        let same = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
        self.headers.iter().find(same).map(|(_, value)| &**value)
    }

    pub fn has(&self, header: &str) -> bool {
        let same = |(name, _): &(String, String)| name.eq_ignore_ascii_case(header);
        self.headers.iter().any(same)
    }
}

/// What the oracle says of one exchange.
#[derive(Deserialize)]
pub struct Expectation {
    pub flavour: String,
    pub span: String,
    /// Field to value, `{"any": […]}` or null (must be absent); ambiguous ones are left out.
    pub attrs: BTreeMap<String, serde_json::Value>,
    pub ambiguous: BTreeMap<String, String>,
    #[serde(default)]
    pub soft: BTreeMap<String, serde_json::Value>,
    pub tool_calls: Option<Vec<Tool>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Tool {
    pub name: Option<String>,
    pub id: Option<String>,
}

pub fn read(file: impl Read) -> Vec<Recording> {
    BufReader::new(flate2::read::MultiGzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.expect("gzip")).expect("a recording"))
        .collect()
}

fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    BASE64_STANDARD
        .decode(text)
        .map_err(serde::de::Error::custom)
}
