//! Which processes are traced.

use std::fmt;

use glob::{MatchOptions, Pattern};

use super::{cgroup, procfs::ProcFs};
use crate::config::setting::{Refusal, Scalar};

/// The operator's choice of processes. With no rules at all, every process is traced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only these process ids.
    pub pids: Vec<u32>,
    /// Only executables that match one of these.
    pub exes: Vec<Glob>,
    /// Only processes that match one of these.
    pub include: Vec<Rule>,
    /// None of these, whatever else is said.
    pub exclude: Vec<Rule>,
}

/// What a selection looks at. `None` is a fact that could not be read: the process has ended, or may
/// not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// Name of the process as the kernel keeps it (`/proc/PID/comm`).
    pub name: Option<&'a str>,
    /// Path of its executable in its own mount namespace.
    pub exe: Option<&'a str>,
    /// Path of its control group.
    pub cgroup: Option<&'a str>,
}

/// What a selection says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is traced.
    Admitted,
    /// It is left alone.
    Refused,
    /// It is left alone, since what a rule asks for is not known: who excludes a process must be able
    /// to rely on it. Costs the calls of processes that end before they could be looked at.
    Unidentified,
}

impl Selection {
    /// Whether a process is traced. `pids`, `exes` and `include` widen each other: one match is
    /// enough. A match of `exclude` ends the matter.
    pub fn judge(&self, candidate: &Candidate<'_>) -> Admission {
        match any(self.exclude.iter().map(|rule| rule.matches(candidate))) {
            Some(false) => {}
            Some(true) => return Admission::Refused,
            None => return Admission::Unidentified,
        }
        if self.is_open() || self.pids.contains(&candidate.pid) {
            return Admission::Admitted;
        }
        let by_exe = self.exes.iter().map(|it| Some(it.matches(candidate.exe?)));
        let by_rule = self.include.iter().map(|rule| rule.matches(candidate));
        match any(by_exe.chain(by_rule)) {
            Some(true) => Admission::Admitted,
            Some(false) => Admission::Refused,
            None => Admission::Unidentified,
        }
    }

    /// [`Selection::judge`] for a running process, whose facts are read only if a rule needs them.
    pub fn judge_pid(&self, proc: &ProcFs, pid: u32) -> Admission {
        if self.exclude.is_empty() && (self.is_open() || self.pids.contains(&pid)) {
            return Admission::Admitted;
        }
        let name = proc.stat(pid).map(|stat| stat.name);
        let exe = proc.exe(pid);
        self.judge_placed(proc, pid, [name.as_deref(), exe.as_deref()])
    }

    /// [`Selection::judge`] for a process whose program has been replaced: its name and executable are
    /// not known any more, where it runs is.
    pub fn judge_around_program(&self, proc: &ProcFs, pid: u32) -> Admission {
        self.judge_placed(proc, pid, [None, None])
    }

    fn judge_placed(&self, proc: &ProcFs, pid: u32, [name, exe]: [Option<&str>; 2]) -> Admission {
        let cgroup = proc.cgroup(pid);
        let cgroup = Some(cgroup::main_path(&cgroup)).filter(|path| !path.is_empty());
        self.judge(&Candidate {
            pid,
            name,
            exe,
            cgroup,
        })
    }

    /// Whether a running process is traced.
    pub fn admits_pid(&self, proc: &ProcFs, pid: u32) -> bool {
        self.judge_pid(proc, pid) == Admission::Admitted
    }

    /// Whether a process may be traced that is not there yet: nobody knows its id.
    pub fn takes_newcomers(&self) -> bool {
        self.is_open() || !self.exes.is_empty() || !self.include.is_empty()
    }

    /// Whether every process is traced, whoever it is.
    pub fn is_unconditional(&self) -> bool {
        self.is_open() && self.exclude.is_empty()
    }

    /// Whether every process is traced that is not excluded.
    pub fn is_open(&self) -> bool {
        self.pids.is_empty() && self.exes.is_empty() && self.include.is_empty()
    }
}

/// Whether one of the answers is yes; not known if it depends on one that is not.
fn any(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    answers
        .try_fold(Some(false), |known, answer| match answer {
            Some(true) => Err(()),
            Some(false) => Ok(known),
            None => Ok(None),
        })
        .unwrap_or(Some(true))
}

/// One rule: a fact and a pattern for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    fact: Fact,
    pattern: Glob,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Name,
    Exe,
    Cgroup,
}

impl Fact {
    const ALL: [(&'static str, Self); 3] = [
        ("name", Self::Name),
        ("exe", Self::Exe),
        ("cgroup", Self::Cgroup),
    ];
}

impl Rule {
    /// Whether the rule is about this process; `None` if the fact is not known.
    pub fn matches(&self, candidate: &Candidate<'_>) -> Option<bool> {
        let fact = match self.fact {
            Fact::Name => candidate.name,
            Fact::Exe => candidate.exe,
            Fact::Cgroup => candidate.cgroup,
        };
        Some(self.pattern.matches(fact?))
    }
}

impl Scalar for Rule {
    const VALUE_NAME: &'static str = "RULE";
    const EXPECTS: &'static str = "name:PATTERN, exe:PATTERN or cgroup:PATTERN";
    const EXPECTS_LIST: &'static str =
        "rules such as name:python*, exe:/usr/bin/* or cgroup:*docker*";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let (fact, pattern) = match text.split_once(':') {
            None => (Fact::Name, text),
            Some((word, pattern)) => {
                let fact = Fact::ALL.iter().find(|(name, _)| *name == word);
                let fact = fact.ok_or_else(|| Refusal(format!("rules know no `{word}`")))?;
                (fact.1, pattern)
            }
        };
        Ok(Self {
            fact,
            pattern: Glob::from_text(pattern)?,
        })
    }

    fn to_text(&self) -> String {
        let word = Fact::ALL
            .iter()
            .find(|(_, fact)| *fact == self.fact)
            .map_or("", |(word, _)| word);
        format!("{word}:{}", self.pattern)
    }
}

/// A shell pattern: `*` any text, slashes included, `?` one character, `[a-z]` one of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Pattern);

impl Glob {
    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: false,
            require_literal_leading_dot: false,
        };
        self.0.matches_with(text, options)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl Scalar for Glob {
    const VALUE_NAME: &'static str = "PATTERN";
    const EXPECTS: &'static str = "a pattern such as /usr/bin/python*";
    const EXPECTS_LIST: &'static str = "patterns such as /usr/bin/python*";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Err(Refusal("the pattern is empty".into()));
        }
        Pattern::new(text)
            .map(Self)
            .map_err(|error| Refusal(format!("not a pattern: {}", error.msg)))
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: Candidate<'_> = Candidate {
        pid: 42,
        name: Some("python3"),
        exe: Some("/usr/bin/python3.11"),
        cgroup: Some("/system.slice/docker-0123.scope"),
    };

    fn rules(texts: &[&str]) -> Vec<Rule> {
        texts
            .iter()
            .map(|text| Rule::from_text(text).unwrap())
            .collect()
    }

    #[test]
    fn no_rules_admit_everyone() {
        assert_eq!(Selection::default().judge(&PYTHON), Admission::Admitted);
    }

    #[test]
    fn one_match_is_enough() {
        for include in ["python*", "name:python3", "exe:/usr/*", "cgroup:*docker*"] {
            let selection = Selection {
                include: rules(&["node", include]),
                ..Selection::default()
            };
            assert_eq!(selection.judge(&PYTHON), Admission::Admitted, "{include}");
        }
        let by_pid = Selection {
            pids: vec![42],
            include: rules(&["node"]),
            ..Selection::default()
        };
        assert_eq!(by_pid.judge(&PYTHON), Admission::Admitted);
        let other = Selection {
            pids: vec![41],
            ..Selection::default()
        };
        assert_eq!(other.judge(&PYTHON), Admission::Refused);
    }

    #[test]
    fn exclusion_is_final() {
        let selection = Selection {
            pids: vec![42],
            include: rules(&["python3"]),
            exclude: rules(&["cgroup:*docker*"]),
            ..Selection::default()
        };
        assert_eq!(selection.judge(&PYTHON), Admission::Refused);
    }

    /// A process that ended before anything could be read of it.
    #[test]
    fn a_rule_that_cannot_be_applied_does_not_let_a_process_pass() {
        let proc = tempfile::tempdir().unwrap();
        let proc = ProcFs::new(proc.path());
        let exclude = |rule| Selection {
            exclude: rules(&[rule]),
            ..Selection::default()
        };
        let include = |rule| Selection {
            include: rules(&[rule]),
            ..Selection::default()
        };
        for rule in ["name:curl", "exe:/usr/bin/curl", "cgroup:*docker*"] {
            for selection in [exclude(rule), include(rule)] {
                let admission = selection.judge_pid(&proc, 7);
                assert_eq!(admission, Admission::Unidentified, "{selection:?}");
            }
        }
        let by_pid = Selection {
            pids: vec![7],
            ..Selection::default()
        };
        for open in [Selection::default(), by_pid] {
            assert_eq!(open.judge_pid(&proc, 7), Admission::Admitted);
        }
        // One fact that is known may be enough.
        let named = Candidate {
            exe: None,
            cgroup: None,
            ..PYTHON
        };
        let both = Selection {
            exclude: rules(&["exe:/usr/bin/curl", "name:python3"]),
            ..Selection::default()
        };
        assert_eq!(both.judge(&named), Admission::Refused);
    }

    #[test]
    fn bad_rules_say_why() {
        assert_eq!(
            Rule::from_text("user:root"),
            Err(Refusal("rules know no `user`".into()))
        );
        assert!(Rule::from_text("name:").is_err());
        assert!(Rule::from_text("exe:[").is_err());
    }
}
