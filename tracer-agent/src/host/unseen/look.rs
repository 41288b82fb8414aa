//! What a process does that is not seen whatever files are probed.

use std::{collections::HashMap, fs, io::Read as _, path::Path};

use super::{
    endpoints::{Https, HttpsSockets, https_sockets},
    report::Missed,
};
use crate::host::{procfs::ProcFs, program::file_name};

/// Bytes of one process's maps that are read.
const MAPS_BYTES: u64 = 8 << 20;
/// Descriptors of one process that are looked at.
const DESCRIPTORS: usize = 16 << 10;

/// TLS libraries that are not traced, by what their files' names begin with.
const FOREIGN: [(&str, &str); 8] = [
    ("libmbedtls.", "mbedTLS"),
    ("libwolfssl.", "wolfSSL"),
    ("libs2n.", "s2n-tls"),
    ("libbearssl.", "BearSSL"),
    ("libtls.", "libtls of LibreSSL"),
    ("libbotan-", "Botan"),
    ("libmatrixssl.", "MatrixSSL"),
    ("secur32.", "Schannel of Wine"),
];
/// Libraries that speak QUIC.
const QUIC: [&str; 5] = [
    "libngtcp2.",
    "libquiche.",
    "libmsquic.",
    "libpicoquic",
    "liblsquic.",
];

/// Looks at processes; tables of sockets are read once for each network namespace.
pub(super) struct BlindSpots<'a> {
    proc: &'a ProcFs,
    sockets: HashMap<String, HttpsSockets>,
}

/// What the descriptors of a process show.
#[derive(Debug, Default, PartialEq, Eq)]
struct Descriptors {
    io_uring: bool,
    tls: bool,
    quic: bool,
}

impl<'a> BlindSpots<'a> {
    pub(super) fn new(proc: &'a ProcFs) -> Self {
        Self {
            proc,
            sockets: HashMap::new(),
        }
    }

    /// What is not seen of a process, in which TLS that can be told from its files was found or not.
    pub(super) fn of(&mut self, pid: u32, tls_is_known: bool) -> Vec<Missed> {
        let libraries = foreign_libraries(&self.proc.path(pid, "maps"));
        let open = self.descriptors(pid);
        let mut missed = Vec::new();
        for name in &libraries.tls {
            missed.push(Missed {
                code: "foreign_tls",
                reason: format!("{name}: a tls library that is not traced"),
                advice: "use a build with OpenSSL, GnuTLS or NSS, or send its calls through a proxy on this host that uses OpenSSL",
            });
        }
        if libraries.quic || open.quic {
            missed.push(Missed {
                code: "quic",
                reason: "it uses quic: calls by http/3 are not seen".to_owned(),
                advice: "turn HTTP/3 off in the client; over TCP its calls are seen",
            });
        }
        if open.io_uring {
            missed.push(Missed {
                code: "io_uring",
                reason: "it uses io_uring: calls without tls that it makes through it are not seen"
                    .to_owned(),
                advice: "turn io_uring off in the client's runtime, or let it use TLS, which is seen before",
            });
        }
        if open.tls && !tls_is_known && libraries.tls.is_empty() {
            missed.push(Missed {
                code: "unknown_tls",
                reason: "it is connected to port 443, and no tls that is known was found in it"
                    .to_owned(),
                advice: "use a build that loads libssl, or send its calls through a proxy on this host that uses OpenSSL",
            });
        }
        missed
    }

    fn descriptors(&mut self, pid: u32) -> Descriptors {
        let mut seen = Descriptors::default();
        let process = self.proc.path(pid, "");
        let Ok(entries) = fs::read_dir(process.join("fd")) else {
            return seen;
        };
        let namespace = self.proc.namespace(&pid.to_string(), "net");
        let sockets = namespace.map(|namespace| {
            let read = || https_sockets(&process);
            &*self.sockets.entry(namespace).or_insert_with(read)
        });
        for entry in entries.flatten().take(DESCRIPTORS) {
            let Ok(target) = fs::read_link(entry.path()) else {
                continue;
            };
            let target = target.to_string_lossy();
            seen.io_uring |= target == "anon_inode:[io_uring]";
            let inode = target
                .strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']')?.parse().ok());
            let kind = inode.and_then(|inode: u64| sockets?.get(&inode));
            seen.tls |= kind == Some(&Https::Tls);
            seen.quic |= kind == Some(&Https::Quic);
        }
        seen
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Libraries {
    tls: Vec<&'static str>,
    quic: bool,
}

fn foreign_libraries(maps: &Path) -> Libraries {
    let mut text = Vec::new();
    let read = fs::File::open(maps).and_then(|file| file.take(MAPS_BYTES).read_to_end(&mut text));
    if read.is_err() {
        return Libraries::default();
    }
    foreign(&String::from_utf8_lossy(&text))
}

/// Whether a file is a library of this name: those that are bundled with a package have a mark of theirs in
/// theirs (`libmbedtls-1a2b3c4d.so.14`).
fn is_named(file: &str, library: &str) -> bool {
    let bundled = || {
        let rest = file.strip_prefix(library.strip_suffix('.')?)?;
        rest.strip_prefix('-')?.contains(".so").then_some(())
    };
    file.starts_with(library) || bundled().is_some()
}

fn foreign(maps: &str) -> Libraries {
    let mut libraries = Libraries::default();
    for line in maps.lines() {
        let Some(at) = line.find('/') else { continue };
        let name = file_name(line.get(at..).unwrap_or_default());
        libraries.quic |= QUIC.iter().any(|library| is_named(name, library));
        let known = FOREIGN.iter().find(|(library, _)| is_named(name, library));
        if let Some((_, name)) = known
            && !libraries.tls.contains(name)
        {
            libraries.tls.push(name);
        }
    }
    libraries
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn libraries_that_are_not_traced_have_names() {
        let maps = "\
7f00-7f01 r--p 00000000 fe:00 1    /usr/lib/libmbedtls.so.14
7f01-7f02 r-xp 00001000 fe:00 1    /usr/lib/libmbedtls.so.14
7f02-7f03 r-xp 00000000 fe:00 2    /opt/a b/libwolfssl.so.42 (deleted)
7f03-7f04 r-xp 00000000 fe:00 3    /usr/lib/libssl.so.3
7f04-7f05 rw-p 00000000 00:00 0    [heap]
";
        let libraries = foreign(maps);
        assert_eq!(libraries.tls, ["mbedTLS", "wolfSSL"]);
        assert!(!libraries.quic);
        let bundled = "1-2 r-xp 0 0:0 1 /a.libs/libmbedtls-1a2b3c4d.so.14\n";
        assert_eq!(foreign(bundled).tls, ["mbedTLS"]);
        assert!(foreign("1-2 r-xp 0 0:0 1 /lib/libngtcp2.so.16\n").quic);
    }

    #[test]
    fn what_a_process_has_open_shows_what_is_not_seen() {
        let root = tempfile::tempdir().unwrap();
        let process = root.path().join("7");
        for folder in ["fd", "net", "ns"] {
            fs::create_dir_all(process.join(folder)).unwrap();
        }
        symlink("net:[1]", process.join("ns/net")).unwrap();
        symlink("anon_inode:[io_uring]", process.join("fd/3")).unwrap();
        symlink("socket:[22]", process.join("fd/4")).unwrap();
        symlink("/dev/null", process.join("fd/0")).unwrap();
        let line = "head\n 1: 0A00020F:9C40 5DB8D822:01BB 01 0:0 0:0 0 0 0 22 2\n";
        fs::write(process.join("net/tcp"), line).unwrap();
        fs::write(process.join("maps"), "").unwrap();
        let proc = ProcFs::new(root.path());
        let codes = |tls_is_known| -> Vec<_> {
            let missed = BlindSpots::new(&proc).of(7, tls_is_known);
            missed.iter().map(|it| it.code).collect()
        };
        assert_eq!(codes(false), ["io_uring", "unknown_tls"]);
        assert_eq!(codes(true), ["io_uring"]);
        fs::rename(process.join("net/tcp"), process.join("net/udp")).unwrap();
        assert_eq!(codes(true), ["quic", "io_uring"]);
    }
}
