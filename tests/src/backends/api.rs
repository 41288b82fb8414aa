//! JSON over HTTP from a server on this host, as scripts would ask for it.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Longest wait for an answer; the first one of a server that has just begun takes seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server's port.
#[derive(Debug, Clone, Copy)]
pub struct Api {
    port: u16,
}

impl Api {
    /// Of the server at a port.
    pub const fn at(port: u16) -> Self {
        Self { port }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a path holds.
    ///
    /// # Errors
    /// If it is not answered with 200 and JSON.
    pub fn get(self, path: &str) -> Result<Value> {
        self.ask("GET", path, "")
    }

    /// The answer to a JSON body.
    ///
    /// # Errors
    /// If it is not answered with 200 and JSON.
    pub fn post(self, path: &str, body: &Value) -> Result<Value> {
        self.ask("POST", path, &body.to_string())
    }

    /// Whether a path is answered with 200.
    pub fn answers(self, path: &str) -> bool {
        self.exchange("GET", path, "")
            .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    fn ask(self, method: &str, path: &str, body: &str) -> Result<Value> {
        let answer = self.exchange(method, path, body)?;
        let (head, text) = answer
            .split_once("\r\n\r\n")
            .with_context(|| format!("{path} is answered by no HTTP: {answer}"))?;
        let is_good = head.split(' ').nth(1) == Some("200");
        ensure!(is_good, "{method} {path} is answered by {answer}");
        serde_json::from_str(text).with_context(|| format!("{path} holds no JSON: {text}"))
    }

    /// HTTP/1.0, so that the answer is one piece and ends with the connection.
    fn exchange(self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
