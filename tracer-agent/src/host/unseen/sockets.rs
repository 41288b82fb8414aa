//! What a network namespace tells of its sockets, from `/proc/PID/net`.

use std::{collections::HashMap, fs::File, io::Read as _, path::Path};

/// Most bytes read of one table: about 50,000 sockets.
const TABLE_BYTES: u64 = 8 << 20;
/// The port of HTTPS, and of HTTP/3.
const HTTPS: u16 = 443;
/// The kernel's number for a connected socket, of UDP too (`TCP_ESTABLISHED`).
const CONNECTED: &str = "01";

/// A connected socket that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Socket {
    /// TCP, to the port of HTTPS: TLS.
    Tls,
    /// UDP, to the port of HTTPS: QUIC.
    Quic,
    /// TCP, to any other port. Noted only where the kernel does TLS for somebody.
    OtherTcp,
}

/// What was found in one network namespace.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// By their inode.
    pub(super) by_inode: HashMap<u64, Socket>,
    /// Whether the kernel does the TLS of some of them (kTLS). It does not tell of which.
    pub(super) kernel_tls: bool,
}

impl Sockets {
    /// Those of the network namespace that `process` (a folder below `/proc`) is in.
    pub(super) fn of(process: &Path) -> Self {
        let read = |name| read(&process.join("net").join(name)).unwrap_or_default();
        let kernel_tls = does_tls(&read("tls_stat"));
        let mut by_inode = HashMap::new();
        for (name, https) in [
            ("tcp", Socket::Tls),
            ("tcp6", Socket::Tls),
            ("udp", Socket::Quic),
            ("udp6", Socket::Quic),
        ] {
            let other = (kernel_tls && https == Socket::Tls).then_some(Socket::OtherTcp);
            by_inode.extend(connected(&read(name)).filter_map(|(inode, port)| {
                let kind = if port == HTTPS { Some(https) } else { other };
                Some((inode, kind?))
            }));
        }
        Self {
            by_inode,
            kernel_tls,
        }
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(TABLE_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Inodes of connected sockets, and the ports that they are connected to. Lines are `number: local remote
/// state queues timer retransmits uid timeout inode …` (proc_net_tcp(5)).
fn connected(table: &str) -> impl Iterator<Item = (u64, u16)> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (_, port) = fields.nth(2)?.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (fields.next()? == CONNECTED).then_some(())?;
        Some((fields.nth(5)?.parse().ok()?, port))
    })
}

/// Whether connections are there now whose TLS the kernel or a device does. Lines are `TlsCurrTxSw N`
/// (Linux, `Documentation/networking/tls.rst`, statistics).
fn does_tls(statistics: &str) -> bool {
    statistics.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let is_current = fields
            .next()
            .is_some_and(|name| name.starts_with("TlsCurr"));
        is_current && fields.next().and_then(|count| count.parse().ok()) > Some(0_u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_connected_counts() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
   1: 0A00020F:9C40 5DB8D822:01BB 01 00000000:00000000 02:0000AF1C 00000000  1000        0 22 2 0
   2: 0A00020F:9C42 5DB8D822:0050 01 00000000:00000000 02:0000AF1C 00000000  1000        0 33 2 0
   3: 0A00020F:01BB 5DB8D822:9C42 01 00000000:00000000 02:0000AF1C 00000000  1000        0 44 2 0
   4: 0A00020F:9C46 5DB8D822:01BB 06 00000000:00000000 02:0000AF1C 00000000  1000        0 55 2 0
   5: cut
";
        let found: Vec<_> = connected(table).collect();
        assert_eq!(found, [(22, 443), (33, 80), (44, 0x9c42)]);
    }

    #[test]
    fn tls_of_the_kernel_counts_while_it_is_there() {
        let statistics =
            |now| format!("TlsCurrTxSw                     \t{now}\nTlsCurrRxSw\t0\nTlsTxSw\t9\n");
        assert!(does_tls(&statistics(1)));
        assert!(!does_tls(&statistics(0)));
        assert!(!does_tls(""));
    }
}
