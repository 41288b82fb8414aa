//! Secrets and personal data to plant, made up anew with every run: of the right form and with the
//! right check digits, and nobody's.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// xorshift64: the same run every time.
pub(in crate::policy) struct Random(pub u64);

impl Random {
    pub(in crate::policy) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..count)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }

    fn alnum(&mut self, count: usize) -> String {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        // One digit at least, as every credential of some length has.
        self.letters(alphabet, count - 2) + "7" + &self.letters(alphabet, 1)
    }

    fn hex(&mut self, count: usize) -> String {
        self.letters("0123456789abcdef", count - 2) + "a7"
    }

    fn digits(&mut self, count: usize) -> String {
        self.letters("0123456789", count)
    }

    fn word(&mut self) -> String {
        self.letters("bcdfghklmnprstvw", 1)
            + &self.letters("aeiou", 1)
            + &self.letters("bcdfghklmnprstvw", 4)
    }
}

/// What is planted, and what of it must not be seen again.
pub(in crate::policy) struct Plant {
    pub name: &'static str,
    pub text: String,
    pub secret: String,
}

/// Names that the masker is told.
pub(in crate::policy) const NAMES: [&str; 2] = ["Wilhelmina Okonkwo", "Jörg Ångström"];

pub(in crate::policy) const KINDS: usize = 42;

pub(in crate::policy) fn plant(kind: usize, random: &mut Random) -> Plant {
    let (name, text, secret) = match kind % KINDS {
        0 => prefixed("openai", "sk-proj-", random.alnum(48)),
        1 => prefixed("anthropic", "sk-ant-api03-", random.alnum(80)),
        2 => prefixed(
            "amazon key id",
            "AKIA",
            random.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 14) + "Q7",
        ),
        3 => prefixed(
            "amazon secret",
            "aws_secret_access_key = ",
            random.alnum(40),
        ),
        4 => prefixed("github", "ghp_", random.alnum(36)),
        5 => prefixed(
            "github fine-grained",
            "github_pat_",
            random.alnum(22) + "_" + &random.alnum(59),
        ),
        6 => prefixed("gitlab", "glpat-", random.alnum(20)),
        7 => prefixed(
            "slack",
            "xoxb-",
            random.digits(11) + "-" + &random.digits(12) + "-" + &random.alnum(24),
        ),
        8 => prefixed(
            "slack webhook",
            "https://hooks.slack.com/services/",
            format!(
                "T{}/B{}/{}",
                random.alnum(8),
                random.alnum(8),
                random.alnum(24)
            ),
        ),
        9 => prefixed("google", "AIza", random.alnum(35)),
        10 => prefixed("stripe", "sk_live_", random.alnum(24)),
        11 => prefixed(
            "sendgrid",
            "SG.",
            random.alnum(22) + "." + &random.alnum(43),
        ),
        12 => prefixed("npm", "npm_", random.alnum(36)),
        13 => prefixed("pypi", "pypi-AgE", random.alnum(60)),
        14 => prefixed("hugging face", "hf_", random.alnum(34)),
        15 => prefixed("groq", "gsk_", random.alnum(52)),
        16 => prefixed(
            "telegram",
            "",
            random.digits(9).replace('0', "1") + ":AA" + &random.alnum(33),
        ),
        17 => prefixed("databricks", "dapi", random.hex(32)),
        18 => prefixed("digitalocean", "dop_v1_", random.hex(64)),
        19 => prefixed("shopify", "shpat_", random.hex(32)),
        20 => prefixed("vault", "hvs.", random.alnum(24)),
        21 => prefixed(
            "json web token",
            "eyJhbGciOiJIUzI1NiJ9.",
            format!("{}.{}", random.alnum(40), random.alnum(43)),
        ),
        22 => {
            let body = random.alnum(64);
            let text = format!(
                "-----BEGIN PRIVATE KEY-----\n{body}\n{}==\n-----END PRIVATE KEY-----",
                random.alnum(30)
            );
            ("private key", text, body)
        }
        23 => {
            let secret = random.word() + ":" + &random.alnum(14);
            (
                "userinfo",
                format!("postgres://{secret}@db.internal:5432/app"),
                secret,
            )
        }
        24 => {
            let secret = random.alnum(18);
            (
                "query",
                format!("https://files.test/get?id=7&access_token={secret}&page=2"),
                secret,
            )
        }
        25 => prefixed("authorization", "Authorization: Bearer ", random.alnum(40)),
        26 => prefixed(
            "basic",
            "Authorization: Basic ",
            STANDARD.encode(random.word() + ":" + &random.alnum(12)),
        ),
        27 => prefixed("password", "password=", random.alnum(12)),
        28 => {
            let secret = random.alnum(10) + "!" + &random.alnum(4);
            (
                "password in json",
                format!("\"db_password\": \"{secret}\""),
                secret,
            )
        }
        29 => {
            let secret = random.alnum(26);
            (
                "cookie",
                format!("Cookie: session={secret}; theme=dark"),
                secret,
            )
        }
        30 => {
            let secret = random.word();
            (
                "email",
                format!("{secret}.{}@mail.example.org", random.word()),
                secret,
            )
        }
        31 => {
            let secret = random.word();
            (
                "email, escaped",
                format!("{secret}\\u0040example.org"),
                secret,
            )
        }
        32 => {
            let secret = random.word();
            (
                "email, percent",
                format!("to={secret}%40example.org"),
                secret,
            )
        }
        33 => prefixed("phone, e.164", "+", "49171".to_owned() + &random.digits(7)),
        34 => prefixed(
            "phone, grouped",
            "+",
            format!("44 20 {} {}", random.digits(4), random.digits(4)),
        ),
        35 => prefixed(
            "phone, national",
            "",
            format!("({}) 555-{}", 200 + random.below(700), random.digits(4)),
        ),
        36 => prefixed("card", "", card(random, "")),
        37 => prefixed("card, grouped", "", card(random, " ")),
        38 => prefixed("iban", "", iban(random)),
        39 => prefixed(
            "ipv4",
            "",
            format!(
                "{}.{}.{}.{}",
                11 + random.below(90),
                random.below(256),
                random.below(256),
                1 + random.below(250)
            ),
        ),
        40 => prefixed(
            "ipv6",
            "",
            format!("2001:db8:{}::{}", random.hex(4), random.hex(4)),
        ),
        _ => match random.below(3) {
            0 => {
                let secret = STANDARD.encode(format!("write to {}@example.org", random.word()));
                ("base64", secret.clone(), secret)
            }
            1 => ("name", NAMES[0].to_uppercase(), NAMES[0].to_uppercase()),
            _ => ("name", NAMES[1].to_owned(), NAMES[1].to_owned()),
        },
    };
    Plant { name, text, secret }
}

fn prefixed(name: &'static str, prefix: &str, secret: String) -> (&'static str, String, String) {
    (name, format!("{prefix}{secret}"), secret)
}

/// Sixteen digits in the range of a network, the last one by Luhn.
fn card(random: &mut Random, between: &str) -> String {
    let digits = ["4", "52"][random.below(2)].to_owned() + &random.digits(13);
    let digits = &(digits + "0")[..15];
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    let whole = format!("{digits}{}", (10 - sum % 10) % 10);
    let groups: Vec<&str> = (0..4)
        .map(|group| &whole[group * 4..group * 4 + 4])
        .collect();
    groups.join(between)
}

/// A German account, with its check digits by ISO 7064.
fn iban(random: &mut Random) -> String {
    let account = random.digits(18);
    let number = format!("{account}131400");
    let remainder = number.bytes().fold(0_u32, |remainder, digit| {
        (remainder * 10 + u32::from(digit - b'0')) % 97
    });
    format!("DE{:02}{account}", 98 - remainder)
}
