//! What the core asks of the kernel for a connection.

/// How much of a connection the kernel should forward from now on.
///
/// A new connection starts with a bounded head in each direction (the capture side's choice);
/// the core decides once it knows what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Not LLM traffic, or a side of it that is not read: forward nothing more, ever.
    Ignore,
    /// Hardly: forward a short head of each turn, in which a call would show.
    Watch,
    /// Perhaps: forward a head of each turn that holds most requests.
    HeadOnly,
    /// The same of a connection that the process serves: requests are what it reads.
    HeadOnlyServed,
    /// LLM traffic: forward everything up to the cap per exchange.
    Full,
}
