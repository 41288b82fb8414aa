use super::super::testing::{Answered, Asked, span, text};

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"search",
    "arguments":{"q":"canary"},"_meta":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}}"#;
const POST: &str = "POST /mcp HTTP/1.1\nHost: tools.example\nMcp-Session-Id: s-1\nMCP-Protocol-Version: 2025-06-18\nAccept: application/json, text/event-stream";
const JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json";

#[test]
fn a_tool_call_answered_by_a_stream() {
    let body = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n\
        event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[],\"isError\":true}}\n\n";
    let answer = Answered("HTTP/1.1 200 OK\nContent-Type: text/event-stream", body);
    let span = span(&Asked(POST, CALL), &answer).expect("a call");
    assert_eq!(span.name, "tools/call search");
    assert_eq!(span.error.as_deref(), Some("tool_error"));
    assert_eq!(
        span.parent.as_ref().map(|parent| parent.parent_id[0]),
        Some(0xb7),
        "the context of the message"
    );
    for (name, value) in [
        ("gen_ai.operation.name", Some("execute_tool")),
        ("gen_ai.provider.name", None),
        ("gen_ai.tool.name", Some("search")),
        ("mcp.method.name", Some("tools/call")),
        ("mcp.session.id", Some("s-1")),
        ("mcp.protocol.version", Some("2025-06-18")),
        ("jsonrpc.request.id", Some("7")),
        ("server.address", Some("tools.example")),
    ] {
        assert_eq!(text(&span, name).as_deref(), value, "{name}");
    }
    assert!(!format!("{span:?}").contains("canary"));
}

#[test]
fn errors_and_agreements_of_documents() {
    let failed =
        r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"unknown tool canary"}}"#;
    let failed = span(&Asked(POST, CALL), &Answered(JSON, failed)).expect("a call");
    assert_eq!(failed.error.as_deref(), Some("-32602"));
    assert_eq!(
        text(&failed, "rpc.response.status_code").as_deref(),
        Some("-32602")
    );

    let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#;
    let post =
        "POST /any HTTP/1.1\nHost: tools.example\nAccept: application/json, text/event-stream";
    let agreed = r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-03-26","serverInfo":{"name":"n"}}}"#;
    let head = "HTTP/1.1 200 OK\nContent-Type: application/json\nMcp-Session-Id: s-2";
    let hello = span(&Asked(post, hello), &Answered(head, agreed)).expect("a call");
    assert_eq!(hello.name, "initialize");
    assert_eq!(text(&hello, "gen_ai.operation.name"), None);
    assert_eq!(
        text(&hello, "mcp.protocol.version").as_deref(),
        Some("2025-03-26")
    );
    assert_eq!(text(&hello, "mcp.session.id").as_deref(), Some("s-2"));
}

#[test]
fn an_answer_elsewhere_is_said() {
    let post = "POST /messages/?session_id=0 HTTP/1.1\nHost: tools.example";
    let accepted = Answered("HTTP/1.1 202 Accepted", "Accepted");
    let call = span(&Asked(post, CALL), &accepted).expect("a call");
    assert_eq!(
        text(&call, "llm_tracer.mcp.answer_elsewhere").as_deref(),
        Some("true")
    );
    assert_eq!(call.error, None);
}

#[test]
fn answers_of_the_client_and_other_json_are_no_calls() {
    let accepted = Answered("HTTP/1.1 202 Accepted", "");
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#,
        r#"{"method":"tools/call"}"#,
        "[]",
        "7",
    ] {
        assert!(span(&Asked(POST, body), &accepted).is_none(), "{body}");
    }
    let batch =
        r#"[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
    let ping = span(&Asked(POST, batch), &accepted).expect("a call");
    assert_eq!(ping.name, "ping");
}
