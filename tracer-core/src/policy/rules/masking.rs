//! `[mask]`: what masking finds, and what stands in its place.

use super::{
    error::PolicyFileError,
    table::{Section, Text, hint},
};
use crate::policy::mask::{Detectors, MaskRules, Masker, RulesError};

pub(super) const KEYS: [&str; 5] = ["detect", "names", "patterns", "paths", "pseudonyms"];
const DETECTORS: [&str; 6] = ["credentials", "email", "phone", "card", "iban", "ip"];

/// A masker, and what it was made of.
#[derive(Debug)]
pub(super) struct Masking {
    pub(super) masker: Masker,
    pub(super) rules: MaskRules,
    pub(super) pseudonyms: bool,
}

impl Masking {
    /// By what the operator wrote; without a section all built-in detectors.
    pub(super) fn read(section: Option<&Section<'_>>) -> Result<Option<Self>, PolicyFileError> {
        let Some(section) = section else {
            let rules = MaskRules::default();
            // Only what an operator writes can be wrong.
            return Ok(Masker::new(&rules).ok().map(|masker| Self {
                masker,
                rules,
                pseudonyms: false,
            }));
        };
        let texts = |key| section.texts(key);
        let (names, patterns, paths) = (texts("names")?, texts("patterns")?, texts("paths")?);
        let owned = |texts: &[Text<'_>]| texts.iter().map(|it| it.text.to_owned()).collect();
        let rules = MaskRules {
            detectors: detectors(section)?,
            names: owned(&names),
            patterns: owned(&patterns),
            paths: owned(&paths),
            ..MaskRules::default()
        };
        let masker = Masker::new(&rules).map_err(|error| {
            let of = |texts: &[Text<'_>], index: usize, key| {
                let place = texts.get(index).map(|text| text.place.clone());
                place.unwrap_or_else(|| section.place_of(key))
            };
            let (place, problem) = match &error {
                RulesError::Pattern { index, reason } => {
                    let reason: Vec<&str> = reason.lines().map(str::trim).collect();
                    let problem = format!("no regular expression: {}", reason.join(" "));
                    (of(&patterns, *index, "patterns"), problem)
                }
                RulesError::Empty { index } => {
                    let problem = "the pattern matches the empty text: make it ask for a character";
                    (of(&patterns, *index, "patterns"), problem.to_owned())
                }
                RulesError::Name { index } => {
                    let problem = "the name is too short: write two letters at least";
                    (of(&names, *index, "names"), problem.to_owned())
                }
                RulesError::Path { path } => {
                    let index = paths.iter().position(|it| it.text == path);
                    (of(&paths, index.unwrap_or(0), "paths"), error.to_string())
                }
                _ => (section.place.clone(), error.to_string()),
            };
            section.error(&place, problem)
        })?;
        Ok(Some(Self {
            masker,
            rules,
            pseudonyms: section.flag("pseudonyms")?.unwrap_or(false),
        }))
    }

    /// Names of the detectors that run.
    pub(super) fn detectors(&self) -> Vec<&'static str> {
        let Detectors {
            credentials,
            email,
            phone,
            card,
            iban,
            ip,
        } = self.rules.detectors;
        let runs = [credentials, email, phone, card, iban, ip];
        let all = DETECTORS.into_iter().zip(runs);
        all.filter(|(_, runs)| *runs)
            .map(|(name, _)| name)
            .collect()
    }
}

fn detectors(section: &Section<'_>) -> Result<Detectors, PolicyFileError> {
    let names = section.texts("detect")?;
    if names.is_empty() {
        return Ok(Detectors::ALL);
    }
    let mut detectors = Detectors::NONE;
    for Text { text, place } in names {
        let detector = match text {
            "credentials" => &mut detectors.credentials,
            "email" => &mut detectors.email,
            "phone" => &mut detectors.phone,
            "card" => &mut detectors.card,
            "iban" => &mut detectors.iban,
            "ip" => &mut detectors.ip,
            _ => {
                let problem = format!("nothing detects `{text}`: {}", hint(text, &DETECTORS));
                return Err(section.error(&place, problem));
            }
        };
        *detector = true;
    }
    Ok(detectors)
}
