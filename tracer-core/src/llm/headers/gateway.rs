//! Gateways that say what they did with a request.

use std::borrow::Cow;

use crate::{
    http::head::Headers,
    llm::call::{Gateway, Provider},
};

/// A header that only one gateway sends.
const MARKS: [(&str, &str); 5] = [
    ("x-litellm-call-id", "litellm"),
    ("x-portkey-trace-id", "portkey"),
    ("helicone-id", "helicone"),
    ("cf-aig-log-id", "cloudflare_ai_gateway"),
    ("x-generation-id", "openrouter"),
];
const RETRIES: [&str; 2] = [
    "x-litellm-attempted-retries",
    "x-portkey-retry-attempt-count",
];
const FALLBACKS: [&str; 1] = ["x-litellm-attempted-fallbacks"];
const CACHE: [&str; 3] = [
    "x-portkey-cache-status",
    "cf-aig-cache-status",
    "helicone-cache",
];
const UPSTREAM: [&str; 2] = ["x-portkey-provider", "x-provider-name"];

/// The gateway that an answer came through, if the host is one or it names itself.
pub(super) fn read(headers: &Headers, host: Option<&Provider>) -> Option<Box<Gateway>> {
    let mark = MARKS.iter().find(|(mark, _)| headers.get(mark).is_some());
    let name = match mark {
        Some((_, name)) => Cow::Borrowed(*name),
        None => host?.0.clone(),
    };
    Some(Box::new(Gateway {
        name,
        retries: first(headers, &RETRIES).and_then(|value| value.parse().ok()),
        fallbacks: first(headers, &FALLBACKS).and_then(|value| value.parse().ok()),
        cache: first(headers, &CACHE).map(str::to_ascii_lowercase),
    }))
}

/// Whom it passed the call to.
pub(super) fn upstream(headers: &Headers) -> Option<String> {
    first(headers, &UPSTREAM).map(str::to_owned)
}

fn first<'a>(headers: &'a Headers, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|name| headers.get(name))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::allow_list::AllowList;

    #[test]
    fn a_gateway_names_itself_and_its_attempts() {
        let wire: [(&str, &[u8]); 4] = [
            ("x-litellm-call-id", b"c1"),
            ("x-litellm-attempted-retries", b"2"),
            ("x-litellm-attempted-fallbacks", b"0"),
            ("x-litellm-key-spend", b"0.1"),
        ];
        let headers = Headers::admit(&AllowList::default(), wire.into_iter());
        let gateway = read(&headers, None).expect("a gateway");
        assert_eq!(gateway.name, "litellm");
        assert_eq!((gateway.retries, gateway.fallbacks), (Some(2), Some(0)));
        assert!(read(&Headers::default(), None).is_none());
    }
}
