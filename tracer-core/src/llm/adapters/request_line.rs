//! The head of a request, taken apart for the adapters.

use crate::{
    http::{
        head::{Host, RequestHead},
        percent::percent_decoded,
    },
    llm::call::Provider,
};

/// Method, path, host and headers of a request.
#[derive(Debug)]
pub(in crate::llm) struct RequestLine<'a> {
    head: &'a RequestHead,
    provider: Option<&'a Provider>,
    segments: Vec<&'a str>,
}

impl<'a> RequestLine<'a> {
    /// `provider`: whom the host is known to belong to, or who turned out to serve the call.
    pub(in crate::llm) fn new(head: &'a RequestHead, provider: Option<&'a Provider>) -> Self {
        let segments = head.target.path.split('/');
        Self {
            head,
            provider,
            segments: segments.filter(|segment| !segment.is_empty()).collect(),
        }
    }

    /// The method, in upper case.
    pub(in crate::llm) fn method(&self) -> &'a str {
        &self.head.method
    }

    /// The segments of the path as sent (percent-encoded); empty ones (`//`) do not count.
    pub(in crate::llm) fn path(&self) -> &[&'a str] {
        &self.segments
    }

    /// The path of a POST; `None` for any other method.
    pub(in crate::llm) fn post(&self) -> Option<&[&'a str]> {
        (self.method() == "POST").then_some(self.path())
    }

    /// Whom the host is known to belong to, by its `gen_ai.provider.name`; operators can say so.
    /// When the body is read, who serves the call.
    pub(in crate::llm) fn provider(&self) -> Option<&'a str> {
        self.provider.map(|provider| &*provider.0)
    }

    /// The host that the request was meant for.
    pub(in crate::llm) fn host(&self) -> Option<&'a Host> {
        self.head.host.as_ref()
    }

    /// The value of a header, by its lower-case name, if the allow list lets it through.
    pub(in crate::llm) fn header(&self, name: &str) -> Option<&'a str> {
        self.head.headers.get(name)
    }

    /// The value of a query parameter, if the allow list lets it through.
    pub(in crate::llm) fn query(&self, key: &str) -> Option<&'a str> {
        self.head.target.query(key)
    }

    /// The segment that follows the first one that is `name` behind `before`, if any is asked for;
    /// never the path's last. Decoded.
    pub(in crate::llm) fn segment_after(&self, before: Option<&str>, name: &str) -> Option<String> {
        let at = self.segments.iter().enumerate().position(|(at, &here)| {
            let ahead = at.checked_sub(1).and_then(|at| self.segments.get(at));
            here == name && before.is_none_or(|before| ahead == Some(&before))
        })?;
        match self.segments.get(at + 1..)? {
            [segment, _, ..] => Some(percent_decoded(segment)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{
        allow_list::AllowList,
        head::{Headers, HttpVersion, Target},
    };

    #[test]
    fn a_head_taken_apart() {
        let target = Target {
            path: "//v1/models/a%2Fb%zz:go".to_owned(),
            query: vec![("alt".to_owned(), "sse".to_owned())],
        };
        let host = Some(Host {
            name: "h".to_owned(),
            port: Some(1),
        });
        let wire: [(&str, &[u8]); 1] = [("Content-Type", b"application/json")];
        let head = RequestHead {
            method: "GET".to_owned(),
            target,
            host,
            headers: Headers::admit(&AllowList::default(), wire.into_iter()),
            target_digest: 0,
            unknown_fields: 0,
            version: HttpVersion::H11,
            wire_bytes: 0,
        };
        let provider = Provider("vllm".into());
        let request = RequestLine::new(&head, Some(&provider));
        assert_eq!(request.path(), ["v1", "models", "a%2Fb%zz:go"]);
        assert_eq!((request.method(), request.post()), ("GET", None));
        assert_eq!(request.provider(), Some("vllm"));
        assert_eq!(request.host().map(|host| host.port), Some(Some(1)));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(
            (request.query("alt"), request.query("key")),
            (Some("sse"), None)
        );
        assert_eq!(request.segment_after(None, "v1").as_deref(), Some("models"));
        assert_eq!(
            request.segment_after(Some("v1"), "models"),
            None,
            "the last"
        );
    }
}
