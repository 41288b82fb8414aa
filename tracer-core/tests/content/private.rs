//! Content stays behind where a call is released: no output has a place for it.

use tracer_core::{policy::release, semconv};

use crate::{all, call, keeping};

/// What the cases say, in instructions, prompts, answers, arguments and results.
const SAID: [&str; 7] = ["brief", "dog", "Hm.", "moment", "seen", "I look", "\"at\""];

#[test]
fn nothing_that_was_said_is_released() {
    let mut kept = 0;
    for case in all() {
        for (form, out, inbound) in case.exchanges() {
            let call = call(&mut keeping(64 << 10), &out, &inbound, &[]);
            let content = format!("{:?}", call.content()).replace('\\', "");
            kept += SAID.iter().filter(|said| content.contains(**said)).count();
            // All that an exporter can be given.
            let released = release(call);
            for seen in [
                format!("{released:?}"),
                format!("{:?}", semconv::span(&released)),
                format!("{:?}", semconv::measurements(&released)),
            ] {
                let seen = seen.replace('\\', "");
                for said in SAID {
                    assert!(
                        !seen.contains(said),
                        "{} {form}: {said} in {seen}",
                        case.name
                    );
                }
            }
        }
    }
    assert!(kept > 80, "what was said was kept: {kept}");
}
