//! Sessions with models over a WebSocket, from captured bytes to calls: some written for the
//! purpose, and recorded ones where `TRACER_CORPUS` names the directory of `websocket.jsonl.gz`.

mod attached;
mod corpus;
mod sessions;
mod wire;
