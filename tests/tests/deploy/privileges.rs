//! The agent's own list of capabilities, as the manifests have to grant it.

use std::collections::BTreeSet;

use tracer_agent::runtime::capabilities::{USES, When};

/// Names such as `CAP_BPF` of what is used on a kernel of the given age without further settings.
pub fn used(before_6_6: bool) -> BTreeSet<String> {
    USES.iter()
        .filter(|it| match it.when {
            When::Always | When::IfHeld => true,
            When::PerfUprobes => before_6_6,
            // A sysctl of the host's: the manifests say what to add.
            When::RealTimeReader | When::StrictPerfEvents => false,
        })
        .map(|it| it.capability.to_string())
        .collect()
}
