//! What tests of the capture need of the kernel. They are skipped, aloud, where that is not there
//! by choice; whatever else goes wrong is a failure of the test.

use super::{
    load::{LoadOptions, Loaded},
    object,
};
use crate::runtime::privileges::{self, Needs};

/// Whether this process may trace. If not, says that the test is skipped, and why.
pub(super) fn may_trace() -> bool {
    let allowed = privileges::check(Needs::default());
    if let Err(error) = &allowed {
        println!("skipped: {error}");
    }
    allowed.is_ok()
}

/// The object in the kernel, unless none was built in or this process may not load it.
pub(super) fn loaded() -> Option<Loaded> {
    if let Err(error) = object::bytes() {
        println!("skipped: {error}");
        return None;
    }
    may_trace().then(|| Loaded::new(LoadOptions::default()).expect("the kernel takes the object"))
}
