//! Bytes that were not captured: what they cost, and what they must not.

use super::*;

#[test]
fn a_gap_in_a_stream_costs_what_was_in_it() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    host.lose(&mut on, Inbound, delta("b", "null"));
    host.send(
        &mut on,
        Inbound,
        delta("c", "\"length\"") + &chunk("data: [DONE]\n\n") + "0\r\n\r\n",
    );
    host.close(&on);
    let seen = host.outputs();
    let [call] = seen.calls.as_slice() else {
        panic!("{} calls", seen.calls.len())
    };
    assert_eq!(call.capture, CaptureState::Gap);
    assert_eq!((call.usage.input, seen.lost), (None, 0));
}

#[test]
fn exchanges_that_were_lost_whole_are_counted() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    for number in 0..6 {
        if matches!(number, 2 | 3 | 5) {
            host.lose(&mut on, Outbound, chat());
            host.lose(&mut on, Inbound, json(ANSWER));
        } else {
            host.send(&mut on, Outbound, chat());
            host.send(&mut on, Inbound, json(ANSWER));
        }
    }
    assert_eq!(host.outputs().lost, 2, "known with the next exchange");
    host.close(&on);
    assert_eq!(host.outputs().lost, 1, "known at the end");
}

#[test]
fn lost_requests_count_and_lost_answers_do_not() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.lose(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.lose(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (3, 1));
}

#[test]
fn a_gap_of_unknown_length_ends_at_the_next_request() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let upload = "POST /upload HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000000\r\n\r\n";
    host.send(&mut on, Outbound, upload);
    host.send(&mut on, Outbound, vec![b'x'; 64 << 10]);
    // The kernel half skips calls once the head is spent: all it tells is that there were some.
    host.lose(&mut on, Outbound, [0; 9]);
    host.send(&mut on, Inbound, json("{}"));
    host.send(
        &mut on,
        Outbound,
        post(
            "gateway",
            "/v1/chat/completions",
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
        ),
    );
    host.send(&mut on, Inbound, json(ANSWER));
    let seen = host.outputs();
    assert_eq!(seen.verdicts, [Verdict::HeadOnly, Verdict::Full]);
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(seen.calls[0].usage.input, Some(3));
}

#[test]
fn a_download_of_unknown_length_does_not_spoil_the_next_answer() {
    for skipped in [1, 9, 200_000] {
        let mut host = Host::new(PipelineConfig::default());
        let mut on = Host::connection(1);
        host.send(
            &mut on,
            Outbound,
            "GET /files/1 HTTP/1.1\r\nHost: gateway\r\n\r\n",
        );
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n";
        host.send(&mut on, Inbound, head);
        host.send(&mut on, Inbound, vec![b'x'; 4 << 10]);
        // Calls that the kernel half skipped: each counts as one byte, whatever it moved.
        host.lose(&mut on, Inbound, vec![0; skipped]);
        let request = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
        host.send(
            &mut on,
            Outbound,
            post("gateway", "/v1/chat/completions", request),
        );
        host.send(&mut on, Inbound, json(ANSWER));
        let seen = host.outputs();
        assert_eq!(seen.calls.len(), 1, "{skipped}");
        assert_eq!(seen.calls[0].usage.input, Some(3), "{skipped}");
        assert_eq!(seen.calls[0].capture, CaptureState::Complete, "{skipped}");
    }
}

#[test]
fn a_loss_behind_the_head_of_a_request_does_not_hide_the_next_exchange() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (head, body) = request.split_at(request.find("\r\n\r\n").unwrap() + 4);
    host.send(&mut on, Outbound, head);
    host.lose(&mut on, Outbound, body);
    host.lose(&mut on, Inbound, json(ANSWER));
    host.lose(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (2, 1));
}

#[test]
fn a_loss_within_the_first_line_does_not_join_its_ends() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (method, rest) = request.split_at("POST ".len());
    let (lost, rest) = rest.split_at("/v1".len());
    host.send(&mut on, Outbound, method);
    host.lose(&mut on, Outbound, lost);
    host.send(&mut on, Outbound, rest);
    host.send(&mut on, Inbound, json(ANSWER));
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (1, 1));
    assert_eq!(seen.calls[0].path, "/v1/chat/completions");
}
