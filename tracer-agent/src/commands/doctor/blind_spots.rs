//! What a process does that is not seen, in words.

use super::report::Missed;
use crate::{
    host::unseen::{Bounds, Unseen},
    telemetry::{blind::UnseenLabel, label::Label as _},
};

/// For people, more is looked at than each minute.
pub(super) const BOUNDS: Bounds = Bounds {
    descriptors: 16 << 10,
    namespaces: 16 << 10,
};

/// Why it is not seen, and what to do about it.
pub(super) fn missed(unseen: &Unseen) -> Missed {
    Missed {
        code: UnseenLabel::from(unseen).name(),
        reason: reason(unseen),
        advice: advice(unseen),
    }
}

fn reason(unseen: &Unseen) -> String {
    let reason = match unseen {
        Unseen::ForeignTls { name, .. } => {
            return format!("{name}: a tls library that is not traced");
        }
        Unseen::Quic => "it uses quic: calls by http/3 are not seen",
        Unseen::IoUring => {
            "it uses io_uring: calls without tls that it makes through it are not seen"
        }
        Unseen::UnknownTls => {
            "it is connected to port 443, and no tls that is known was found in it"
        }
        Unseen::KernelTls => {
            "the kernel does the tls of some connections in its network namespace (ktls), maybe of its own: what it sends or receives on such a connection past its tls library (sendfile, read, write) is not seen"
        }
    };
    reason.to_owned()
}

const fn advice(unseen: &Unseen) -> &'static str {
    match unseen {
        Unseen::ForeignTls { .. } => {
            "use a build with OpenSSL, GnuTLS or NSS, or send its calls through a proxy on this host that uses OpenSSL"
        }
        Unseen::Quic => "turn HTTP/3 off in the client; over TCP its calls are seen",
        Unseen::IoUring => {
            "turn io_uring off in the client's runtime, or let it use TLS, which is seen before"
        }
        Unseen::UnknownTls => {
            "use a build that loads libssl, or send its calls through a proxy on this host that uses OpenSSL"
        }
        Unseen::KernelTls => {
            "turn kTLS off in its TLS library (OpenSSL: `Options = -KTLS`; GnuTLS: `ktls = false`); what goes through the library is seen either way"
        }
    }
}
