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

/// What a selection looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// Name of the process as the kernel keeps it (`/proc/PID/comm`).
    pub name: &'a str,
    /// Path of its executable in its own mount namespace; empty if unreadable.
    pub exe: &'a str,
    /// Path of its control group.
    pub cgroup: &'a str,
}

impl Selection {
    /// Whether a process is traced. `pids`, `exes` and `include` widen each other: one match is
    /// enough. A match of `exclude` ends the matter.
    pub fn admits(&self, candidate: &Candidate<'_>) -> bool {
        if self.exclude.iter().any(|rule| rule.matches(candidate)) {
            return false;
        }
        self.is_open()
            || self.pids.contains(&candidate.pid)
            || self.exes.iter().any(|glob| glob.matches(candidate.exe))
            || self.include.iter().any(|rule| rule.matches(candidate))
    }

    /// [`Selection::admits`] for a running process, whose facts are read only if a rule needs them.
    pub fn admits_pid(&self, proc: &ProcFs, pid: u32) -> bool {
        if self.exclude.is_empty() && (self.is_open() || self.pids.contains(&pid)) {
            return true;
        }
        let name = proc.stat(pid).map(|stat| stat.name).unwrap_or_default();
        let exe = proc.exe(pid).unwrap_or_default();
        let cgroup = proc.cgroup(pid);
        let cgroup = cgroup::main_path(&cgroup);
        self.admits(&Candidate {
            pid,
            name: &name,
            exe: &exe,
            cgroup,
        })
    }

    /// Whether every process is traced that is not excluded.
    pub fn is_open(&self) -> bool {
        self.pids.is_empty() && self.exes.is_empty() && self.include.is_empty()
    }
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
    /// Whether the rule is about this process.
    pub fn matches(&self, candidate: &Candidate<'_>) -> bool {
        self.pattern.matches(match self.fact {
            Fact::Name => candidate.name,
            Fact::Exe => candidate.exe,
            Fact::Cgroup => candidate.cgroup,
        })
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
        name: "python3",
        exe: "/usr/bin/python3.11",
        cgroup: "/system.slice/docker-0123.scope",
    };

    fn rules(texts: &[&str]) -> Vec<Rule> {
        texts
            .iter()
            .map(|text| Rule::from_text(text).unwrap())
            .collect()
    }

    #[test]
    fn no_rules_admit_everyone() {
        assert!(Selection::default().admits(&PYTHON));
    }

    #[test]
    fn one_match_is_enough() {
        for include in ["python*", "name:python3", "exe:/usr/*", "cgroup:*docker*"] {
            let selection = Selection {
                include: rules(&["node", include]),
                ..Selection::default()
            };
            assert!(selection.admits(&PYTHON), "{include}");
        }
        let by_pid = Selection {
            pids: vec![42],
            include: rules(&["node"]),
            ..Selection::default()
        };
        assert!(by_pid.admits(&PYTHON));
        let other = Selection {
            pids: vec![41],
            ..Selection::default()
        };
        assert!(!other.admits(&PYTHON));
    }

    #[test]
    fn exclusion_is_final() {
        let selection = Selection {
            pids: vec![42],
            include: rules(&["python3"]),
            exclude: rules(&["cgroup:*docker*"]),
            ..Selection::default()
        };
        assert!(!selection.admits(&PYTHON));
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
