//! The socket under a connection: where its bytes really come from and go to.

use std::net::SocketAddr;

/// The ends of a TCP connection, as its socket names them in the observed process.
///
/// IPv4 addresses are IPv4 addresses, also on a socket for both families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketPair {
    /// The end of the process.
    pub local: SocketAddr,
    /// The other end, before any translation on the way.
    pub peer: SocketAddr,
    /// The network namespace in which these addresses are meant, by its inode number; 0 if it is not
    /// known.
    pub network: u32,
}

impl SocketPair {
    /// Whether both are ends of one connection, on the same host and at the same time.
    ///
    /// Bias: towards no. Addresses that are translated between the two do not mirror each other, and
    /// those of a loopback device mean something in their own namespace only.
    pub fn mirrors(&self, other: &Self) -> bool {
        let mirrored = self.local == other.peer && self.peer == other.local;
        let same_network = self.network == other.network && self.network != 0;
        mirrored && (same_network || !self.local.ip().is_loopback())
    }
}

/// How the socket of a connection is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketConfidence {
    /// The kernel saw it: the process wrote to this socket from within its write to the connection, or
    /// the connection is the socket.
    Observed,
    /// Joined: order and lengths of what moved on both sides agree, and fit no other socket.
    Derived,
}

impl SocketConfidence {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Derived => "derived",
        }
    }
}

/// The socket of a connection, once it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KnownSocket {
    /// Its ends.
    pub pair: SocketPair,
    /// How it is known.
    pub confidence: SocketConfidence,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(local: &str, peer: &str, network: u32) -> SocketPair {
        SocketPair {
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
            network,
        }
    }

    #[test]
    fn the_other_end_has_the_addresses_the_other_way_round() {
        let client = pair("10.0.0.1:40000", "10.0.0.2:443", 1);
        assert!(client.mirrors(&pair("10.0.0.2:443", "10.0.0.1:40000", 2)));
        assert!(!client.mirrors(&client));
        assert!(!client.mirrors(&pair("10.0.0.2:443", "10.0.0.1:40001", 1)));
    }

    #[test]
    fn loopback_addresses_are_those_of_one_namespace() {
        let client = pair("127.0.0.1:40000", "127.0.0.1:8443", 1);
        assert!(client.mirrors(&pair("127.0.0.1:8443", "127.0.0.1:40000", 1)));
        assert!(!client.mirrors(&pair("127.0.0.1:8443", "127.0.0.1:40000", 2)));
        let unknown = pair("[::1]:40000", "[::1]:8443", 0);
        assert!(!unknown.mirrors(&pair("[::1]:8443", "[::1]:40000", 0)));
    }
}
