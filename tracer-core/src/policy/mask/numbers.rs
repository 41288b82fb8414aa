//! Numbers that belong to people: cards, bank accounts, telephones.

use super::{
    kind::Kind,
    span::{Span, begins_word},
};

/// Groups of digits with one character between them, from the first digit of a run.
struct Groups {
    /// Begin, end, and what stands before it.
    groups: [(usize, usize, u8); 12],
    count: usize,
}

impl Groups {
    fn at(text: &[u8], start: usize) -> Self {
        let mut all = Self {
            groups: [(0, 0, 0); 12],
            count: 0,
        };
        let mut at = start;
        let mut before = 0;
        for group in &mut all.groups {
            let rest = text.get(at..).unwrap_or_default();
            let digits = rest
                .iter()
                .take(32)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                break;
            }
            *group = (at, at + digits, before);
            all.count += 1;
            at += digits;
            match text.get(at..) {
                Some([mark @ (b' ' | b'-' | b'.' | b'/'), b'0'..=b'9', ..]) => {
                    before = *mark;
                    at += 1;
                }
                Some([b')', b' ' | b'-', b'0'..=b'9', ..]) => {
                    before = b')';
                    at += 2;
                }
                Some([b')', b'0'..=b'9', ..]) => {
                    before = b')';
                    at += 1;
                }
                Some([b' ', b'(', b'0'..=b'9', ..]) => {
                    before = b'(';
                    at += 2;
                }
                _ => break,
            }
        }
        all
    }

    fn all(&self) -> &[(usize, usize, u8)] {
        self.groups.get(..self.count).unwrap_or_default()
    }
}

/// A card or a telephone whose first digit is at `at`, as far as those are asked for.
pub(super) fn find(text: &[u8], at: usize, (cards, phones): (bool, bool)) -> Option<Span> {
    let groups = Groups::at(text, at);
    let first = groups.all().first()?;
    // Most numbers are short and alone.
    if groups.count == 1 && first.1 - first.0 < 8 {
        return None;
    }
    let card = cards.then(|| card(text, groups.all())).flatten();
    card.or_else(|| phones.then(|| phone(text, groups.all())).flatten())
}

/// ISO/IEC 7812: 12 to 19 digits in the ranges of the networks, the last one a check digit.
fn card(text: &[u8], groups: &[(usize, usize, u8)]) -> Option<Span> {
    let (start, ..) = *groups.first()?;
    // The decimals of a number.
    if start >= 2
        && text.get(start - 1) == Some(&b'.')
        && text.get(start - 2).is_some_and(u8::is_ascii_digit)
    {
        return None;
    }
    let mut digits = [0_u8; 20];
    let mut count = 0;
    let mut found = None;
    for (index, &(from, to, before)) in groups.iter().enumerate() {
        if index > 0 && !matches!(before, b' ' | b'-' | b'.') {
            break;
        }
        for byte in text.get(from..to)? {
            *digits.get_mut(count)? = byte - b'0';
            count += 1;
            if count == digits.len() {
                return found;
            }
        }
        let free = !text.get(to).is_some_and(u8::is_ascii_alphanumeric);
        if free && is_card(digits.get(..count)?) {
            found = Some(Span::new(start, to, Kind::Card));
        }
    }
    found
}

fn is_card(digits: &[u8]) -> bool {
    let prefix = |length: usize| {
        digits
            .iter()
            .take(length)
            .fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
    };
    let fits = match digits.len() {
        13 => prefix(1) == 4,
        14 => matches!(prefix(3), 300..=305 | 309 | 360..=369 | 380..=399),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            prefix(1) == 4
                || matches!(prefix(2), 50..=69)
                || matches!(prefix(4), 2200..=2204 | 2221..=2720 | 3528..=3589)
        }
        12 | 17 | 18 => matches!(prefix(2), 50 | 56..=58 | 62 | 63 | 67),
        19 => prefix(1) == 4 || matches!(prefix(2), 50 | 56..=58 | 62 | 63 | 67),
        _ => false,
    };
    fits && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (1, digit @ 5..) => digit * 2 - 9,
            (1, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// E.164 with its plus sign; ten digits as North America writes them in groups; national numbers that
/// begin with zero and are written in groups. Digits without any of that are just a number.
fn phone(text: &[u8], groups: &[(usize, usize, u8)]) -> Option<Span> {
    let (start, first_end, _) = *groups.first()?;
    let before = |n: usize| start.checked_sub(n).and_then(|at| text.get(at)).copied();
    if matches!(before(1), Some(b'.' | b'/' | b':' | b'_' | b'='))
        && before(2).is_some_and(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    if before(1) == Some(b'+') {
        return international(text, groups);
    }
    let free = |end: usize| {
        !matches!(
            text.get(end..),
            Some(
                [b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_', ..]
                | [b'.' | b'-' | b':' | b'/', b'0'..=b'9', ..],
            )
        )
    };
    let length = |group: &(usize, usize, u8)| group.1 - group.0;
    let opened = usize::from(before(1) == Some(b'('));
    if text.get(start) == Some(&b'0') {
        // 00 49 …, 020 7946 0958, 06 12 34 56 78.
        let mark = groups.get(1)?.2;
        let mut digits = first_end - start;
        let mut end = None;
        for (index, group) in groups.iter().enumerate().skip(1) {
            let uniform = group.2 == mark || (index > 1 && group.2 == b' ');
            if !uniform || group.2 == b'.' && length(group) != 2 || length(group) < 2 {
                break;
            }
            digits += length(group);
            if (9..=14).contains(&digits) && free(group.1) {
                end = Some(group.1);
            }
        }
        return (first_end - start >= 2)
            .then_some(end?)
            .map(|end| Span::new(start - opened, end, Kind::Phone));
    }
    let area = if length(groups.first()?) == 1 && text.get(start) == Some(&b'1') {
        1
    } else {
        0
    };
    let [a, b, c, ..] = groups.get(area..)? else {
        return None;
    };
    let shape = length(a) == 3 && length(b) == 3 && length(c) == 4;
    let lead = |group: &(usize, usize, u8)| {
        text.get(group.0)
            .is_some_and(|digit| matches!(digit, b'2'..=b'9'))
    };
    let marks = c.2 != b'/' && (b.2 == c.2 || b.2 == b')');
    (shape && lead(a) && lead(b) && marks && free(c.1))
        .then(|| Span::new(start - opened, c.1, Kind::Phone))
}

fn international(text: &[u8], groups: &[(usize, usize, u8)]) -> Option<Span> {
    let (start, ..) = *groups.first()?;
    let plus = start.checked_sub(1)?;
    if !begins_word(text, plus) || text.get(start) == Some(&b'0') {
        return None;
    }
    let mut digits = 0;
    let mut found = None;
    for (index, &(from, to, before)) in groups.iter().enumerate() {
        digits += to - from;
        if digits > 15 {
            break;
        }
        let least = if index == 0 { 9 } else { 8 };
        let _ = before;
        if digits >= least {
            found = Some(Span::new(plus, to, Kind::Phone));
        }
    }
    found
}

/// Lengths of accounts by country (the registry of ISO 13616).
const ACCOUNTS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/// The account whose check digits begin at `at`: ISO 13616, written together or in groups.
pub(super) fn iban(text: &[u8], at: usize) -> Option<Span> {
    let start = at.checked_sub(2)?;
    let [a, b] = *text.get(start..at)? else {
        return None;
    };
    if !a.is_ascii_alphabetic() || !b.is_ascii_alphabetic() || !begins_word(text, start) {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let length = ACCOUNTS
        .chunks_exact(4)
        .find(|entry| entry.starts_with(&country))
        .and_then(|entry| {
            std::str::from_utf8(entry.get(2..)?)
                .ok()?
                .parse::<usize>()
                .ok()
        })?;
    let mut letters = [0_u8; 34];
    let mut count = 0;
    let mut end = start;
    while count < length {
        let byte = *text.get(end)?;
        match byte {
            _ if byte.is_ascii_alphanumeric() => {
                *letters.get_mut(count)? = byte.to_ascii_uppercase();
                count += 1;
            }
            b' ' | b'-'
                if count >= 4 && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => return None,
        }
        end += 1;
    }
    let free = !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (free && mod_97(letters.get(..count)?) == Some(1)).then(|| Span::new(start, end, Kind::Iban))
}

/// ISO 7064, the first four characters last.
fn mod_97(letters: &[u8]) -> Option<u32> {
    let (head, rest) = letters.split_at_checked(4)?;
    rest.iter().chain(head).try_fold(0, |remainder, letter| {
        let value = char::from(*letter).to_digit(36)?;
        Some((remainder * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}
