//! The events of a connection as text, for tests.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::http::exchange::{BodyEnd, ExchangeEvent, ExchangeEventKind as Kind};

/// The events of a connection as lines, one exchange after the other, checked for their order.
#[derive(Debug, Default)]
pub(crate) struct Log {
    exchanges: BTreeMap<u32, (Stage, String)>,
}

/// How far an exchange has come.
#[derive(Debug, Clone, Copy, Default)]
struct Stage {
    requested: bool,
    responded: bool,
    over: bool,
}

impl Log {
    pub(crate) fn add(&mut self, event: &ExchangeEvent<'_>) {
        let (stage, text) = self.exchanges.entry(event.exchange.0).or_default();
        let head = text.is_empty();
        assert_eq!(
            matches!(event.kind, Kind::RequestHead(_)),
            head,
            "an exchange begins with its request head"
        );
        assert!(!stage.over, "nothing follows the end of the response");
        match &event.kind {
            Kind::RequestHead(_) | Kind::ResponseGap(_) => {}
            Kind::RequestBody(_) | Kind::RequestGap(_) => assert!(!stage.requested),
            Kind::RequestEnd(_) => assert!(!std::mem::replace(&mut stage.requested, true)),
            Kind::ResponseHead(_) => assert!(!std::mem::replace(&mut stage.responded, true)),
            Kind::ResponseBody(_) | Kind::ResponseTrailers(_) => assert!(stage.responded),
            Kind::ResponseEnd(_) => {
                assert!(
                    stage.requested,
                    "the request ends before the exchange is over"
                );
                stage.over = true;
            }
        }
        let (mark, line) = describe(&event.kind);
        let joins = matches!(event.kind, Kind::RequestBody(_) | Kind::ResponseBody(_));
        let last = text.lines().last().unwrap_or_default();
        if !(joins && last.starts_with(mark)) {
            text.push('\n');
            text.push_str(mark);
        }
        text.push_str(&line);
    }

    /// All exchanges, separated by their numbers.
    pub(crate) fn text(&self) -> String {
        let mut all = String::new();
        for (number, (_, text)) in &self.exchanges {
            let _ = writeln!(all, "{number}:{text}");
        }
        all
    }

    pub(crate) fn all_over(&self) -> bool {
        self.exchanges.values().all(|(stage, _)| stage.over)
    }
}

fn describe(kind: &Kind<'_>) -> (&'static str, String) {
    match kind {
        Kind::RequestHead(head) => {
            let host = head.host.as_ref().map_or("", |host| host.name.as_str());
            let unknown = describe_unknown(head.unknown_fields);
            (
                "> ",
                format!("{} {host}{}{unknown}", head.method, head.target.path),
            )
        }
        Kind::RequestBody(bytes) => (">body ", bytes.escape_ascii().to_string()),
        Kind::RequestGap(missing) => (">gap ", missing.to_string()),
        Kind::RequestEnd(end) => (">end ", describe_end(*end)),
        Kind::ResponseHead(head) => {
            let unknown = describe_unknown(head.unknown_fields);
            let status = head
                .status
                .map_or("?".to_owned(), |status| status.to_string());
            ("< ", status + &unknown)
        }
        Kind::ResponseBody(bytes) => ("<body ", bytes.escape_ascii().to_string()),
        Kind::ResponseGap(missing) => ("<gap ", missing.to_string()),
        Kind::ResponseTrailers(headers) => {
            let fields: Vec<String> = headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
            ("<trailers ", fields.join(", "))
        }
        Kind::ResponseEnd(end) => ("<end ", describe_end(*end)),
    }
}

fn describe_unknown(fields: u32) -> String {
    match fields {
        0 => String::new(),
        fields => format!(" ?{fields}"),
    }
}

fn describe_end(end: BodyEnd) -> String {
    match end {
        BodyEnd::Gap { missing } => format!("gap {missing}"),
        end => format!("{end:?}").to_lowercase(),
    }
}
