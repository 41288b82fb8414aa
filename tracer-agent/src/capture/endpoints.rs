//! The ends of sockets: where this kernel keeps them, and what the kernel half reads there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tracer_common::endpoints::{AF_INET, AF_INET6, EndpointLayout, Endpoints};
use tracer_core::socket::SocketPair;

use super::kernel_btf::{self, BtfError};

/// Where the running kernel keeps the ends of a socket; all zero if it lacks one of these members.
///
/// # Errors
/// If the kernel shows no type information.
pub fn layout() -> Result<EndpointLayout, BtfError> {
    const COMMON: &str = "sock_common";
    let wanted = [
        ("sock", "__sk_common"),
        ("sock", "sk_protocol"),
        (COMMON, "skc_family"),
        (COMMON, "skc_num"),
        (COMMON, "skc_dport"),
        (COMMON, "skc_rcv_saddr"),
        (COMMON, "skc_daddr"),
        (COMMON, "skc_v6_rcv_saddr"),
        (COMMON, "skc_v6_daddr"),
        (COMMON, "skc_net"),
        ("net", "ns"),
        ("ns_common", "inum"),
    ];
    let found = kernel_btf::member_offsets(&wanted)?;
    let at = |member| found.get(&member).copied();
    let base = at(("sock", "__sk_common"));
    let common = |name| Some(base? + at((COMMON, name))?);
    let layout = || {
        Some(EndpointLayout {
            protocol: at(("sock", "sk_protocol"))?,
            family: common("skc_family")?,
            local_port: common("skc_num")?,
            peer_port: common("skc_dport")?,
            local_v4: common("skc_rcv_saddr")?,
            peer_v4: common("skc_daddr")?,
            local_v6: common("skc_v6_rcv_saddr").unwrap_or(0),
            peer_v6: common("skc_v6_daddr").unwrap_or(0),
            network: common("skc_net")?,
            inode: at(("net", "ns"))? + at(("ns_common", "inum"))?,
        })
    };
    Ok(layout().unwrap_or_default())
}

/// What the kernel half read; `None` if it cannot have read it.
pub(super) fn pair(ends: &Endpoints) -> Option<SocketPair> {
    let end = |address: [u8; 16], port| {
        let ip = match ends.family {
            AF_INET => {
                let [a, b, c, d, ..] = address;
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            AF_INET6 => Ipv6Addr::from(address).to_canonical(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    };
    Some(SocketPair {
        local: end(ends.local, ends.local_port)?,
        peer: end(ends.peer, ends.peer_port)?,
        network: ends.network,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_addresses_on_a_socket_for_both_families_are_ipv4_addresses() {
        let mapped = |last| Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().octets();
        let ends = Endpoints {
            local: mapped(1),
            peer: mapped(2),
            local_port: 1,
            peer_port: 2,
            family: AF_INET6,
            ..Endpoints::default()
        };
        let pair = pair(&ends).unwrap();
        assert_eq!(pair.local, "10.0.0.1:1".parse().unwrap());
        assert_eq!(pair.peer, "10.0.0.2:2".parse().unwrap());
    }

    #[test]
    fn this_kernel_tells_where_the_ends_are() {
        let layout = match layout() {
            Ok(layout) => layout,
            Err(error) => return println!("skipped: {error}"),
        };
        assert_ne!(layout.protocol, 0, "{layout:?}");
        // As in every kernel since Linux 3.13.
        assert_eq!((layout.peer_v4, layout.local_v4), (0, 4), "{layout:?}");
        assert_eq!(
            (layout.peer_port, layout.local_port),
            (12, 14),
            "{layout:?}"
        );
    }
}
