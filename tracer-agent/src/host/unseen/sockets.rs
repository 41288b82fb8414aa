//! Which of a network namespace's sockets are connected to the port of HTTPS, from `/proc/PID/net`.

use std::{collections::HashMap, fs::File, io::Read as _, path::Path};

/// Most bytes read of one table: about 50,000 sockets.
const TABLE_BYTES: u64 = 8 << 20;
/// The port of HTTPS, and of HTTP/3.
const HTTPS: u16 = 443;
/// The kernel's number for a connected socket, of UDP too (`TCP_ESTABLISHED`).
const CONNECTED: &str = "01";

/// How a socket that is connected to the port of HTTPS carries what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Https {
    /// TLS over TCP.
    Tls,
    /// QUIC over UDP.
    Quic,
}

/// Sockets by their inode.
pub(super) type HttpsSockets = HashMap<u64, Https>;

/// Those of the network namespace that `process` (a folder below `/proc`) is in.
pub(super) fn https_sockets(process: &Path) -> HttpsSockets {
    let tables = [
        ("tcp", Https::Tls),
        ("tcp6", Https::Tls),
        ("udp", Https::Quic),
        ("udp6", Https::Quic),
    ];
    let mut sockets = HttpsSockets::new();
    for (name, kind) in tables {
        let mut text = String::new();
        let read = File::open(process.join("net").join(name))
            .and_then(|file| file.take(TABLE_BYTES).read_to_string(&mut text));
        if read.is_ok() {
            sockets.extend(connected(&text).map(|inode| (inode, kind)));
        }
    }
    sockets
}

/// Lines are `number: local remote state queues timer retransmits uid timeout inode …` (proc_net_tcp(5)).
fn connected(table: &str) -> impl Iterator<Item = u64> {
    table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (_, port) = fields.nth(2)?.rsplit_once(':')?;
        let is_https = u16::from_str_radix(port, 16) == Ok(HTTPS);
        (is_https && fields.next()? == CONNECTED).then_some(())?;
        fields.nth(5)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::connected;

    #[test]
    fn only_what_is_connected_to_https_counts() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
   1: 0A00020F:9C40 5DB8D822:01BB 01 00000000:00000000 02:0000AF1C 00000000  1000        0 22 2 0
   2: 0A00020F:9C42 5DB8D822:0050 01 00000000:00000000 02:0000AF1C 00000000  1000        0 33 2 0
   3: 0A00020F:01BB 5DB8D822:9C42 01 00000000:00000000 02:0000AF1C 00000000  1000        0 44 2 0
   4: 0A00020F:9C46 5DB8D822:01BB 06 00000000:00000000 02:0000AF1C 00000000  1000        0 55 2 0
   5: cut
";
        assert_eq!(connected(table).collect::<Vec<_>>(), [22]);
    }
}
