//! One look at processes.

use std::{collections::HashMap, fs, io::Read as _, path::Path};

use super::sockets::{Socket, Sockets};
use crate::host::{procfs::ProcFs, program::file_name};

/// Bytes of one process's maps that are read.
const MAPS_BYTES: u64 = 8 << 20;

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

/// Something that a process does, or may do, and that is not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// It maps a TLS library that is not traced.
    ForeignTls {
        /// What it is called.
        name: &'static str,
        /// Device and inode of its file, as `maps` tells them.
        file: String,
    },
    /// It maps a library of QUIC, or has a UDP socket connected to port 443.
    Quic,
    /// It has an io_uring.
    IoUring,
    /// It is connected to port 443, and there is no TLS in it that is known.
    UnknownTls,
    /// It has TLS and a connection, where the kernel does the TLS of some connections. Bias: which, the
    /// kernel tells nobody without CAP_NET_ADMIN in that network namespace, so all such processes of the
    /// namespace are taken for one.
    KernelTls,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Descriptors of one process.
    pub descriptors: usize,
    /// Network namespaces.
    pub namespaces: usize,
}

/// Looks at processes; tables of sockets are read once for each network namespace.
#[derive(Debug)]
pub struct Look<'a> {
    proc: &'a ProcFs,
    bounds: Bounds,
    sockets: HashMap<String, Sockets>,
}

/// What the descriptors of a process show.
#[derive(Debug, Default, PartialEq, Eq)]
struct Descriptors {
    io_uring: bool,
    tls: bool,
    quic: bool,
    /// A connection where the kernel does TLS.
    kernel_tls: bool,
}

impl<'a> Look<'a> {
    /// A look that begins.
    pub fn new(proc: &'a ProcFs, bounds: Bounds) -> Self {
        Self {
            proc,
            bounds,
            sockets: HashMap::new(),
        }
    }

    /// What is not seen of a process, in which TLS that can be told from its files was found or not.
    pub fn at(&mut self, pid: u32, tls_is_known: bool) -> Vec<Unseen> {
        let Libraries { tls, quic } = foreign_libraries(&self.proc.path(pid, "maps"));
        let open = self.descriptors(pid);
        let has_tls = tls_is_known || !tls.is_empty() || open.tls;
        let is_unknown = open.tls && !tls_is_known && tls.is_empty();
        let mut unseen = tls;
        unseen.extend((quic || open.quic).then_some(Unseen::Quic));
        unseen.extend(open.io_uring.then_some(Unseen::IoUring));
        unseen.extend(is_unknown.then_some(Unseen::UnknownTls));
        unseen.extend((open.kernel_tls && has_tls).then_some(Unseen::KernelTls));
        unseen
    }

    fn descriptors(&mut self, pid: u32) -> Descriptors {
        let mut seen = Descriptors::default();
        let process = self.proc.path(pid, "");
        let Ok(entries) = fs::read_dir(process.join("fd")) else {
            return seen;
        };
        let links = entries.flatten().take(self.bounds.descriptors);
        let mut inodes = Vec::new();
        for target in links.filter_map(|entry| fs::read_link(entry.path()).ok()) {
            let target = target.to_string_lossy();
            seen.io_uring |= target == "anon_inode:[io_uring]";
            let inode = target.strip_prefix("socket:[");
            inodes.extend(inode.and_then(|rest| rest.strip_suffix(']')?.parse::<u64>().ok()));
        }
        // Many processes have no socket: for them nothing is read.
        if inodes.is_empty() {
            return seen;
        }
        let Some(sockets) = self.namespace(pid, &process) else {
            return seen;
        };
        for kind in inodes.iter().filter_map(|it| sockets.by_inode.get(it)) {
            seen.tls |= *kind == Socket::Tls;
            seen.quic |= *kind == Socket::Quic;
            seen.kernel_tls |= sockets.kernel_tls && *kind != Socket::Quic;
        }
        seen
    }

    fn namespace(&mut self, pid: u32, process: &Path) -> Option<&Sockets> {
        let name = self.proc.namespace(&pid.to_string(), "net")?;
        let is_known = self.sockets.contains_key(&name);
        if !is_known && self.sockets.len() >= self.bounds.namespaces {
            return None;
        }
        let look = || Sockets::of(process);
        Some(self.sockets.entry(name).or_insert_with(look))
    }
}

/// What the libraries of a process show.
#[derive(Debug, Default, PartialEq, Eq)]
struct Libraries {
    tls: Vec<Unseen>,
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

/// Lines are `start-end perms offset major:minor inode path` (proc_pid_maps(5)).
fn foreign(maps: &str) -> Libraries {
    let mut libraries = Libraries::default();
    for line in maps.lines() {
        let Some(at) = line.find('/') else { continue };
        let (numbers, path) = line.split_at(at);
        let file = file_name(path);
        libraries.quic |= QUIC.iter().any(|library| is_named(file, library));
        let Some((_, name)) = FOREIGN.iter().find(|(library, _)| is_named(file, library)) else {
            continue;
        };
        let is_known =
            |it: &Unseen| matches!(it, Unseen::ForeignTls { name: known, .. } if known == name);
        if !libraries.tls.iter().any(is_known) {
            let mut fields = numbers.split_whitespace().skip(3);
            let (device, inode) = (fields.next(), fields.next());
            libraries.tls.push(Unseen::ForeignTls {
                name,
                file: format!(
                    "{} {}",
                    device.unwrap_or_default(),
                    inode.unwrap_or_default()
                ),
            });
        }
    }
    libraries
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    const ALL: Bounds = Bounds {
        descriptors: 16,
        namespaces: 1,
    };

    fn names(maps: &str) -> Vec<&'static str> {
        let name = |it: &Unseen| match it {
            Unseen::ForeignTls { name, .. } => *name,
            other => panic!("{other:?}"),
        };
        foreign(maps).tls.iter().map(name).collect()
    }

    #[test]
    fn libraries_that_are_not_traced_have_names() {
        let maps = "\
7f00-7f01 r--p 00000000 fe:00 1    /usr/lib/libmbedtls.so.14
7f01-7f02 r-xp 00001000 fe:00 1    /usr/lib/libmbedtls.so.14
7f02-7f03 r-xp 00000000 fe:00 2    /opt/a b/libwolfssl.so.42 (deleted)
7f03-7f04 r-xp 00000000 fe:00 3    /usr/lib/libssl.so.3
7f04-7f05 rw-p 00000000 00:00 0    [heap]
";
        assert_eq!(names(maps), ["mbedTLS", "wolfSSL"]);
        assert!(!foreign(maps).quic);
        let first = Unseen::ForeignTls {
            name: "mbedTLS",
            file: "fe:00 1".to_owned(),
        };
        assert_eq!(foreign(maps).tls[0], first);
        let bundled = "1-2 r-xp 0 0:0 1 /a.libs/libmbedtls-1a2b3c4d.so.14\n";
        assert_eq!(names(bundled), ["mbedTLS"]);
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
        let connected_to =
            |port| format!("head\n 1: 0A00020F:9C40 5DB8D822:{port} 01 0:0 0:0 0 0 0 22 2\n");
        fs::write(process.join("net/tcp"), connected_to("01BB")).unwrap();
        fs::write(process.join("maps"), "").unwrap();
        let proc = ProcFs::new(root.path());
        let look = |tls_is_known, bounds| Look::new(&proc, bounds).at(7, tls_is_known);
        assert_eq!(look(false, ALL), [Unseen::IoUring, Unseen::UnknownTls]);
        assert_eq!(look(true, ALL), [Unseen::IoUring]);
        // A look has its bounds.
        let none = Bounds {
            descriptors: 0,
            namespaces: 0,
        };
        assert_eq!(look(false, none), []);
        let blind = Bounds {
            namespaces: 0,
            ..ALL
        };
        assert_eq!(look(false, blind), [Unseen::IoUring]);
        fs::rename(process.join("net/tcp"), process.join("net/udp")).unwrap();
        assert_eq!(look(true, ALL), [Unseen::Quic, Unseen::IoUring]);
        fs::remove_file(process.join("net/udp")).unwrap();

        // Where the kernel does TLS, any port may be that of such a connection.
        fs::write(process.join("net/tcp"), connected_to("2328")).unwrap();
        assert_eq!(look(true, ALL), [Unseen::IoUring]);
        fs::write(process.join("net/tls_stat"), "TlsCurrTxSw \t1\n").unwrap();
        assert_eq!(look(true, ALL), [Unseen::IoUring, Unseen::KernelTls]);
        assert_eq!(look(false, ALL), [Unseen::IoUring], "it has no TLS");
    }
}
