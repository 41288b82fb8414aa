//! Why a file is not probed, for people who expected it to be.

use memchr::memmem;
use object::elf;

use super::elf::{ElfError, ElfImage, Machine};

/// Bytes of constants searched for the marks of a TLS library.
const MAX_CONSTANTS: u64 = 64 * 1024 * 1024;
const CHUNK: u64 = 256 * 1024;

/// Why there is nothing to probe in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTraceable {
    /// No TLS function by name; most programs get TLS from a library they load.
    #[error("no tls functions by name")]
    NoTlsSymbols,
    /// A Go program, whose TLS is Go's own `crypto/tls`, and not as its compiler is known to make it.
    #[error("go program: the functions of crypto/tls are not recognised for certain")]
    Go,
    /// A Go program of a release that passes arguments on the stack.
    #[error("go program: built with go before 1.17 (on arm64 before 1.18)")]
    OldGo,
    /// Built with rustls, and its record layer not as compilers are known to leave it.
    #[error("rustls built in: its record layer is not recognised for certain")]
    Rustls,
    /// BoringSSL or the TLS of aws-lc, linked in without symbols and not as compilers are known to
    /// leave it.
    #[error("boringssl built in without symbols: its functions are not recognised for certain")]
    StrippedBoringSsl,
    /// The same of OpenSSL.
    #[error("openssl built in without symbols: its functions are not recognised for certain")]
    StrippedOpenSsl,
    /// TLS by the words that its specification has, of nobody who is known.
    #[error("tls built in, of a kind that is not known")]
    Unknown,
    /// A Java launcher, or the virtual machine itself: TLS is done in Java.
    #[error("java program: its tls is not traced yet")]
    Java,
    /// A GnuTLS of which not both directions are found.
    #[error("gnutls: its functions are not found")]
    GnuTls,
    /// A build of Mozilla's NSS that is not as compilers are known to leave it, or linked in without
    /// symbols.
    #[error("nss: its functions are not recognised for certain")]
    Nss,
    /// The file is for another machine than this host.
    #[error("built for {0}, which this host's agent cannot analyse")]
    WrongArchitecture(Machine),
    /// Where return probes are not used, and their place is not certain.
    #[error("its reads or writes are seen by return probes only, which are not used here")]
    NeedsReturnProbes,
    /// The bound on files under probe is reached.
    #[error("{0} files are under probe already, which is the limit: exclude programs from tracing")]
    TooManyFiles(usize),
    /// The file is not readable or not sound.
    #[error("{0}")]
    Unreadable(String),
}

impl NotTraceable {
    /// The reason as far as headers and symbol names tell: a few small reads.
    pub(super) fn at_a_glance(image: &ElfImage) -> Self {
        image.dynamic_names().map_or(Self::NoTlsSymbols, |names| {
            let has = |name: &str| memmem::find(&names, name.as_bytes()).is_some();
            if has("\0JLI_Launch\0") || has("\0JNI_CreateJavaVM\0") {
                Self::Java
            } else {
                Self::NoTlsSymbols
            }
        })
    }

    /// Looks closer, into the constants of the program, where the first glance found nothing:
    /// reads up to 64 MiB, so for reports, not for every program that starts.
    pub fn explain(self, image: &ElfImage) -> Self {
        if self != Self::NoTlsSymbols {
            return self;
        }
        // The last one is part of all that speak TLS 1.3 (RFC 8446 section 7.1).
        let marks: [(&[u8], Self); 3] = [
            (b"/rustls-0.", Self::Rustls),
            (b"nss/lib/ssl/sslsecur.c", Self::Nss),
            (b"c ap traffic", Self::Unknown),
        ];
        let finders = marks.each_ref().map(|(mark, _)| memmem::Finder::new(mark));
        let mut seen = [false; 3];
        let overlap = marks
            .iter()
            .map(|(mark, _)| mark.len() as u64)
            .max()
            .unwrap_or_default();
        for (offset, size) in image.constants() {
            let mut at = 0;
            while at < size.min(MAX_CONSTANTS) {
                let length = (CHUNK + overlap).min(size - at);
                let Ok(bytes) = image.read_vec(offset.saturating_add(at), length) else {
                    break;
                };
                for (seen, finder) in seen.iter_mut().zip(&finders) {
                    *seen |= finder.find(&bytes).is_some();
                }
                at += CHUNK;
            }
        }
        let first = marks.into_iter().zip(seen).find(|(_, seen)| *seen);
        first.map_or(self, |((_, reason), _)| reason)
    }
}

impl From<ElfError> for NotTraceable {
    fn from(error: ElfError) -> Self {
        match error {
            // Code of .NET, of Wine, of a compiler at run time: mapped, and nothing that we could miss.
            ElfError::NotElf => Self::NoTlsSymbols,
            error => Self::Unreadable(error.to_string()),
        }
    }
}

impl ElfImage {
    /// The dynamic string table, when it is small enough to look through whole.
    fn dynamic_names(&self) -> Option<Vec<u8>> {
        let table = self
            .sections
            .iter()
            .find(|section| section.kind == elf::SHT_DYNSYM)?;
        let names = self.sections.get(table.link as usize)?;
        (names.size <= CHUNK).then(|| self.read_vec(names.offset, names.size).ok())?
    }
}
