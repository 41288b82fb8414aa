//! Masks the heads of messages.
//!
//! A head is written from what it was parsed to: method, version, status, the names of headers, and
//! the values that the allow list admits. Whatever else stood there is `x`, and so are the parts of
//! a path that do not matter to what the request is.

use std::ops::Range;

use super::{body::BodyMask, json::MASK, members::Members};
use crate::{
    http::{
        allow_list::{AllowList, LowerName},
        framing::Framing,
        h1::head::{Method, parse_request, parse_response},
        head::RequestHead,
    },
    limits::Limits,
    llm::{
        provider::{HostRule, known_host},
        recognise::{Recognised, recognise},
    },
};

/// What the masking of heads goes by.
#[derive(Debug, Clone)]
pub(super) struct HeadRules {
    pub(super) headers: AllowList,
    pub(super) hosts: Vec<HostRule>,
    pub(super) limits: Limits,
}

/// A head as it is written, and what follows it.
#[derive(Debug)]
pub(super) struct MaskedHead<T> {
    pub(super) bytes: Vec<u8>,
    /// The body, if there is one; what it is unknown where it ends.
    pub(super) body: Result<Option<BodyMask>, Unframed>,
    pub(super) about: T,
}

/// It is unknown where the body ends.
#[derive(Debug)]
pub(super) struct Unframed;

/// What of a request matters to its response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// It may be a call of a model.
    pub(super) recognised: bool,
    pub(super) method: Method,
}

/// Headers of a request that nobody asked about: what frames it.
const FRAMING: [&str; 4] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
];
/// Headers that no longer hold for a body that is written decoded.
const OF_CODED: [&str; 3] = ["content-encoding", "content-length", "transfer-encoding"];
/// Segments of a path; one with more is masked altogether.
const SEGMENTS: usize = 32;

/// Masks the head of a request; `None` if it is none.
pub(super) fn mask_request(head: &[u8], rules: &HeadRules) -> Option<MaskedHead<Asked>> {
    let parsed = parse_request(head, &rules.headers)?;
    let recognised = recognise(&parsed.head, &rules.hosts);
    let body = match (&parsed.framing, &recognised) {
        (Ok(framing), Some(_)) => Ok(BodyMask::shown(
            framing,
            Members::OfRequest,
            false,
            &rules.limits,
        )),
        (Ok(framing), None) => Ok(BodyMask::hidden(framing)),
        (Err(_), _) => Err(Unframed),
    };
    let mut lines = Lines::of(head)?;
    let target = lines.words.get(1)?.clone();
    let raw = head.get(target.clone())?;
    lines.show(0..lines.words.first()?.end);
    lines.show(lines.words.get(2)?.clone());
    lines.write(
        target,
        &mask_target(raw, &parsed.head, recognised.as_ref(), rules),
    );
    let is_known = |host| known_host(host, &rules.hosts).is_some();
    let host = recognised.is_some() || parsed.head.host.as_ref().is_some_and(is_known);
    lines.show_headers(|name| {
        let framing = FRAMING.contains(&name);
        framing || (host && name == "host") || (recognised.is_some() && rules.headers.admits(name))
    });
    Some(MaskedHead {
        bytes: lines.finish(rewritten(&body)),
        body,
        about: Asked {
            recognised: recognised.is_some(),
            method: parsed.method,
        },
    })
}

/// Masks the head of the response to what was `asked`, and tells its status; `None` if it is none.
pub(super) fn mask_response(
    head: &[u8],
    asked: Option<Asked>,
    rules: &HeadRules,
) -> Option<MaskedHead<u16>> {
    let method = asked.map_or(Method::Other, |asked| asked.method);
    let recognised = asked.is_some_and(|asked| asked.recognised);
    let parsed = parse_response(head, method, &rules.headers)?;
    let content_type = parsed.head.headers.get("content-type").unwrap_or_default();
    let typed_as_stream = content_type
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("text/event-stream");
    let shown = |framing: &Framing| {
        BodyMask::shown(framing, Members::OfResponse, typed_as_stream, &rules.limits)
    };
    let body = match &parsed.framing {
        Ok(framing) if recognised => Ok(shown(framing)),
        Ok(framing) => Ok(BodyMask::hidden(framing)),
        Err(_) => Err(Unframed),
    };
    let mut lines = Lines::of(head)?;
    // The version and the status; the reason is anybody's text.
    lines.show(0..lines.words.get(1)?.end);
    lines
        .show_headers(|name| FRAMING.contains(&name) || (recognised && rules.headers.admits(name)));
    Some(MaskedHead {
        bytes: lines.finish(rewritten(&body)),
        body,
        about: parsed.head.status.unwrap_or_default(),
    })
}

fn rewritten(body: &Result<Option<BodyMask>, Unframed>) -> Option<bool> {
    body.as_ref().ok()?.as_ref()?.rewrites_head()
}

/// The target with everything masked that recognition can do without.
fn mask_target(
    raw: &[u8],
    head: &RequestHead,
    recognised: Option<&Recognised>,
    rules: &HeadRules,
) -> Vec<u8> {
    let is_structure = |byte: &u8| matches!(byte, b'/' | b'?' | b'&' | b'=' | b'*');
    let mask = |bytes: &[u8]| -> Vec<u8> {
        let masked = |byte: &u8| if is_structure(byte) { *byte } else { MASK };
        bytes.iter().map(masked).collect()
    };
    let text = std::str::from_utf8(raw).ok();
    let Some((text, recognised)) = text.filter(|text| text.starts_with('/')).zip(recognised) else {
        return mask(raw);
    };
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    // Where user info or a fragment was cut out, places no longer agree.
    if head.target.path != path || path.split('/').count() > SEGMENTS {
        return mask(raw);
    }
    let mut out = mask_path(path, head, recognised, rules).into_bytes();
    if text.len() > path.len() {
        out.push(b'?');
        let pairs = query.split('&').map(|pair| {
            let (key, _) = pair.split_once('=').unwrap_or((pair, ""));
            if AllowList::admits_query(key) {
                pair.as_bytes().to_vec()
            } else {
                mask(pair.as_bytes())
            }
        });
        out.extend(pairs.collect::<Vec<_>>().join(&b'&'));
    }
    out
}

/// Masks one segment after the other where the request is recognised as the same without it.
fn mask_path(path: &str, head: &RequestHead, wanted: &Recognised, rules: &HeadRules) -> String {
    let mut trial = head.clone();
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    for at in 0..segments.len() {
        let Some(segment) = segments.get_mut(at) else {
            break;
        };
        if is_harmless(segment) {
            continue;
        }
        let masked = char::from(MASK).to_string().repeat(segment.len());
        let before = std::mem::replace(segment, masked);
        trial.target.path = segments.join("/");
        let same = recognise(&trial, &rules.hosts).is_some_and(|found| found.is_same(wanted));
        if !same && let Some(segment) = segments.get_mut(at) {
            *segment = before;
        }
    }
    segments.join("/")
}

/// What stands in everybody's paths.
fn is_harmless(segment: &str) -> bool {
    let version = segment.strip_prefix('v').is_some_and(|number| {
        number.len() <= 6 && number.starts_with(|first: char| first.is_ascii_digit())
    });
    version || matches!(segment, "" | "api" | "openai" | "inference")
}

/// A head being written: `x` throughout, but for what is shown.
struct Lines<'h> {
    head: &'h [u8],
    out: Vec<u8>,
    /// The words of the first line.
    words: Vec<Range<usize>>,
    /// The lines of headers: the name, and the whole line with its end and what it is folded into.
    headers: Vec<(Range<usize>, Range<usize>)>,
}

impl<'h> Lines<'h> {
    fn of(head: &'h [u8]) -> Option<Self> {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            lines.push(start..start + line.len());
            start += line.len();
        }
        let first = lines.first()?.clone();
        let mut words = Vec::new();
        let mut at = first.start;
        for word in head.get(first)?.split(|byte| byte.is_ascii_whitespace()) {
            if !word.is_empty() {
                words.push(at..at + word.len());
            }
            at += word.len() + 1;
        }
        let mut headers: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        for line in lines.into_iter().skip(1) {
            let bytes = head.get(line.clone())?;
            match (bytes.first()?, headers.last_mut()) {
                (b' ' | b'\t', Some((_, last))) => last.end = line.end,
                _ => {
                    let colon = memchr::memchr(b':', bytes).unwrap_or(0);
                    headers.push((line.start..line.start + colon, line));
                }
            }
        }
        let is_structure = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let out = head
            .iter()
            .map(|byte| if is_structure(byte) { *byte } else { MASK })
            .collect();
        Some(Self {
            head,
            out,
            words,
            headers,
        })
    }

    fn show(&mut self, place: Range<usize>) {
        let shown = self.head.get(place.clone()).unwrap_or_default();
        self.write(place, shown);
    }

    fn write(&mut self, place: Range<usize>, bytes: &[u8]) {
        // A masked part is as long as what it stands for.
        if let Some(out) = self.out.get_mut(place.clone())
            && out.len() == bytes.len()
        {
            out.copy_from_slice(bytes);
        }
        // The blank behind a word.
        if let Some(blank @ b' ') = self.head.get(place.end)
            && let Some(out) = self.out.get_mut(place.end)
        {
            *out = *blank;
        }
    }

    /// Shows the names of headers, and of those that are admitted (by a name in lower case) the
    /// values.
    fn show_headers(&mut self, admits: impl Fn(&str) -> bool) {
        for (name, line) in std::mem::take(&mut self.headers) {
            let bytes = self.head.get(name.clone()).unwrap_or_default();
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            // What has no name is no header: all of it stays masked.
            if text.is_empty() || !text.bytes().all(is_of_name) {
                continue;
            }
            let admitted = LowerName::of(text).is_some_and(|name| admits(name.as_str()));
            if admitted {
                self.show(line.clone());
            } else {
                self.show(name.start..name.end + 1);
            }
            self.headers.push((name, line));
        }
    }

    /// The head. `decoded`: its body is written without its coding, in chunks or not.
    fn finish(self, decoded: Option<bool>) -> Vec<u8> {
        let Some(chunked) = decoded else {
            return self.out;
        };
        let is_of_coded = |name: &Range<usize>| {
            let name = self.head.get(name.clone()).unwrap_or_default();
            OF_CODED
                .iter()
                .any(|coded| name.eq_ignore_ascii_case(coded.as_bytes()))
        };
        let mut out = Vec::new();
        let mut at = 0;
        for (_, line) in self.headers.iter().filter(|(name, _)| is_of_coded(name)) {
            out.extend_from_slice(self.out.get(at..line.start).unwrap_or_default());
            at = line.end;
        }
        let rest = self.out.get(at..).unwrap_or_default();
        let end = if rest.ends_with(b"\r\n") { 2 } else { 1 };
        let (rest, end) = rest.split_at(rest.len().saturating_sub(end));
        out.extend_from_slice(rest);
        if chunked {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        out.extend_from_slice(end);
        out
    }
}

/// RFC 9110 section 5.6.2, without what no header of ours has.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> HeadRules {
        HeadRules {
            headers: AllowList::default(),
            hosts: Vec::new(),
            limits: Limits::default(),
        }
    }

    fn request(head: &str) -> String {
        let masked = mask_request(head.as_bytes(), &rules()).expect("a request");
        String::from_utf8(masked.bytes).expect("text")
    }

    #[test]
    fn a_call_keeps_what_the_allow_list_admits() {
        assert_eq!(
            request(
                "POST /secret/v1/chat/completions?api-version=1&key=secret HTTP/1.1\r\nHost: api.openai.com\r\n\
                 Authorization: Bearer secret\r\nX-Folded: a\r\n secret\r\nuser-agent: test/1\r\ncontent-length: 3\r\n\r\n"
            ),
            "POST /xxxxxx/v1/chat/completions?api-version=1&xxx=xxxxxx HTTP/1.1\r\nHost: api.openai.com\r\n\
             Authorization: xxxxxxxxxxxxx\r\nX-Folded: x\r\nxxxxxxx\r\nuser-agent: test/1\r\ncontent-length: 3\r\n\r\n"
        );
    }

    #[test]
    fn of_other_requests_only_the_framing_is_kept() {
        assert_eq!(
            request(
                "GET /bot123:secret/me?q=1 HTTP/1.1\r\nHost: bank.example\r\nUser-Agent: a\r\nContent-Length: 7\r\n\r\n"
            ),
            "GET /xxxxxxxxxxxxx/xx?x=x HTTP/1.1\r\nHost: xxxxxxxxxxxx\r\nUser-Agent: x\r\nContent-Length: 7\r\n\r\n"
        );
    }

    #[test]
    fn the_parts_of_a_path_that_name_a_model_are_kept() {
        let path = "/openai/deployments/my-gpt/chat/completions";
        let head = format!("POST {path} HTTP/1.1\r\nHost: a.openai.azure.com\r\n\r\n");
        assert_eq!(request(&head), head);
    }

    #[test]
    fn a_coded_answer_is_announced_as_it_is_written() {
        let asked = Asked {
            recognised: true,
            method: Method::Other,
        };
        let head = "HTTP/1.1 200 Secret\r\nContent-Encoding: gzip\r\nset-cookie: secret\r\nContent-Length: 9\r\nx-request-id: r\r\n\r\n";
        let masked = mask_response(head.as_bytes(), Some(asked), &rules()).expect("a response");
        assert_eq!(
            String::from_utf8(masked.bytes).expect("text"),
            "HTTP/1.1 200 xxxxxx\r\nset-cookie: xxxxxx\r\nx-request-id: r\r\ntransfer-encoding: chunked\r\n\r\n"
        );
    }
}
