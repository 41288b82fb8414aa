//! OpenAI-style realtime sessions over a WebSocket: each `response.create` is answered by the events
//! of one response, the last of them with its usage.

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, handshake::derive_accept_key, protocol::Role, protocol::WebSocketConfig,
    },
};

use super::{asked::number_in_prompt, other::plain, script::Script};

/// Where sessions are opened.
const PATH: &str = "/v1/realtime";

/// Pieces of output in a response.
const DELTAS: usize = 5;

/// Whether a request opens a session.
pub fn is_handshake(request: &Request<Incoming>) -> bool {
    request.uri().path() == PATH && request.headers().contains_key(header::UPGRADE)
}

/// Accepts a handshake; the session then runs by itself. The ids of its responses begin with
/// `resp_` and `unique`.
pub fn open(mut request: Request<Incoming>, unique: String) -> Response<Script> {
    let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) else {
        return plain(StatusCode::BAD_REQUEST, "the handshake has no key");
    };
    let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) else {
        return plain(StatusCode::BAD_REQUEST, "the key of the handshake is none");
    };
    tokio::spawn(session(upgrade::on(&mut request), unique));
    let mut response = Response::new(Script::pieces(Vec::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// Errors end the session and are the client's to see.
async fn session(upgrade: OnUpgrade, unique: String) {
    let Ok(upgraded) = upgrade.await else {
        return;
    };
    let io = TokioIo::new(upgraded);
    let config = Some(WebSocketConfig::default());
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, config).await;
    let mut responses = 0;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let event: Value = serde_json::from_str(&text).unwrap_or_default();
        if event["type"] == "response.create" {
            responses += 1;
            let id = format!("resp_{unique}x{responses}");
            let n = number_in_prompt(text.as_bytes()).unwrap_or_default();
            if respond(&mut socket, &id, n).await.is_err() {
                return;
            }
        }
    }
}

/// Sends the events of one response; its counts follow `n` as those of other answers do.
async fn respond<S>(socket: &mut WebSocketStream<S>, id: &str, n: u64) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let begun =
        json!({"type": "response.created", "response": {"id": id, "status": "in_progress"}});
    socket.send(Message::text(begun.to_string())).await?;
    for delta in 0..DELTAS {
        let delta = json!({"type": "response.output_text.delta", "response_id": id, "delta": format!(" word{delta}")});
        socket.send(Message::text(delta.to_string())).await?;
    }
    let (input, output) = (n, n % 977 + 1);
    let done = json!({
        "type": "response.done",
        "response": {
            "id": id,
            "status": "completed",
            "usage": {
                "input_tokens": input,
                "output_tokens": output,
                "total_tokens": input + output,
                "input_token_details": {"cached_tokens": input / 4},
            },
        },
    });
    socket.send(Message::text(done.to_string())).await
}
