//! What the two ends of a connection are to say.

use crate::random::Random;

/// One exchange.
#[derive(Debug)]
pub struct Plan {
    pub number: usize,
    pub method: &'static str,
    pub host: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub answer: Answer,
    pub fate: Fate,
}

/// What comes back.
#[derive(Debug)]
pub struct Answer {
    pub interim: bool,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// How an exchange ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Plain,
    Trailers,
    ResetByClient,
    ResetByServer,
}

/// Headers that are kept.
const KEPT: [&str; 7] = [
    "accept",
    "content-type",
    "request-id",
    "server",
    "user-agent",
    "x-ratelimit-remaining-tokens",
    "x-stainless-os",
];
/// A body begins with the number of its exchange, in so many bytes.
const MARK_BYTES: usize = 8;

impl Plan {
    /// With a secret in its query.
    pub fn path(&self) -> String {
        format!("/v1/{}?key=secret{}&alt=sse", self.number, self.number)
    }

    pub fn harmless_path(&self) -> String {
        format!("/v1/{}", self.number)
    }

    pub fn kept_headers(&self) -> Vec<(String, String)> {
        kept(&self.headers)
    }

    pub fn kept_answer_headers(&self) -> Vec<(String, String)> {
        kept(&self.answer.headers)
    }

    /// Whether a request body is the one of this exchange, as far as it goes.
    pub fn begins(&self, body: &[u8]) -> bool {
        body.len() >= MARK_BYTES && self.body.starts_with(body)
    }
}

fn kept(headers: &[(&'static str, String)]) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| KEPT.contains(name))
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// Some exchanges, up to 120 of them.
pub fn plans(random: &mut Random) -> Vec<Plan> {
    let count = random.pick(&[3, 20, 120]);
    (0..count).map(|number| plan(number, random)).collect()
}

fn plan(number: usize, random: &mut Random) -> Plan {
    let fate = match random.below(8) {
        0 => Fate::Trailers,
        1 => Fate::ResetByClient,
        2 => Fate::ResetByServer,
        _ => Fate::Plain,
    };
    let mut headers = fields(
        &[
            ("accept", &["*/*", "application/json"]),
            ("authorization", &["Bearer secret", "Basic secret"]),
            ("cookie", &["a=secret", "b=secret"]),
            ("content-type", &["application/json"]),
            ("user-agent", &["probe/1", "probe/2"]),
            ("x-stainless-os", &["Linux", "MacOS", "Other:\u{e9}"]),
            ("x-unlisted", &["1", "2", "3"]),
        ],
        random,
    );
    if random.one_in(20) {
        // More than fits into a frame.
        headers.push(("x-large", "z".repeat(20_000)));
    }
    let mut answer_headers = fields(
        &[
            ("content-type", &["application/json", "text/event-stream"]),
            ("request-id", &["1", "2", "3", "4", "5", "6"]),
            ("server", &["probe"]),
            ("set-cookie", &["secret"]),
            ("x-ratelimit-remaining-tokens", &["7", "8", "9", "10"]),
        ],
        random,
    );
    answer_headers.push(("x-unlisted-number", number.to_string()));
    Plan {
        number,
        method: random.pick(&["POST", "PUT", "PATCH"]),
        host: random.pick(&["api.example", "other.example", "127.0.0.1"]),
        headers,
        body: body(number, random),
        answer: Answer {
            interim: random.one_in(6),
            status: random.pick(&[200, 200, 201, 404, 429, 529]),
            headers: answer_headers,
            body: body(number, random),
        },
        fate,
    }
}

/// Some of these headers with one of their values each.
fn fields(
    of: &[(&'static str, &[&'static str])],
    random: &mut Random,
) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    for (name, values) in of {
        if !random.one_in(3) {
            fields.push((*name, random.pick(values).to_owned()));
        }
    }
    fields
}

fn body(number: usize, random: &mut Random) -> Vec<u8> {
    let mark = format!("<{number:06}>");
    let most = random.pick(&[1, 50, 3000]);
    mark.repeat(random.below(most) + 1).into_bytes()
}
