//! What a probe is told about the place it sits at, through the attach cookie.

/// How a probe finds the number of bytes that a successful call moved.
///
/// The value of the attach cookie; anything else is read as [`CountFrom::Return`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum CountFrom {
    /// The return value is the count, when positive.
    Return = 0,
    /// The fourth argument points to a `size_t`, valid when the return value is positive.
    FourthArgument = 4,
    /// The fifth argument points to a `size_t`, valid when the return value is positive.
    FifthArgument = 5,
}
