//! Where exchanges end, by themselves or not.

use super::*;

#[test]
fn a_stream_that_is_not_read_to_its_end_is_cancelled() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    host.close(&on);
    let call = host.outputs().calls.pop().expect("a call");
    assert_eq!(call.outcome, Outcome::Cancelled);
    assert_eq!((call.response.chunks, call.usage.input), (1, None));
}

#[test]
fn the_end_mark_of_the_api_ends_a_stream_whatever_the_framing_says() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    host.send(
        &mut on,
        Inbound,
        delta("", "\"stop\"") + &chunk("data: [DONE]\n\n"),
    );
    let last_byte = host.now;
    host.close(&on);
    let call = host.outputs().calls.pop().expect("a call");
    assert_eq!(
        (call.outcome, call.timing.end),
        (Outcome::Success, last_byte)
    );
}

#[test]
fn a_request_that_waits_for_100_continue_is_one_exchange() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (head, body) = request.split_at(request.find("{").expect("a body"));
    for _ in 0..2 {
        host.send(&mut on, Outbound, head);
        host.send(&mut on, Inbound, "HTTP/1.1 100 Continue\r\n\r\n");
        host.send(&mut on, Outbound, body);
        host.send(&mut on, Inbound, json(ANSWER));
    }
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (2, 0));
}

#[test]
fn a_request_that_goes_on_below_its_answer_is_one_exchange() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    let request = chat();
    let (beginning, rest) = request.split_at(request.len() - 10);
    host.send(&mut on, Outbound, beginning);
    host.send(&mut on, Inbound, STREAM_HEAD);
    host.send(&mut on, Outbound, rest);
    host.send(
        &mut on,
        Inbound,
        delta("a", "\"stop\"") + &chunk("data: [DONE]\n\n") + "0\r\n\r\n",
    );
    host.close(&on);
    let seen = host.outputs();
    assert_eq!((seen.calls.len(), seen.lost), (1, 0));
}

/// A request that is not answered within an hour: how long it takes is not known.
#[test]
fn a_call_without_an_end_has_no_duration() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.pipeline
        .advance(host.now.after(Duration::from_mins(61)));
    let call = std::iter::from_fn(|| host.pipeline.poll())
        .find_map(|output| match output {
            Output::Call(call) => Some(release(*call)),
            _ => None,
        })
        .expect("a call");
    assert_eq!(call.facts().capture, CaptureState::Open);
    assert_eq!(semconv::measurements(&call), []);
}

#[test]
fn what_is_silent_for_too_long_is_reported_as_it_is() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(
        &mut on,
        Inbound,
        STREAM_HEAD.to_owned() + &delta("a", "null"),
    );
    let last = host.now;
    host.pipeline.advance(last.after(Duration::from_mins(59)));
    assert!(host.outputs().calls.is_empty());
    host.pipeline.advance(last.after(Duration::from_mins(61)));
    let call = host.outputs().calls.pop().expect("a call");
    assert_eq!((call.capture, call.timing.end), (CaptureState::Open, last));
    assert_eq!(host.pipeline.stats().calls_silent, 1);
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, json(ANSWER));
    assert_eq!(host.outputs().calls.len(), 1, "the connection goes on");
}

#[test]
fn the_connection_that_was_silent_longest_is_forgotten_first() {
    let max_connections = NonZeroUsize::new(2).expect("not zero");
    let mut host = Host::new(PipelineConfig {
        max_connections,
        ..PipelineConfig::default()
    });
    let [mut first, mut second, mut third] = [1, 2, 3].map(Host::connection);
    host.send(&mut first, Outbound, chat());
    host.send(&mut second, Outbound, chat());
    host.send(&mut first, Inbound, "HTTP/1.1 200 OK\r\n");
    host.send(&mut third, Outbound, chat());
    assert_eq!(
        host.outputs().calls.len(),
        1,
        "the second is reported as it is"
    );
    host.send(&mut first, Inbound, "Content-Length: 2\r\n\r\n{}");
    assert_eq!(host.outputs().calls.len(), 1);
    let stats = host.pipeline.stats();
    assert_eq!(
        (stats.evictions, stats.connections, stats.open_exchanges),
        (1, 2, 1)
    );
}

#[test]
fn a_call_under_way_when_the_agent_stops_is_reported_as_far_as_seen() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.send(&mut on, Outbound, chat());
    host.send(&mut on, Inbound, STREAM_HEAD);
    host.pipeline.give_up(on.id, Some(on.counts));
    let seen = host.outputs();
    assert_eq!(seen.calls.len(), 1);
    assert_eq!(seen.calls[0].capture, CaptureState::Open);
    assert_eq!(seen.lost, 0);
}
