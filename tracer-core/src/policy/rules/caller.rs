//! What is known of a process beside its calls.

use std::borrow::Cow;

use crate::semconv::{Value, resource::PROCESS_EXECUTABLE_PATH};

/// The process that made or served a call, as far as it is known when the call is judged.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// What its telemetry says of it.
    pub resource: &'a [(Cow<'static, str>, Value)],
    /// No more will become known of it. While that may be, rules cannot rely on its resource.
    pub is_settled: bool,
}

impl Caller<'_> {
    /// One of which nothing is known, or ever will be.
    pub const UNKNOWN: Self = Self {
        resource: &[],
        is_settled: true,
    };

    /// Path of its program; every process has one.
    pub(super) fn exe(&self) -> Option<&str> {
        let mut resource = self.resource.iter();
        match &resource
            .find(|(name, _)| name == PROCESS_EXECUTABLE_PATH)?
            .1
        {
            Value::Str(path) => Some(path),
            _ => None,
        }
    }
}
