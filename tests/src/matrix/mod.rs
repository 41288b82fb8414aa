//! The matrix of clients: real programs, unmodified, each with a row that says what became of its
//! calls. A program is one entry in a file of [`programs`].

pub mod page;
pub mod program;
pub mod programs;
pub mod row;
pub mod run;
