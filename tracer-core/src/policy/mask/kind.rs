//! What a masker finds, and how much of it: never what it was.

/// What was masked. The order says which name a place gets where several begin together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A private key in PEM.
    PrivateKey,
    /// A key, token, password, cookie or signature.
    Credential,
    /// A value at one of the operator's JSON paths.
    Field,
    /// A match of one of the operator's regular expressions.
    Custom,
    /// One of the operator's names.
    Name,
    /// An address of electronic mail.
    Email,
    /// A payment card, by its check digit.
    Card,
    /// A bank account, by its check digits.
    Iban,
    /// An address of IPv4 or IPv6.
    Ip,
    /// A telephone number.
    Phone,
    /// Base64 too long to look into.
    Encoded,
    /// The last word of a text whose rest was cut: it may be the beginning of anything.
    Cut,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::PrivateKey,
        Self::Credential,
        Self::Field,
        Self::Custom,
        Self::Name,
        Self::Email,
        Self::Card,
        Self::Iban,
        Self::Ip,
        Self::Phone,
        Self::Encoded,
        Self::Cut,
    ];

    /// The word in the placeholder.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PrivateKey => "PRIVATE_KEY",
            Self::Credential => "CREDENTIAL",
            Self::Field => "FIELD",
            Self::Custom => "CUSTOM",
            Self::Name => "NAME",
            Self::Email => "EMAIL",
            Self::Card => "CARD",
            Self::Iban => "IBAN",
            Self::Ip => "IP",
            Self::Phone => "PHONE",
            Self::Encoded => "ENCODED",
            Self::Cut => "CUT",
        }
    }
}

/// How many places of each kind were masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// Places of one kind.
    pub const fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// Places of any kind.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) const fn add(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    pub(super) fn add_all(&mut self, others: &Self) {
        for (count, other) in self.0.iter_mut().zip(others.0) {
            *count += other;
        }
    }
}
