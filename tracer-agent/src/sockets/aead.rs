//! How much longer records of TLS are than what they carry.

/// Longest plaintext of a record (RFC 8446 section 5.1).
const RECORD: u64 = 1 << 14;

/// What each record adds: its header of 5 bytes and
/// - a tag of 16 (TLS 1.2 with ChaCha20-Poly1305, RFC 7905),
/// - the same and the type of its content (TLS 1.3, RFC 8446 section 5.2),
/// - the same and an explicit nonce of 8 (TLS 1.2 with AES-GCM, RFC 5288).
const ADDED: [u64; 3] = [21, 22, 29];
/// What may leave with the first records: Finished of TLS 1.3 with a hash of 32 or 48 bytes, with or
/// without a change of cipher before it (RFC 8446 appendix D.4), or nothing.
const FINISHED: [u64; 5] = [0, 58, 64, 74, 80];
/// Plaintext of `close_notify`, which may come with the last records.
const CLOSE_NOTIFY: u64 = 2;
/// The most that a record adds with any cipher: an initialisation vector, a long hash and padding.
const MOST_ADDED: u64 = 5 + 16 + 48 + 16;
/// What else may be with them.
const MOST_BEFORE: u64 = 256;

/// Plaintext that was given to a TLS library, or came from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Plaintext {
    /// How many bytes.
    pub bytes: u64,
    /// In how many records, at least.
    pub records: u64,
}

/// Whether bytes of a socket may be the records of a plaintext, the better the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// By no cipher.
    No,
    /// With other records, or by a cipher with padding.
    Loose,
    /// These records and nothing else, by a cipher of today.
    Exact,
}

impl Plaintext {
    /// What one call of the library moved. It fills its records.
    pub(super) const fn of_call(bytes: u64) -> Self {
        Self {
            bytes,
            records: bytes.div_ceil(RECORD),
        }
    }

    /// Both one after the other.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            records: self.records.saturating_add(other.records),
        }
    }

    /// Whether `sent` bytes may be its records, or the end of a handshake and these.
    pub(super) fn fits_sent(self, sent: u64) -> Fit {
        let exact = |added: u64, each: u64| {
            let handshake = added.checked_sub(each * self.records);
            handshake.is_some_and(|bytes| FINISHED.contains(&bytes))
        };
        self.fits(sent, exact)
    }

    /// Whether `received` bytes may be its records, or these and a farewell.
    pub(super) fn fits_received(self, received: u64) -> Fit {
        let exact = |added: u64, each: u64| {
            let farewell = added.checked_sub(each * self.records);
            farewell.is_some_and(|bytes| bytes == 0 || bytes == each + CLOSE_NOTIFY)
        };
        self.fits(received, exact)
    }

    fn fits(self, sealed: u64, exact: impl Fn(u64, u64) -> bool) -> Fit {
        let Some(added) = sealed.checked_sub(self.bytes) else {
            return Fit::No;
        };
        if ADDED.iter().any(|each| exact(added, *each)) {
            return Fit::Exact;
        }
        let [least, ..] = ADDED.map(|each| each * self.records);
        let most = MOST_ADDED
            .saturating_mul(self.records)
            .saturating_add(MOST_BEFORE);
        if (least..=most).contains(&added) {
            Fit::Loose
        } else {
            Fit::No
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_todays_ciphers_fit_exactly() {
        // Lengths on the wire of one record with 100 bytes, by each construction.
        for sealed in [121, 122, 129] {
            assert_eq!(Plaintext::of_call(100).fits_sent(sealed), Fit::Exact);
            assert_eq!(Plaintext::of_call(100).fits_received(sealed), Fit::Exact);
        }
        // 40000 bytes are two full records and one of 7232 bytes.
        assert_eq!(Plaintext::of_call(40_000).fits_sent(40_066), Fit::Exact);
        let two = Plaintext::of_call(100).and(Plaintext::of_call(30));
        assert_eq!(two.fits_received(174), Fit::Exact);
    }

    #[test]
    fn the_end_of_a_handshake_leaves_with_the_first_record() {
        // Of TLS 1.3 with SHA-384: a change of cipher (6 bytes), Finished (5 + 4 + 48 + 1 + 16).
        let call = Plaintext::of_call(212);
        assert_eq!(call.fits_sent(314), Fit::Exact);
        assert_eq!(call.fits_received(314), Fit::Loose);
    }

    #[test]
    fn a_farewell_comes_with_the_last_record() {
        // Of TLS 1.3: 5 + 2 + 1 + 16 bytes.
        let call = Plaintext::of_call(812);
        assert_eq!(call.fits_received(858), Fit::Exact);
        assert_eq!(call.fits_sent(858), Fit::Loose);
    }

    #[test]
    fn others_fit_loosely_or_not() {
        let call = Plaintext::of_call(100);
        assert_eq!(call.fits_sent(100), Fit::No);
        assert_eq!(call.fits_sent(90), Fit::No);
        // AES-CBC with HMAC-SHA256 (RFC 5246): 5 + 16 + 100 + 32 and padding to 16.
        assert_eq!(call.fits_sent(165), Fit::Loose);
        assert_eq!(call.fits_sent(10_000), Fit::No);
    }
}
