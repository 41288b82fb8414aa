use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracer_core::semconv::Value;

use super::*;
use crate::{
    export::samples,
    runtime::health::{self, Health},
};

/// An inbox that knows one call, and the ids by which.
fn inbox() -> (Inbox, String, String) {
    let inbox = Inbox::new(Telemetry::new());
    let mut outputs = Outputs::default();
    inbox.open(&mut outputs);
    let item = samples::item(samples::chat());
    inbox
        .recent
        .note(&item.process, &item.span, item.ids, false);
    let Some(Value::Str(id)) = item.span.attribute("gen_ai.response.id") else {
        panic!("no id")
    };
    let by_answer = format!(r#""response_id":"{id}""#);
    let (trace, span) = (item.ids.trace_id, item.ids.span_id);
    let by_span = format!(r#""trace_id":"{trace}","span_id":"{span}""#);
    (inbox, by_answer, by_span)
}

fn taken(inbox: &Inbox, body: &str) -> Result<usize, (u16, String)> {
    let taken = inbox.take(body.as_bytes(), Timestamp::default());
    let taken = taken.map(|taken| taken.accepted);
    taken.map_err(|refused| (refused.status().as_u16(), refused.to_string()))
}

#[test]
fn evaluations_come_alone_or_together() {
    let (inbox, by_answer, by_span) = inbox();
    let one = format!(r#"{{{by_answer},"name":"Relevance","score":0.9}}"#);
    let other = format!(r#"{{{by_span},"name":"Tone","label":"kind","explanation":"why"}}"#);
    assert_eq!(taken(&inbox, &one), Ok(1));
    assert_eq!(taken(&inbox, &format!("[{one}, {other}]")), Ok(2));
    assert_eq!(inbox.telemetry.evaluations.received.get(), 3);
    inbox.close();
    assert_eq!(taken(&inbox, &one).unwrap_err().0, 503);
}

#[test]
fn what_is_refused_is_refused_as_a_whole_and_says_why() {
    let (inbox, by_answer, _) = inbox();
    let good = format!(r#"{{{by_answer},"name":"Relevance","score":0.9}}"#);
    for (bad, status, why) in [
        (
            r#"{"name":"n","score":1,"response_id":"none"}"#.to_owned(),
            404,
            "left lately",
        ),
        (r#"{"name":"n","score":1}"#.to_owned(), 400, "response_id"),
        (
            r#"{"name":"n","score":1,"trace_id":"12","span_id":"34"}"#.to_owned(),
            400,
            "32",
        ),
        (format!(r#"{{{by_answer},"name":"n"}}"#), 400, "score"),
        (
            format!(r#"{{{by_answer},"name":"","score":1}}"#),
            400,
            "256 bytes",
        ),
        (
            format!(r#"{{{by_answer},"name":"a\u0000b","score":1}}"#),
            400,
            "256 bytes",
        ),
        (
            format!(r#"{{{by_answer},"name":"n","score":"1"}}"#),
            400,
            "no evaluation",
        ),
        (
            format!(r#"{{{by_answer},"name":"n","score":1,"prompt":"p"}}"#),
            400,
            "unknown field",
        ),
        (
            format!(
                r#"{{{by_answer},"name":"n","score":1,"explanation":"{}"}}"#,
                "x".repeat(5000)
            ),
            400,
            "4096",
        ),
    ] {
        for body in [bad.clone(), format!("[{good},{bad}]")] {
            let (code, message) = taken(&inbox, &body).unwrap_err();
            assert_eq!(code, status, "{body}: {message}");
            assert!(message.contains(why), "{message}");
        }
    }
    assert_eq!(taken(&inbox, "[]").unwrap_err().0, 400);
    let many = vec![good; ITEMS + 1].join(",");
    assert_eq!(taken(&inbox, &format!("[{many}]")).unwrap_err().0, 400);
    assert_eq!(inbox.telemetry.evaluations.received.get(), 0);
}

#[test]
fn explanations_leave_where_content_may() {
    let (inbox, _, by_span) = inbox();
    let body = format!(r#"{{{by_span},"name":"Tone","label":"kind","explanation":"why"}}"#);
    let explained = |inbox: &Inbox| {
        let taken = inbox.take(body.as_bytes(), Timestamp::default());
        taken.expect("an evaluation").answer()
    };
    assert_eq!(
        explained(&inbox),
        json!({"accepted": 1, "without_explanation": 1})
    );
    let item = samples::item(samples::chat());
    inbox.recent.note(&item.process, &item.span, item.ids, true);
    assert_eq!(explained(&inbox), json!({"accepted": 1}));
}

async fn post(address: SocketAddr, kind: &str, body: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn evaluations_are_posted_over_http() {
    let (inbox, by_answer, _) = inbox();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let (telemetry, health) = (inbox.telemetry.clone(), Health::new());
    let server = health::serve(any_port, telemetry, health, Some(inbox.clone())).await;
    let address = server.as_ref().unwrap().address();
    let body = format!(r#"{{{by_answer},"name":"Relevance","score":1}}"#);
    let json = "application/json; charset=utf-8";
    let answer = post(address, json, &body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("{\"accepted\":1}\n"), "{answer}");
    for (kind, body, status) in [
        ("text/plain", body.clone(), "415"),
        (json, " ".repeat(BODY_BYTES + 1), "413"),
        (json, "{".to_owned(), "400"),
    ] {
        let answer = post(address, kind, &body).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    // Where nobody may post, there is no such place.
    let off = health::serve(any_port, Telemetry::new(), Health::new(), None).await;
    let answer = post(off.as_ref().unwrap().address(), json, &body).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}
