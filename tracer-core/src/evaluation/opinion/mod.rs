//! What models say that judge the answers of others.

mod answer;
mod line;
mod object;
mod word;

pub(crate) use answer::{Likeness, Opinion};
pub(in crate::evaluation) use word::WORDS;
pub use word::Word;
