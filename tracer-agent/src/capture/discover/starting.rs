//! Programs that have begun, and whose file the kernel is about to map.
//!
//! The record of an exec holds a name, the first mapping behind it the path of the program's file. Both
//! are told of a process that has ended before it could be looked at.

use std::collections::HashMap;

use super::mapped::base_name;

/// Bytes that the kernel keeps of a name (`TASK_COMM_LEN` without the end).
const KEPT: usize = 15;
/// Programs that are waited for at a time. Each waits for a few mappings, or to its process's end.
const MAX_WAITING: usize = 4096;

/// Programs by their process.
#[derive(Debug, Default)]
pub(super) struct Starting {
    names: HashMap<u32, [u8; KEPT]>,
}

impl Starting {
    /// A process began to run the program of this name.
    pub(super) fn began(&mut self, pid: u32, name: &[u8]) {
        if self.names.len() >= MAX_WAITING {
            // Scripts have names that no mapping has.
            self.names.clear();
        }
        self.names.insert(pid, kept(name));
    }

    /// Whether what a process maps is the program that it has begun to run. Two signs: it is mapped by the
    /// process and has the program's name. Bias: a program that was started by another name than its
    /// file's, through a link, is not recognised.
    pub(super) fn is_program(&mut self, pid: u32, path: &[u8]) -> bool {
        let Some(name) = self.names.get(&pid) else {
            return false;
        };
        let is_program = *name == kept(base_name(path));
        if is_program {
            self.names.remove(&pid);
        }
        is_program
    }

    /// A process ended.
    pub(super) fn ended(&mut self, pid: u32) {
        self.names.remove(&pid);
    }
}

fn kept(name: &[u8]) -> [u8; KEPT] {
    let mut kept = [0; KEPT];
    kept.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_name_and_only_once() {
        let mut starting = Starting::default();
        starting.began(7, b"a-long-name-of-");
        assert!(!starting.is_program(7, b"/lib/ld-linux.so.2"));
        assert!(!starting.is_program(8, b"/bin/a-long-name-of-a-program"));
        assert!(starting.is_program(7, b"/bin/a-long-name-of-a-program"));
        assert!(!starting.is_program(7, b"/bin/a-long-name-of-a-program"));
        starting.began(7, b"curl");
        starting.ended(7);
        assert!(!starting.is_program(7, b"/usr/bin/curl"));
    }

    #[test]
    fn it_is_bounded() {
        let mut starting = Starting::default();
        (0..10_000).for_each(|pid| starting.began(pid, b"script.sh"));
        assert!(starting.names.len() <= MAX_WAITING);
    }
}
