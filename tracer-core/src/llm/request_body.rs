//! The body of a request, whichever way it comes.
//!
//! A form is handed to adapters as the JSON object that the same API takes elsewhere, so that no
//! adapter knows of forms: `{"model":"whisper-1","stream":true,"file":{}}`.

use serde_json::{Map, Value};

use super::{body::BodyBuffer, call::FileFacts};
use crate::http::multipart::{Form, Multipart};

/// A body while it comes in.
#[derive(Debug)]
pub(super) enum RequestBody {
    /// JSON or anything else in one piece.
    Document(BodyBuffer),
    /// A form.
    Form(Box<Multipart>),
    /// Messages of gRPC or frames of AWS, which are not decoded.
    Binary,
}

impl RequestBody {
    /// A body of this content type, of which at most `bound` bytes are kept.
    pub(super) fn new(content_type: Option<&str>, bound: usize) -> Self {
        let binary = ["application/grpc", "application/vnd.amazon.eventstream"];
        if content_type.is_some_and(|name| binary.iter().any(|kind| name.starts_with(kind))) {
            return Self::Binary;
        }
        content_type
            .and_then(Multipart::of_content_type)
            .map_or_else(
                || Self::Document(BodyBuffer::new(bound)),
                |form| Self::Form(Box::new(form)),
            )
    }

    /// Appends the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Document(buffer) => buffer.feed(bytes),
            Self::Form(form) => form.feed(bytes),
            Self::Binary => {}
        }
    }

    /// Bytes are missing here.
    pub(super) fn gap(&mut self) {
        match self {
            Self::Document(buffer) => buffer.gap(),
            Self::Form(form) => form.gap(),
            Self::Binary => {}
        }
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Document(buffer) => buffer.held(),
            Self::Form(form) => form.held(),
            Self::Binary => 0,
        }
    }

    /// The body as adapters read it, and the files that came beside.
    pub(super) fn close(self) -> (BodyBuffer, Vec<FileFacts>) {
        let form = match self {
            Self::Document(buffer) => return (buffer, Vec::new()),
            Self::Form(form) => form.finish(),
            Self::Binary => return (BodyBuffer::new(0), Vec::new()),
        };
        let object = Value::Object(object(&form)).to_string();
        let mut buffer = BodyBuffer::new(object.len());
        buffer.feed(object.as_bytes());
        let files = form.files.into_iter().map(|file| FileFacts {
            media_type: file.media_type,
            bytes: file.bytes,
        });
        (buffer, files.collect())
    }
}

/// The members that the fields stand for. A name that ends in `[]` is a list in the client's eyes.
fn object(form: &Form) -> Map<String, Value> {
    let files = form.files.iter().map(|file| {
        (
            &file.field,
            Value::Object(Map::from_iter([("bytes".into(), file.bytes.into())])),
        )
    });
    let fields = form
        .fields
        .iter()
        .map(|(name, text)| (name, value(name, text)));
    let mut object = Map::new();
    for (name, value) in files.chain(fields) {
        match name.strip_suffix("[]") {
            Some(name) => {
                let list = object
                    .entry(name)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = list {
                    items.push(value);
                }
            }
            None => drop(object.insert(name.clone(), value)),
        }
    }
    object
}

/// A form has only texts: those that are numbers or truth values in JSON are meant as such.
fn value(name: &str, text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) if name != "model" => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_an_object() {
        let wire = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n4\r\n\
            --b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n\
            --b\r\nContent-Disposition: form-data; name=\"temperature\"\r\n\r\n0.5\r\n\
            --b\r\nContent-Disposition: form-data; name=\"include[]\"\r\n\r\nlogprobs\r\n\
            --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\
            Content-Type: audio/mpeg\r\n\r\nabc\r\n--b--\r\n";
        let mut body = RequestBody::new(Some("multipart/form-data; boundary=b"), 10);
        body.feed(wire.as_bytes());
        let (buffer, files) = body.close();
        assert_eq!(
            serde_json::from_slice::<Value>(buffer.bytes()).unwrap(),
            serde_json::json!({
                "model": "4", "stream": true, "temperature": 0.5, "include": ["logprobs"],
                "file": {"bytes": 3},
            })
        );
        assert_eq!(
            files,
            [FileFacts {
                media_type: Some("audio/mpeg".into()),
                bytes: Some(3),
            }]
        );
    }

    #[test]
    fn anything_else_is_a_document() {
        let mut body = RequestBody::new(Some("application/json"), 10);
        body.feed(b"{}");
        let (buffer, files) = body.close();
        assert_eq!((buffer.bytes(), files.len()), (&b"{}"[..], 0));
    }
}
