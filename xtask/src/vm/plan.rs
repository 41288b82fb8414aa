//! The rows of a guest as a script that it runs: `init.sh` defines the words.

use std::fmt::Write as _;

use super::families::{AGENTS, Family, Judged};

/// A row, and the files that the agent is told of.
#[derive(Debug)]
pub struct Planned {
    /// The row.
    pub family: &'static Family,
    /// Files that the agent is told of, as the guest sees them.
    pub told: Vec<String>,
}

/// The script: each agent in turn, and what it is to see.
pub fn script(planned: &[Planned]) -> String {
    let mut script = String::new();
    for (number, environment) in AGENTS.iter().enumerate() {
        let seen = || planned.iter().filter(|row| row.family.agent == number);
        if seen().next().is_none() {
            continue;
        }
        let mut files: Vec<&str> = seen().flat_map(|row| &row.told).map(|x| &**x).collect();
        files.sort_unstable();
        files.dedup();
        let _ = write!(script, "begin {number} '{environment}'");
        for file in files {
            let _ = write!(script, " --library {file}");
        }
        script.push('\n');
        for Planned { family, .. } in seen() {
            let word = match family.judged {
                Judged::ById => "load",
                Judged::ByLedger => "client",
            };
            for command in family.commands {
                let _ = writeln!(script, "{word} {} {command}", family.name);
            }
        }
        let _ = writeln!(script, "end {number}");
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::families::FAMILIES;

    #[test]
    fn each_agent_sees_its_rows() {
        let planned: Vec<Planned> = FAMILIES
            .iter()
            .map(|family| Planned {
                family,
                told: vec![format!("/bin/{}", family.program)],
            })
            .collect();
        let script = script(&planned);
        let lines: Vec<&str> = script.lines().collect();
        assert!(lines[0].starts_with("begin 0 '' --library /bin/bun --library /bin/go-client"));
        assert!(lines.contains(&"client gnutls dash /bin/wget.sh"));
        let second = lines.iter().position(|line| line.starts_with("begin 1"));
        let first_end = lines.iter().position(|line| *line == "end 0");
        assert!(first_end < second, "{script}");
        assert_eq!(lines.last(), Some(&"end 1"));
    }

    /// The guest's shell cuts them at spaces, and so does who reads what it says.
    #[test]
    fn names_are_words_and_none_comes_twice() {
        let mut names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert!(
            names
                .iter()
                .all(|name| !name.contains(' ') && !name.is_empty())
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAMILIES.len());
    }
}
