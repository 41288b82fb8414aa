//! Request targets and hosts from the wire, RFC 9112 section 3.2 and RFC 3986 section 3.2.

use std::hash::{DefaultHasher, Hasher as _};

use crate::http::{
    allow_list::AllowList,
    head::{Host, Target},
    percent::query_decoded,
};

/// Takes a request target in any of its forms apart. The host is that of an absolute target or of
/// a CONNECT.
pub(crate) fn parse_target(raw: &str) -> (Option<Host>, Target) {
    let raw = raw.split('#').next().unwrap_or_default();
    if raw.starts_with('/') || raw.starts_with('*') {
        return (None, origin_form(raw));
    }
    match raw.split_once("://") {
        Some((_scheme, rest)) => {
            let (authority, origin) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            (parse_host(authority), origin_form(origin))
        }
        None => (parse_host(raw), Target::default()),
    }
}

/// A hash of the path and the whole query of a target.
pub(crate) fn target_digest(raw: &str) -> u64 {
    let raw = raw.split('#').next().unwrap_or_default();
    let origin = raw.split_once("://").map_or(raw, |(_scheme, rest)| {
        rest.find(['/', '?'])
            .and_then(|at| rest.get(at..))
            .unwrap_or("/")
    });
    let mut hasher = DefaultHasher::new();
    hasher.write(origin.as_bytes());
    hasher.finish()
}

/// A target in wire form that parses like `raw`, without anything that [`Target`] has no place for.
pub(crate) fn harmless_target(raw: &str) -> String {
    let raw = raw.split('#').next().unwrap_or_default();
    let (before, origin) = if raw.starts_with('/') || raw.starts_with('*') {
        (String::new(), raw)
    } else {
        match raw.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, origin) =
                    rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (
                    format!("{scheme}://{}", harmless_authority(authority)),
                    origin,
                )
            }
            None => return harmless_authority(raw).to_owned(),
        }
    };
    let (path, query) = origin.split_once('?').unwrap_or((origin, ""));
    let mut harmless = before + &without_user_info(path);
    let admitted = query.split('&').filter(|pair| {
        let (key, _) = pair.split_once('=').unwrap_or((pair, ""));
        AllowList::admits_query(key)
    });
    for (number, pair) in admitted.enumerate() {
        harmless.push(if number == 0 { '?' } else { '&' });
        harmless.push_str(pair);
    }
    harmless
}

/// An authority without user info.
pub(crate) fn harmless_authority(raw: &str) -> &str {
    raw.rsplit('@').next().unwrap_or_default()
}

/// The value of a `Host` header, or an authority; user info is dropped.
pub(crate) fn parse_host(raw: &str) -> Option<Host> {
    let raw = harmless_authority(raw).trim();
    let (name, port) = match raw.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => (address, after.strip_prefix(':')),
        None => match raw.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (raw, None),
        },
    };
    if name.is_empty() {
        return None;
    }
    Some(Host {
        name: name.to_ascii_lowercase(),
        port: port.and_then(|port| port.parse().ok()),
    })
}

fn origin_form(raw: &str) -> Target {
    let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
    let path = if path.is_empty() {
        "/".to_owned()
    } else {
        without_user_info(path)
    };
    let query = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(key, _)| AllowList::admits_query(key))
        .map(|(key, value)| (key.to_owned(), query_decoded(value)))
        .collect();
    Target { path, query }
}

/// A gateway may carry a whole URL in its path. In a segment `user:password@rest` all up to the
/// `@` is left out; `model@version:verb` stays.
fn without_user_info(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    for segment in path.split_inclusive('/') {
        let secret = segment
            .rfind('@')
            .filter(|at| segment.find(':').is_some_and(|colon| colon < *at));
        kept.push_str(
            secret
                .and_then(|at| segment.get(at + 1..))
                .unwrap_or(segment),
        );
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: Option<u16>) -> Option<Host> {
        Some(Host {
            name: name.into(),
            port,
        })
    }

    #[test]
    fn the_four_forms_of_rfc_9112() {
        let (no_host, origin) = parse_target("/where?q=now");
        assert_eq!(
            (no_host, origin.path.as_str(), origin.query.len()),
            (None, "/where", 0)
        );
        let (absolute_host, absolute) =
            parse_target("http://www.example.org/pub/WWW/TheProject.html");
        assert_eq!(absolute_host, host("www.example.org", None));
        assert_eq!(absolute.path, "/pub/WWW/TheProject.html");
        assert_eq!(
            parse_target("www.example.com:80"),
            (host("www.example.com", Some(80)), Target::default())
        );
        assert_eq!(parse_target("*").1.path, "*");
    }

    #[test]
    fn nothing_secret_stays_in_a_target() {
        for raw in [
            "/v1/models?key=canary&api-version=2024-10-21",
            "https://user:canary@host/v1/models?api-version=2024-10-21#canary",
            "https://canary@host/v1/models?access_token=canary&api-version=2024-10-21",
            "/proxy/https://user:canary@host/v1/models?api-version=2024-10-21",
        ] {
            let (host, target) = parse_target(raw);
            assert!(!format!("{host:?} {target:?}").contains("canary"), "{raw}");
            assert!(target.path.ends_with("/v1/models"), "{raw}");
            assert_eq!(target.query("api-version"), Some("2024-10-21"), "{raw}");
        }
        let vertex = "/v1/publishers/anthropic/models/claude-3@20240229:rawPredict";
        assert_eq!(parse_target(vertex).1.path, vertex);
    }

    #[test]
    fn a_harmless_target_parses_like_the_one_it_was_made_of() {
        for raw in [
            "/where?q=now",
            "/v1/models?key=canary&api-version=2024-10-21&alt=sse&x",
            "https://user:canary@host:1/v1?alt=sse#canary",
            "https://canary@host?stream&key=canary",
            "/proxy/https://user:canary@host/v1/models?api-version=2024%2D10",
            "canary@example.com:80",
            "*",
            "",
        ] {
            let harmless = harmless_target(raw);
            assert!(!harmless.contains("canary"), "{harmless}");
            assert_eq!(parse_target(&harmless), parse_target(raw), "{raw}");
        }
    }

    #[test]
    fn digests_tell_targets_apart_whatever_their_form() {
        let one = target_digest("/messages?id=a");
        assert_eq!(one, target_digest("https://user@host:1/messages?id=a#b"));
        assert_ne!(one, target_digest("/messages?id=b"));
        assert_ne!(one, target_digest("/messages"));
        assert_eq!(target_digest("http://host"), target_digest("/"));
    }

    #[test]
    fn query_values_are_decoded() {
        let (_, target) = parse_target("http://host?api-version=2024%2D10+x%2&stream");
        assert_eq!(
            (target.path.as_str(), target.query("api-version")),
            ("/", Some("2024-10 x%2"))
        );
        assert_eq!(target.query("stream"), Some(""));
    }

    #[test]
    fn hosts_with_ports_and_addresses() {
        assert_eq!(parse_host("API.OpenAI.com"), host("api.openai.com", None));
        assert_eq!(parse_host("localhost:8443"), host("localhost", Some(8443)));
        assert_eq!(
            parse_host("[2001:DB8::1]:443"),
            host("2001:db8::1", Some(443))
        );
        assert_eq!(parse_host("host:port"), host("host", None));
        assert_eq!(parse_host(""), None);
    }
}
