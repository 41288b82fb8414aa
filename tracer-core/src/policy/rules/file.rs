//! The file of a policy.
//!
//! ```toml
//! [default]
//! capture = "metadata"
//!
//! [[rule]]
//! name = "payroll stays in"
//! when = { app = "payroll*" }
//! capture = "none"
//!
//! [[rule]]
//! name = "staging"
//! when = { environment = "staging", side = "client" }
//! capture = "masked"
//! drop = ["tool_results"]
//! sample = 0.1
//! ```

use std::time::Duration;

use toml::de::DeTable;

use super::{
    decision::Capture,
    error::PolicyFileError,
    fact::Fact,
    masking::{self, Masking},
    patterns::Patterns,
    rule::{Rule, Rules, Ruling},
    table::{Places, Section, Text, hint},
};
use crate::{
    money::{Amount, Currency},
    policy::{
        content::{ContentField, ContentFields},
        mask::Masker,
        never::NeverList,
        sample::{AlwaysKept, Rate},
    },
};

/// Each is looked at for every call.
const MAX_RULES: usize = 256;
/// Bytes of the name of a rule.
const NAME_BYTES: usize = 64;

/// A policy as it is written, checked and compiled.
#[derive(Debug)]
pub struct PolicyFile {
    pub(in crate::policy) rules: Rules,
    pub(in crate::policy) always: AlwaysKept,
    pub(super) masking: Option<Masking>,
    /// It says what holds where no rule matches.
    pub(super) says_default: bool,
    pub(in crate::policy) never: NeverList,
}

impl Default for PolicyFile {
    /// Metadata of every call: what holds without a file.
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            always: AlwaysKept::default(),
            masking: None,
            says_default: false,
            never: NeverList::default(),
        }
    }
}

impl PolicyFile {
    /// Reads a policy.
    ///
    /// # Errors
    /// Says where it makes no sense, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, PolicyFileError> {
        const KEYS: [&str; 5] = ["default", "rule", "sampling", "mask", "attributes"];
        let places = Places(text);
        let table = DeTable::parse(text).map_err(|error| {
            let message = error.message().replace('\n', ", ");
            let problem = format!("{message}; the file must be valid TOML");
            places.error(&error.span().unwrap_or(0..0), problem)
        })?;
        let root = Section::open(places, "", &table, &KEYS)?;
        let (rate, always) = sampling(root.section("sampling", &SAMPLING_KEYS)?.as_ref())?;
        let default = root.section("default", &["capture", "keep", "drop"])?;
        let rules = Rules {
            rules: rules(&root, rate)?,
            otherwise: match &default {
                Some(section) => ruling(section, rate)?,
                None => Ruling {
                    rate,
                    ..Ruling::default()
                },
            },
        };
        let mask = root.section("mask", &masking::KEYS)?;
        let masking = if mask.is_some() || rules.mask() {
            Masking::read(mask.as_ref())?
        } else {
            None
        };
        Ok(Self {
            rules,
            always,
            masking,
            says_default: default.is_some(),
            never: never(&root)?,
        })
    }

    /// The masker, if there is one, and whether it makes pseudonyms.
    pub(in crate::policy) fn into_masker(self) -> Option<(Masker, bool)> {
        self.masking.map(|it| (it.masker, it.pseudonyms))
    }

    /// Content of a call may leave.
    pub fn wants_content(&self) -> bool {
        self.rules.want_content()
    }
}

fn rules(root: &Section<'_>, rate: Rate) -> Result<Vec<Rule>, PolicyFileError> {
    const KEYS: [&str; 6] = ["name", "when", "capture", "keep", "drop", "sample"];
    let sections = root.sections("rule", &KEYS)?;
    if let Some(beyond) = sections.get(MAX_RULES) {
        let problem =
            format!("more than {MAX_RULES} rules: join some of them, values may be lists");
        return Err(beyond.error(&beyond.place, problem));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(sections.len());
    for section in &sections {
        let name = name(section)?;
        if rules.iter().any(|rule| rule.name == name) {
            let place = section.place_of("name");
            let problem = format!("there is another rule `{name}`: give each a name of its own");
            return Err(section.error(&place, problem));
        }
        rules.push(Rule {
            name,
            when: conditions(section)?,
            outcome: ruling(section, rate)?,
        });
    }
    Ok(rules)
}

fn name(section: &Section<'_>) -> Result<String, PolicyFileError> {
    let problem = match section.text("name")? {
        None => "the rule has no `name`: calls that leave say which rule let them".to_owned(),
        Some(Text { text, .. }) => {
            let is_good = !text.trim().is_empty() && !text.chars().any(char::is_control);
            if is_good && text.len() <= NAME_BYTES {
                return Ok(text.to_owned());
            }
            format!("`name` is a line of at most {NAME_BYTES} bytes")
        }
    };
    Err(section.error(&section.place_of("name"), problem))
}

fn conditions(section: &Section<'_>) -> Result<Vec<(Fact, Patterns)>, PolicyFileError> {
    let names = Fact::ALL.map(Fact::name);
    let Some(when) = section.section("when", &names)? else {
        return Ok(Vec::new());
    };
    let mut conditions = Vec::new();
    for fact in Fact::ALL {
        let texts = when.texts(fact.name())?;
        let Some(first) = texts.first() else {
            continue;
        };
        let mut patterns = Patterns::default();
        for Text { text, place } in &texts {
            let added = patterns.add(text);
            added.map_err(|problem| when.error(place, problem))?;
            let mut alone = Patterns::default();
            let alone = alone.add(text).map(|()| alone);
            if let (Some(words), Ok(alone)) = (fact.words(), alone)
                && !alone.can_match(&words)
            {
                let problem = format!("no {} is `{text}`: {}", fact.name(), hint(text, &words));
                return Err(when.error(place, problem));
            }
        }
        if fact
            .words()
            .is_some_and(|words| !patterns.can_match(&words))
        {
            let problem = format!("these patterns leave no {}", fact.name());
            return Err(when.error(&first.place, problem));
        }
        conditions.push((fact, patterns));
    }
    Ok(conditions)
}

fn ruling(section: &Section<'_>, rate: Rate) -> Result<Ruling, PolicyFileError> {
    let capture = capture(section)?;
    for key in ["keep", "drop"] {
        if !section.texts(key)?.is_empty() && !capture.has_content() {
            let problem = format!(
                "`{key}` names fields of content, and capture = \"{}\" lets out none",
                capture.name()
            );
            return Err(section.error(&section.place_of(key), problem));
        }
    }
    let share = section.share("sample")?;
    if share.is_some() && capture == Capture::None {
        let problem = "nothing leaves of these calls: there is nothing to sample";
        return Err(section.error(&section.place_of("sample"), problem));
    }
    let rate = match capture {
        Capture::None => Rate::ALL,
        _ => share.map_or(rate, Rate::of),
    };
    Ok(Ruling {
        capture,
        fields: fields(section)?,
        rate,
    })
}

fn capture(section: &Section<'_>) -> Result<Capture, PolicyFileError> {
    let names = Capture::ALL.map(Capture::name);
    let Some(Text { text, place }) = section.text("capture")? else {
        let problem = format!(
            "it does not say how much leaves: write `capture` and one of {}",
            names.join(", ")
        );
        return Err(section.error(&section.place, problem));
    };
    let found = Capture::ALL.into_iter().find(|it| it.name() == text);
    found.ok_or_else(|| {
        let problem = format!("`capture` cannot be `{text}`: {}", hint(text, &names));
        section.error(&place, problem)
    })
}

fn fields(section: &Section<'_>) -> Result<ContentFields, PolicyFileError> {
    let read = |key| -> Result<Vec<ContentField>, PolicyFileError> {
        let names = ContentField::ALL.map(ContentField::name);
        let texts = section.texts(key)?.into_iter();
        let field = |Text { text, place }| {
            ContentField::named(text).ok_or_else(|| {
                let problem = format!("content has no field `{text}`: {}", hint(text, &names));
                section.error(&place, problem)
            })
        };
        texts.map(field).collect()
    };
    let (keep, drop) = (read("keep")?, read("drop")?);
    if !keep.is_empty() && !drop.is_empty() {
        let problem = "`keep` and `drop` do not go together: what is not kept is dropped";
        return Err(section.error(&section.place_of("drop"), problem));
    }
    Ok(if keep.is_empty() {
        drop.into_iter()
            .fold(ContentFields::ALL, ContentFields::without)
    } else {
        keep.into_iter().collect()
    })
}

const SAMPLING_KEYS: [&str; 5] = [
    "rate",
    "keep_errors",
    "keep_flagged",
    "keep_slower_than",
    "keep_costlier_than",
];

fn sampling(section: Option<&Section<'_>>) -> Result<(Rate, AlwaysKept), PolicyFileError> {
    let mut always = AlwaysKept::default();
    let Some(section) = section else {
        return Ok((Rate::ALL, always));
    };
    if let Some(errors) = section.flag("keep_errors")? {
        always.errors = errors;
    }
    if let Some(flagged) = section.flag("keep_flagged")? {
        always.flagged = flagged;
    }
    always.slower_than = section
        .text("keep_slower_than")?
        .map(|text| duration(section, &text))
        .transpose()?;
    always.costlier_than = section
        .text("keep_costlier_than")?
        .map(|text| money(section, &text))
        .transpose()?;
    let rate = section.share("rate")?.map_or(Rate::ALL, Rate::of);
    Ok((rate, always))
}

fn duration(section: &Section<'_>, text: &Text<'_>) -> Result<Duration, PolicyFileError> {
    let parsed = text.text.parse::<jiff::SignedDuration>().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| {
            let problem = format!("`{}` is no time: write \"30s\" or \"1m 30s\"", text.text);
            section.error(&text.place, problem)
        })
}

fn money(section: &Section<'_>, text: &Text<'_>) -> Result<(Amount, Currency), PolicyFileError> {
    let parsed = text
        .text
        .trim()
        .rsplit_once(' ')
        .and_then(|(amount, currency)| {
            Some((Amount::from_decimal(amount)?, currency.parse().ok()?))
        });
    parsed.ok_or_else(|| {
        let problem = format!("`{}` is no amount of money: write \"0.50 USD\"", text.text);
        section.error(&text.place, problem)
    })
}

fn never(root: &Section<'_>) -> Result<NeverList, PolicyFileError> {
    let Some(section) = root.section("attributes", &["never"])? else {
        return Ok(NeverList::default());
    };
    let mut entries = Vec::new();
    for Text { text, place } in section.texts("never")? {
        NeverList::check(text).map_err(|problem| section.error(&place, problem))?;
        entries.push(text.to_owned());
    }
    Ok(NeverList::new(entries))
}
