//! That nothing that was planted comes out.

use super::{
    Ending, MaskRules,
    planted::{KINDS, NAMES, Random, plant},
    tests::{in_pieces, masker},
};

const PLACEMENTS: usize = 10_000;

/// Where people leave them.
fn placed(text: &str, place: usize) -> String {
    let before = "The report of last week says that all is well, and then, near its end: ";
    let string = |text: &str| serde_json::to_string(text).unwrap();
    match place % 7 {
        0 => format!("{before}{text} and nothing else."),
        1 => format!("{before}\n{text}\nwas in the log.\n"),
        2 => format!(
            "{{\"role\": \"user\", \"content\": {}}}",
            string(&format!("{before}{text}"))
        ),
        3 => {
            let arguments = format!("{{\"note\":{},\"n\":3}}", string(&format!("see\n{text}\n")));
            format!("{{\"name\":\"save\",\"arguments\":{}}}", string(&arguments))
        }
        4 => format!("fn main() {{\n    let it = \"{text}\"; // as agreed\n}}\n"),
        5 => format!("| what | value |\n|---|---|\n| it | {text} |\n"),
        _ => format!("<li>{text}</li> <p>({text})</p>"),
    }
}

#[test]
fn nothing_planted_comes_out() {
    let masker = masker(&MaskRules {
        names: NAMES.map(str::to_owned).to_vec(),
        ..MaskRules::default()
    });
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut leaks = Vec::new();
    for number in 0..PLACEMENTS {
        let plant = plant(number % KINDS, &mut random);
        let place = number / KINDS % 7;
        let text = placed(&plant.text, place);
        let whole = masker.mask(&text, Ending::Whole).unwrap();
        let pieces = in_pieces(&masker, &text, || 1 + random.below(9));
        assert_eq!(pieces, whole, "{text}");
        let json = masker.mask_json(&text, Ending::Whole).unwrap();
        let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert!(!is_json(&text) || is_json(json.text()), "{}", json.text());
        for masked in [whole, json] {
            if masked.text().contains(&plant.secret) || masked.counts().total() == 0 {
                leaks.push(format!(
                    "{} in place {place}: {}",
                    plant.name,
                    masked.text()
                ));
            }
        }
    }
    leaks.sort();
    leaks.dedup_by_key(|leak| leak.split(':').next().map(str::to_owned));
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
