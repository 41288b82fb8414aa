//! What calls say, where it is kept: every shape, whole and as a stream, however it is cut.

#[path = "../wire/mod.rs"]
mod wire;

mod bounds;
mod cases;
mod cases_more;
mod events;
mod private;
mod render;
mod schema;
mod told;

use proptest::prelude::*;
use tracer_core::{
    llm::{
        call::{Call, Captured},
        content::{Content, ContentCapture},
    },
    pipeline::{Pipeline, PipelineConfig},
    segment::Direction,
};
use wire::{Player, Wire, chunked, json, post};

/// One API: what is asked, and the same answer in one piece and as a stream.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) request: String,
    pub(crate) asked: &'static [&'static str],
    pub(crate) whole: Option<String>,
    pub(crate) stream: Option<(&'static str, Vec<Vec<u8>>)>,
    /// The path of a request for a stream, where it is another one.
    pub(crate) stream_path: Option<&'static str>,
    pub(crate) answered: &'static [&'static str],
}

/// A pipeline that keeps content.
pub fn keeping(per_call: usize) -> Player {
    let mut player = Player::new();
    player.pipeline = Pipeline::new(PipelineConfig {
        ids: tracer_core::correlate::IdKey::Fixed(1),
        content: ContentCapture::Keep { per_call },
        ..PipelineConfig::default()
    });
    player
}

/// The call of one exchange, cut at these places.
pub fn call(player: &mut Player, out: &[u8], inbound: &[u8], cuts: &[usize]) -> Call<Captured> {
    let mut wire = Wire::new(1);
    for (direction, bytes) in [(Direction::Outbound, out), (Direction::Inbound, inbound)] {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        for pair in places.windows(2).filter(|pair| pair[0] < pair[1]) {
            player.send(&mut wire, direction, &bytes[pair[0]..pair[1]]);
        }
    }
    player.close(wire);
    let mut calls = player.calls();
    assert_eq!(calls.len(), 1, "one call");
    calls.remove(0)
}

fn content(out: &[u8], inbound: &[u8], cuts: &[usize]) -> Content {
    let call = call(&mut keeping(64 << 10), out, inbound, cuts);
    call.content().expect("content is kept").clone()
}

impl Case {
    /// What each side sends, by the form of the answer.
    fn exchanges(&self) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
        let request = |path| post(path, "application/json", self.request.as_bytes());
        let mut exchanges = Vec::new();
        if let Some(whole) = &self.whole {
            exchanges.push(("whole", request(self.path), json(whole)));
        }
        if let Some((kind, events)) = &self.stream {
            let path = self.stream_path.unwrap_or(self.path);
            exchanges.push(("stream", request(path), chunked(kind, events)));
        }
        exchanges
    }
}

fn all() -> Vec<Case> {
    let mut all = cases::all();
    all.extend(cases_more::all());
    all
}

#[test]
fn content_is_what_was_said() {
    let mut failures = Vec::new();
    for case in all() {
        for (form, out, inbound) in case.exchanges() {
            let content = content(&out, &inbound, &[]);
            for (side, seen, expected) in [
                ("asked", render::asked(&content), case.asked),
                ("answered", render::answered(&content), case.answered),
            ] {
                if seen != expected {
                    failures.push(format!("{} {form} {side}:\n  {seen:#?}", case.name));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn single_cuts_give_the_same() {
    for case in all() {
        for (form, out, inbound) in case.exchanges() {
            let whole = content(&out, &inbound, &[]);
            for cut in (0..out.len().max(inbound.len())).step_by(7) {
                let name = case.name;
                assert_eq!(
                    content(&out, &inbound, &[cut]),
                    whole,
                    "{name} {form} at {cut}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_give_the_same(cuts in prop::collection::vec(any::<usize>(), 1..40)) {
        for case in all() {
            for (form, out, inbound) in case.exchanges() {
                let cut = content(&out, &inbound, &cuts);
                prop_assert_eq!(cut, content(&out, &inbound, &[]), "{} {}", case.name, form);
            }
        }
    }
}

/// Metadata is the same whether content is kept or not.
#[test]
fn content_changes_nothing_else() {
    for case in all() {
        for (form, out, inbound) in case.exchanges() {
            let with = call(&mut keeping(64 << 10), &out, &inbound, &[7, 300]);
            let without = call(&mut Player::new(), &out, &inbound, &[7, 300]);
            assert_eq!(with.facts(), without.facts(), "{} {form}", case.name);
            assert_eq!(without.content(), None);
        }
    }
}
