//! Reading JSON from outside: a member of an unexpected type is as good as absent.
//!
//! Strings are borrowed where they can be, what is not asked for is skipped without being built,
//! and lists keep a bounded number of items. What no strict reader takes is mended, see [`mend`].

mod close;
mod close_all;
mod entries;
mod lenient;
mod long_list;
mod mend;
mod money;
mod skeleton;
mod tools;
mod values;

pub(super) use close::close_object;
#[cfg(any(test, feature = "fuzzing"))]
pub use mend::fuzz_mended;

pub(super) use close_all::close_all;
pub(super) use entries::Entries;
pub(super) use lenient::{Lenient, LenientVisitor, lenient};
pub(super) use long_list::{LongList, Tells};
pub(super) use mend::{BYTE_ORDER_MARK, mended};
pub(super) use money::Money;
pub(super) use skeleton::Skeleton;
pub(super) use tools::Tools;
pub(super) use values::{
    Count, Filled, Flag, Integer, Length, List, Number, Object, Scalar, Text, Texts, read,
};
