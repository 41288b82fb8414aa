//! One connection: requests in, answers out; or bytes one way without end.

use std::{
    io::{self, BufRead, Read, Write},
    sync::Arc,
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::answer::Templates;

/// First byte of a bulk connection; the rest of its first line says which way.
const BULK: u8 = 1;
const RECORD: usize = 16 * 1024;

/// What TLS runs over: a socket, or other TLS.
pub trait Transport: Read + Write + Send {}

impl<T: Read + Write + Send> Transport for T {}

/// Serves one client until it goes.
pub fn serve(
    socket: Box<dyn Transport>,
    config: Arc<ServerConfig>,
    mut templates: Templates,
) -> anyhow::Result<()> {
    let tls = ServerConnection::new(Arc::clone(&config))?;
    let mut connection = Connection { socket, tls };
    let mut request = Vec::with_capacity(RECORD);
    while connection.read_into(&mut request)? {
        // A proxy's part is played as well: wherever the tunnel is to lead, it ends here.
        if request.starts_with(b"CONNECT ") && request.ends_with(b"\r\n\r\n") {
            let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
            connection.tls.writer().write_all(answer)?;
            connection.flush()?;
            let tunnel = StreamOwned::new(connection.tls, connection.socket);
            return serve(Box::new(tunnel), config, templates);
        }
        if request.first() == Some(&BULK) {
            return if request.starts_with(b"\x01bench-source") {
                connection.send_for_ever()
            } else {
                connection.discard()
            };
        }
        while let Some(length) = request_length(&request) {
            let streamed = memchr::memmem::find(&request[..length], b"\"stream\":true").is_some();
            let template = if streamed {
                &mut templates.stream
            } else {
                &mut templates.json
            };
            for record in template.next() {
                connection.tls.writer().write_all(record)?;
                // As a provider sends them: an event goes out when it is there, by itself, and the
                // client has read it before there is another.
                connection.flush()?;
                thread::yield_now();
            }
            request.drain(..length);
        }
    }
    Ok(())
}

/// Bytes of the first request, head and body, once it is complete.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(end)) = head.parse(bytes) else {
        return None;
    };
    let length = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))?;
    let length = std::str::from_utf8(length.value)
        .ok()?
        .parse::<usize>()
        .ok()?;
    (bytes.len() >= end + length).then_some(end + length)
}

struct Connection {
    socket: Box<dyn Transport>,
    tls: ServerConnection,
}

impl Connection {
    /// Waits for plaintext and appends it; `false` when the client is gone.
    fn read_into(&mut self, plaintext: &mut Vec<u8>) -> anyhow::Result<bool> {
        let before = plaintext.len();
        while plaintext.len() == before {
            self.flush()?;
            if self.tls.read_tls(&mut self.socket)? == 0 {
                return Ok(false);
            }
            self.tls.process_new_packets()?;
            loop {
                let mut reader = self.tls.reader();
                match reader.fill_buf() {
                    Ok([]) => return Ok(plaintext.len() > before),
                    Ok(bytes) => {
                        plaintext.extend_from_slice(bytes);
                        let length = bytes.len();
                        reader.consume(length);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(true)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    fn send_for_ever(&mut self) -> anyhow::Result<()> {
        // High bytes only: nothing that a tracer could take for HTTP.
        let record = [0xb5; RECORD];
        loop {
            self.tls.writer().write_all(&record)?;
            self.flush()?;
        }
    }

    fn discard(&mut self) -> anyhow::Result<()> {
        let mut plaintext = Vec::with_capacity(4 * RECORD);
        while self.read_into(&mut plaintext)? {
            plaintext.clear();
        }
        Ok(())
    }
}
