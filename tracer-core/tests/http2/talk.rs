//! Lets a client and a server of the `h2` crate talk, and listens to both directions.

use std::{cell::RefCell, rc::Rc};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, client, server};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    task::{LocalSet, spawn_local},
};
use tracer_core::segment::Direction;

use crate::{
    plan::{Fate, Plan},
    random::Random,
};

/// Bytes as they were moved, seen from the client.
pub type Said = Vec<(Direction, Vec<u8>)>;

/// Streams that may be open or reset at once: no bound here.
const MANY: u32 = 1000;

/// Has all exchanges on one connection.
pub fn talk(plans: &[Plan], random: &mut Random) -> Said {
    let settings = Settings::some(random);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let said = Rc::new(RefCell::new(Said::new()));
    LocalSet::new().block_on(&runtime, run(plans, settings, Rc::clone(&said)));
    said.take()
}

/// The same in pieces of at most `size` bytes.
pub fn cut(said: &Said, size: usize) -> Said {
    let pieces = |(direction, bytes): &(Direction, Vec<u8>)| {
        let direction = *direction;
        let pieces: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
        pieces.into_iter().map(move |piece| (direction, piece))
    };
    said.iter().flat_map(pieces).collect()
}

/// What the sides tell each other at first, and how bytes move.
#[derive(Debug, Clone, Copy)]
struct Settings {
    client_table: u32,
    server_table: u32,
    frame: u32,
    window: u32,
    /// Exchanges that are open at once.
    at_once: usize,
    /// Bytes that move at once.
    read: usize,
    /// Bytes of a body that are sent at once.
    piece: usize,
}

impl Settings {
    fn some(random: &mut Random) -> Self {
        Self {
            client_table: random.pick(&[0, 100, 4096, 65_536]),
            server_table: random.pick(&[0, 100, 4096, 65_536]),
            frame: random.pick(&[16_384, 50_000]),
            window: random.pick(&[1000, 65_535, 1 << 20]),
            at_once: random.pick(&[1, 5, MANY as usize]),
            read: random.pick(&[13, 700, 16_384, 40_000]),
            piece: random.pick(&[5, 1000, 100_000]),
        }
    }
}

async fn run(plans: &[Plan], settings: Settings, said: Rc<RefCell<Said>>) {
    let (client, client_wire) = duplex(1 << 16);
    let (server, server_wire) = duplex(1 << 16);
    let (from_client, to_client) = split(client_wire);
    let (from_server, to_server) = split(server_wire);
    spawn_local(relay(
        from_client,
        to_server,
        Direction::Outbound,
        settings.read,
        Rc::clone(&said),
    ));
    spawn_local(relay(
        from_server,
        to_client,
        Direction::Inbound,
        settings.read,
        said,
    ));
    let plans: Rc<[Rc<Exchange>]> = plans
        .iter()
        .map(|plan| Rc::new(Exchange::of(plan)))
        .collect();
    let serving = spawn_local(serve(server, Rc::clone(&plans), settings));
    let (send, connection) = client::Builder::new()
        .header_table_size(settings.client_table)
        .max_frame_size(settings.frame)
        .initial_window_size(settings.window)
        .initial_max_send_streams(MANY as usize)
        .max_concurrent_reset_streams(MANY as usize)
        .data_frame_budget(usize::MAX)
        .handshake::<_, Bytes>(client)
        .await
        .expect("a client");
    let connection = spawn_local(connection);
    for plans in plans.chunks(settings.at_once) {
        let ask = |plan| spawn_local(ask(send.clone(), Rc::clone(plan), settings.piece));
        let exchanges: Vec<_> = plans.iter().map(ask).collect();
        for exchange in exchanges {
            exchange.await.expect("an exchange");
        }
    }
    drop(send);
    connection.await.expect("a client").expect("no error");
    serving.await.expect("a server");
}

/// Moves bytes, and writes down which.
async fn relay(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    direction: Direction,
    size: usize,
    said: Rc<RefCell<Said>>,
) {
    let mut buffer = vec![0; size];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        said.borrow_mut()
            .push((direction, buffer[..length].to_vec()));
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

/// A plan in the terms of the ends.
struct Exchange {
    method: &'static str,
    uri: String,
    headers: HeaderMap,
    body: Bytes,
    interim: bool,
    status: u16,
    answer_headers: HeaderMap,
    answer: Bytes,
    fate: Fate,
    number: usize,
}

impl Exchange {
    fn of(plan: &Plan) -> Self {
        Self {
            method: plan.method,
            uri: format!("https://{}{}", plan.host, plan.path()),
            headers: map(&plan.headers),
            body: plan.body.clone().into(),
            interim: plan.answer.interim,
            status: plan.answer.status,
            answer_headers: map(&plan.answer.headers),
            answer: plan.answer.body.clone().into(),
            fate: plan.fate,
            number: plan.number,
        }
    }
}

fn map(fields: &[(&'static str, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let mut value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        value.set_sensitive(*name == "authorization");
        map.append(HeaderName::from_static(name), value);
    }
    map
}

async fn ask(send: client::SendRequest<Bytes>, exchange: Rc<Exchange>, piece: usize) {
    let mut send = send.ready().await.expect("a connection");
    let mut request = Request::builder()
        .method(exchange.method)
        .uri(&exchange.uri)
        .body(())
        .expect("a request");
    *request.headers_mut() = exchange.headers.clone();
    let (response, mut stream) = send.send_request(request, false).expect("a stream");
    push(&mut stream, &exchange.body, piece, true).await;
    let Ok(response) = response.await else { return };
    let mut body = response.into_body();
    if exchange.fate == Fate::ResetByClient {
        stream.send_reset(Reason::CANCEL);
    }
    drain(&mut body).await;
    let _ = body.trailers().await;
}

async fn serve(io: DuplexStream, exchanges: Rc<[Rc<Exchange>]>, settings: Settings) {
    let mut connection = server::Builder::new()
        .header_table_size(settings.server_table)
        .max_frame_size(settings.frame)
        .initial_window_size(settings.window)
        .max_header_list_size(1 << 20)
        .max_concurrent_streams(MANY)
        .max_concurrent_reset_streams(MANY as usize)
        .max_pending_accept_reset_streams(MANY as usize)
        .data_frame_budget(usize::MAX)
        .handshake::<_, Bytes>(io)
        .await
        .expect("a server");
    while let Some(Ok((request, respond))) = connection.accept().await {
        let number = request.uri().path().rsplit('/').next().expect("a number");
        let number: usize = number.parse().expect("a number");
        let exchange = exchanges
            .iter()
            .find(|exchange| exchange.number == number)
            .expect("a plan");
        spawn_local(answer(
            request.into_body(),
            respond,
            Rc::clone(exchange),
            settings.piece,
        ));
    }
}

async fn answer(
    mut body: RecvStream,
    mut respond: server::SendResponse<Bytes>,
    exchange: Rc<Exchange>,
    piece: usize,
) {
    drain(&mut body).await;
    if exchange.interim {
        let interim = Response::builder().status(103).body(());
        respond
            .send_informational(interim.expect("a response"))
            .expect("an interim response");
    }
    let mut response = Response::builder()
        .status(exchange.status)
        .body(())
        .expect("a response");
    *response.headers_mut() = exchange.answer_headers.clone();
    let Ok(mut stream) = respond.send_response(response, false) else {
        return;
    };
    let ends = matches!(exchange.fate, Fate::Plain | Fate::ResetByClient);
    push(&mut stream, &exchange.answer, piece, ends).await;
    match exchange.fate {
        Fate::Trailers => {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            trailers.insert("grpc-message", HeaderValue::from_static("secret"));
            let _ = stream.send_trailers(trailers);
        }
        Fate::ResetByServer => stream.send_reset(Reason::INTERNAL_ERROR),
        Fate::Plain | Fate::ResetByClient => {}
    }
}

/// Sends a body as the window allows.
async fn push(stream: &mut SendStream<Bytes>, body: &Bytes, piece: usize, ends: bool) {
    let mut rest = body.clone();
    while !rest.is_empty() {
        stream.reserve_capacity(rest.len().min(piece));
        let room = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
        let Some(Ok(room)) = room else { return };
        let data = rest.split_to(room.min(rest.len()));
        let last = ends && rest.is_empty();
        if stream.send_data(data, last).is_err() {
            return;
        }
    }
}

async fn drain(body: &mut RecvStream) {
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
    }
}
