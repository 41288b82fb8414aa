//! What a connection holds is bounded.

use super::*;

#[test]
fn too_many_streams_cost_the_oldest() {
    let limits = Limits {
        streams: 2,
        ..Limits::default()
    };
    let list = Arc::new(AllowList::default());
    let connection = H2Connection::new(Role::Client, Start::Preface, limits, list);
    let mut on = Pair::default();
    let operations = [
        out(PREFACE),
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        out(on.get(5, "/")),
        inn(on.answer(1, b"{}")),
        inn(on.answer(5, b"{}")),
    ];
    let (text, _) = run(connection, &operations, 1000);
    let get = "> GET api.example/\n>end complete\n";
    assert_eq!(
        text,
        format!("0:\n{get}<end truncated\n1:\n{get}2:\n{get}{ANSWERED}\n")
    );
}

#[test]
fn a_flood_of_headers_is_bounded_and_the_next_exchange_right() {
    let mut on = Pair::default();
    let huge = "x".repeat(1 << 20);
    let mut flood = vec![(":method", "GET"), (":path", "/"), ("user-agent", &huge)];
    flood.extend([("accept", "a"); 1000]);
    let block = on.client.block(&flood);
    let mut frames = frame(HEADERS, END_STREAM, 1, b"");
    for piece in block.chunks(16_384) {
        frames.extend(frame(CONTINUATION, 0, 1, piece));
    }
    for _ in 0..10_000 {
        frames.extend(frame(CONTINUATION, 0, 1, b""));
    }
    frames.extend(frame(CONTINUATION, END_HEADERS, 1, b""));
    let operations = [
        out(PREFACE),
        out(frames),
        out(on.get(3, "/new")),
        inn(on.answer(3, b"{}")),
    ];
    for cut in [100, 16_384] {
        let (text, _) = run(connection(Role::Client, Start::Preface), &operations, cut);
        let expected = format!(
            "0:\n> GET / ?874\n>end complete\n1:\n> GET api.example/new\n>end complete\n{ANSWERED}\n"
        );
        assert_eq!(text, expected, "{cut}");
    }
}

#[test]
fn streams_that_ended_unseen_are_given_up() {
    let mut on = Pair::default();
    let mut connection = connection(Role::Client, Start::Preface);
    let mut log = Log::default();
    let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
    let hour = 3_600_000_000_000;
    connection.piece(arrival(Outbound, 0), PREFACE, &mut sink);
    connection.piece(arrival(Outbound, 0), &on.get(1, "/"), &mut sink);
    connection.piece(arrival(Outbound, hour), &on.get(3, "/"), &mut sink);
    assert_eq!(connection.open_exchanges(), 1);
    assert!(log.text().contains("<end gap 0"));
}

#[test]
fn an_idle_connection_is_small() {
    let mut on = Pair::default();
    let mut connection = connection(Role::Client, Start::Preface);
    let mut sink = |_: ExchangeEvent<'_>| {};
    connection.piece(arrival(Outbound, 0), PREFACE, &mut sink);
    for number in 0..100 {
        let stream = 2 * number + 1;
        connection.piece(
            arrival(Outbound, 0),
            &on.post(stream, b"body", 9),
            &mut sink,
        );
        connection.piece(arrival(Inbound, 0), &on.answer(stream, b"{}"), &mut sink);
    }
    assert_eq!(connection.open_exchanges(), 0);
    assert!(
        size_of::<H2Connection>() < 1024,
        "{}",
        size_of::<H2Connection>()
    );
}
