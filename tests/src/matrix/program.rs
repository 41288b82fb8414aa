//! A program of the matrix: how it is started, and where its TLS is.

use std::process::Command;

use anyhow::Result;

use crate::provider::running::Provider;

/// The commands that make a program's calls to a provider, one after the other.
pub type Calls = Box<dyn FnOnce(&Provider) -> Result<Vec<Command>>>;

/// A program that can be run here.
pub struct Program {
    /// As the table names it.
    pub name: String,
    /// Prints its version, and on a second line that of its TLS. Its TLS is mapped meanwhile, so that
    /// the agent has seen it before the first call.
    pub version: Command,
    /// Its TLS, as far as the agent goes.
    pub tls: Tls,
    /// Makes its calls.
    pub calls: Calls,
}

/// Whether the agent is to see a program's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// It probes a file whose path has this in it; `*` stands for anything.
    In(&'static str),
    /// There is none: its calls are seen at its sockets.
    Without,
    /// It cannot, and this is why.
    NotSeen(&'static str),
}

/// An entry of the matrix.
pub enum Listed {
    /// Can be run.
    Here(Box<Program>),
    /// Cannot be had on this machine.
    Absent {
        /// As the table would name it.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl Listed {
    /// As the table names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Here(program) => &program.name,
            Self::Absent { name, .. } => name,
        }
    }

    /// A program, or the reason why it is not there.
    pub fn unless(reason: Option<String>, name: &str, program: impl FnOnce() -> Program) -> Self {
        match reason {
            None => Self::Here(Box::new(program())),
            Some(reason) => Self::Absent {
                name: name.to_owned(),
                reason,
            },
        }
    }
}
