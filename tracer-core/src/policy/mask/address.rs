//! Addresses of electronic mail and of the network.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str,
};

use super::{
    kind::Kind,
    span::{Span, begins_word},
};

/// The longest local part that is looked for; RFC 5321 has 64.
const LOCAL: usize = 256;
/// The longest domain (RFC 1035).
const DOMAIN: usize = 255;

/// The address around the `@` at `at`.
pub(super) fn email(text: &[u8], at: usize) -> Option<Span> {
    let local = text
        .get(..at)?
        .iter()
        .rev()
        .take(LOCAL)
        .take_while(|byte| is_local(**byte))
        .count();
    let mut start = at - local;
    while text
        .get(start)
        .is_some_and(|byte| matches!(byte, b'.' | b'\'' | b'%' | b'=' | b'/' | b'-'))
    {
        start += 1;
    }
    // The letter of an escape is not of the address.
    if start > 0
        && text.get(start - 1) == Some(&b'\\')
        && matches!(text.get(start), Some(b'n' | b't' | b'r'))
        && start + 1 < at
    {
        start += 1;
    }
    let domain = text.get(at + 1..)?;
    let length = domain
        .iter()
        .take(DOMAIN)
        .take_while(|byte| is_domain(**byte))
        .count();
    let mut domain = domain.get(..length)?;
    while let Some((b'.' | b'-', rest)) = domain.split_last() {
        domain = rest;
    }
    let top = memchr::memrchr(b'.', domain)?;
    let top = domain.get(top + 1..)?;
    let lettered = top.len() >= 2
        && top
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80 || *byte == b'-');
    // `git@host:path` names a repository.
    let repository =
        text.get(start..at)? == b"git" && text.get(at + 1 + domain.len()) == Some(&b':');
    (start < at && lettered && !repository)
        .then(|| Span::new(start, at + 1 + domain.len(), Kind::Email))
}

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(
            byte,
            b'.' | b'_'
                | b'%'
                | b'+'
                | b'-'
                | b'\''
                | b'!'
                | b'#'
                | b'$'
                | b'*'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

const fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'.' | b'-')
}

/// The address of IPv4 whose first digit is at `at`. A version of four numbers looks the same, and is
/// masked, too, unless a `v` stands before it; addresses of no particular host are not.
pub(super) fn ipv4(text: &[u8], at: usize) -> Option<Span> {
    if at >= 1 && text.get(at - 1) == Some(&b'.') {
        return None;
    }
    let rest = text.get(at..)?;
    let length = rest
        .iter()
        .take(16)
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    let mut digits = rest.get(..length)?;
    if let Some((b'.', sentence)) = digits.split_last() {
        digits = sentence;
    }
    if rest
        .get(digits.len())
        .is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let address: Ipv4Addr = str::from_utf8(digits).ok()?.parse().ok()?;
    let nobody =
        address.is_loopback() || address.is_unspecified() || address.octets().first() == Some(&255);
    (!nobody).then(|| Span::new(at, at + digits.len(), Kind::Ip))
}

/// The address of IPv6 around the colon at `at`.
pub(super) fn ipv6(text: &[u8], at: usize) -> Option<Span> {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let neighbour = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(is_part);
    if !neighbour(at.checked_sub(1)) && !neighbour(Some(at + 1)) {
        return None;
    }
    let before = text
        .get(..at)?
        .iter()
        .rev()
        .take(46)
        .take_while(|byte| is_part(byte))
        .count();
    let start = at - before;
    // Only from its first colon, so that each is looked at once.
    if memchr::memchr(b':', text.get(start..at)?).is_some() || !begins_word(text, start) {
        return None;
    }
    let rest = text.get(start..)?;
    let length = rest
        .iter()
        .take(46)
        .take_while(|byte| is_part(byte) || **byte == b'.')
        .count();
    let mut found = rest.get(..length)?;
    if rest
        .get(length)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        return None;
    }
    while let Some((b'.', sentence)) = found.split_last() {
        found = sentence;
    }
    let parse = |found: &[u8]| str::from_utf8(found).ok()?.parse::<Ipv6Addr>().ok();
    let address = parse(found).or_else(|| {
        found = found.strip_suffix(b":")?;
        parse(found)
    })?;
    let group = found
        .split(|byte| *byte == b':')
        .any(|group| group.len() >= 3);
    // `a::b` is a path of a program.
    let telling = group && found.iter().any(u8::is_ascii_digit) && found.len() >= 6;
    (telling && !address.is_loopback()).then(|| Span::new(start, start + found.len(), Kind::Ip))
}
