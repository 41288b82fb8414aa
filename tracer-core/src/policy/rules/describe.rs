//! A policy in words.

use std::fmt;

use super::{
    decision::Capture,
    fact::Fact,
    file::PolicyFile,
    patterns::Patterns,
    rule::{Rule, Ruling},
};
use crate::policy::{
    content::{ContentField, ContentFields},
    sample::{AlwaysKept, Rate},
};

impl fmt::Display for PolicyFile {
    /// One paragraph a rule, in the order in which they are asked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, rule) in (1..).zip(&self.rules.rules) {
            let Rule {
                name,
                when,
                outcome,
            } = rule;
            writeln!(f, "{number}. {name}")?;
            for (fact, patterns) in when {
                writeln!(f, "   where {}", Condition(*fact, patterns))?;
            }
            writeln!(f, "   {outcome}")?;
        }
        writeln!(f, "otherwise\n   {}", self.rules.otherwise)?;
        if self.rules.rulings().any(|ruling| ruling.rate != Rate::ALL) {
            writeln!(f, "always kept\n   {}", Always(&self.always))?;
        }
        if let Some(masking) = &self.masking {
            let detectors = masking.detectors().join(", ");
            writeln!(f, "masked are\n   {detectors}")?;
            for (count, what) in [
                (masking.rules.names.len(), "names"),
                (masking.rules.patterns.len(), "patterns"),
                (masking.rules.paths.len(), "paths into JSON"),
            ] {
                if count > 0 {
                    writeln!(f, "   {count} {what}")?;
                }
            }
            if masking.pseudonyms {
                writeln!(f, "   the same text by the same pseudonym")?;
            }
        }
        if !self.never.is_empty() {
            writeln!(f, "never leave\n   {}", self.never.entries().join(", "))?;
        }
        Ok(())
    }
}

struct Condition<'p>(Fact, &'p Patterns);

impl fmt::Display for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(fact, patterns) = self;
        let texts: Vec<String> = patterns.texts().collect();
        let (not, is): (Vec<_>, Vec<_>) = texts.iter().partition(|it| it.starts_with('!'));
        let list = |texts: Vec<&String>| {
            let texts: Vec<_> = texts.iter().map(|it| it.trim_start_matches('!')).collect();
            texts.join(" or ")
        };
        write!(f, "{} is ", fact.name())?;
        match (is.is_empty(), not.is_empty()) {
            (false, false) => write!(f, "{}, and not {}", list(is), list(not)),
            (true, _) => write!(f, "not {}", list(not)),
            (_, true) => write!(f, "{}", list(is)),
        }
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            capture,
            fields,
            rate,
        } = self;
        f.write_str(match capture {
            Capture::None => "nothing leaves",
            Capture::Metadata => "metadata leaves",
            Capture::Masked => "metadata and masked content leave",
            Capture::Full => "metadata and content as it is leave",
        })?;
        if capture.has_content() && *fields != ContentFields::ALL {
            let names: Vec<_> = fields.iter().map(ContentField::name).collect();
            write!(f, ", of content {}", names.join(", "))?;
        }
        if *rate != Rate::ALL {
            write!(f, ", of {} of all traces", Percent(*rate))?;
        }
        Ok(())
    }
}

struct Percent(Rate);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A share in decimals is not exact in binary.
        let percent = (self.0.share() * 1e8).round() / 1e6;
        write!(f, "{percent}%")
    }
}

struct Always<'p>(&'p AlwaysKept);

impl fmt::Display for Always<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AlwaysKept {
            errors,
            flagged,
            slower_than,
            costlier_than,
        } = self.0;
        let mut all = Vec::new();
        all.extend(errors.then(|| "calls that failed".to_owned()));
        all.extend(flagged.then(|| "calls that were refused or filtered".to_owned()));
        all.extend(slower_than.map(|most| format!("calls that took more than {most:?}")));
        all.extend(
            costlier_than
                .as_ref()
                .map(|(most, currency)| format!("calls that cost more than {most} {currency}")),
        );
        if all.is_empty() {
            return f.write_str("no calls");
        }
        f.write_str(&all.join(", "))
    }
}
