//! That ordinary text stays readable: at most one line in fifty is touched.

use super::{Ending, MaskRules, tests::masker};

const ORDINARY: &str = r#"
The quick brown fox jumps over the lazy dog, 42 times in 7 days.
request id 550e8400-e29b-41d4-a716-446655440000 finished
commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
md5 d41d8cd98f00b204e9800998ecf8427e
Upgrade from v1.2.3 to 1.2.4-rc.1, or to v10.20.30.40.
Chrome/120.0.6099.109 Safari/537.36
Price: $1,299.99, or 1.299,99 EUR; 12 500 000 units at 0.0004 each
ISBN 978-3-16-148410-0 and ISBN 0-306-40615-2
2024-11-23T14:05:06.123456Z INFO started in 3.2 ms
23.11.2024 14:05:06 and 11/23/2024 2:05 PM
epoch 1732370706, in ms 1732370706123, in ns 1732370706123456789
took 00:01:23.456 of 12:34:56
let total = items.iter().map(|item| item.price * 100).sum::<u64>();
use std::collections::HashMap; std::fmt::Display; a::b::c::d
if (x == 0x7fffffff) { return -1; } // see section 3.2.1
#include <stdint.h> /* uint64_t mask = 0xdeadbeefcafebabe; */
@app.route("/users/<int:id>", methods=["GET"])
npm install @types/node@20.11.5 left-pad@1.3.0
git clone git@github.com:rust-lang/rust.git
https://docs.rs/serde/latest/serde/trait.Deserialize.html?search=token
The maximum is max_tokens: 4096 and total_tokens = 1234567.
{"usage":{"prompt_tokens":1250,"completion_tokens":318,"total_tokens":1568}}
{"id":"chatcmpl-9dQrBbYwX7vT2mLk4PzN8sFh","object":"chat.completion","created":1732370706}
{"type":"object","properties":{"password":{"type":"string"},"token":{"type":"string"}},"required":["password"]}
def login(user: str, password: str) -> Token:
password = getpass.getpass("Password: ")
token = os.environ["API_TOKEN"]
if token == expected_token: return True
Enter your password: then press return.
The secret: practise every day.
The secret of good bread is time.
Reset the password by mail if you forget it.
risk-based, task-oriented, desk-bound, mask-like words
sk-learn and sk_buff are names; so is pk-lock
Section 12.3.4 of RFC 9110, pages 101-110
Room 4.12, floor 3, building 7, 10 a.m. to 4 p.m.
coordinates 52.520008, 13.404954 at 34 m
1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
matrix [[1.0, 0.5], [0.25, 0.125]] shape 2x2
3.14159265358979323846264338327950288
order 100200300, invoice 2024-0001234, ticket ABC-1234
100% of R&D, 5% off, C:\Users\new\table.txt
path /usr/local/lib/python3.12/site-packages/numpy/core/_methods.py
some_very_long_function_name_that_nobody_likes(argument_number_one)
color: #ff8800; margin: 0 auto; width: calc(100% - 20px);
lorem ipsum dolor sit amet, consectetur adipiscing elit
127.0.0.1:8080 and 0.0.0.0 and ::1 are here
mac 00:1a:2b:3c:4d:5e, port 8443
SELECT name, count(*) FROM users WHERE id IN (1, 2, 3) GROUP BY name;
temperature=0.7, top_p=0.95, seed=1234567890
job 0001-2345 ran 15 times between 08:00 and 09:30
"#;

#[test]
fn ordinary_text_stays_readable() {
    let masker = masker(&MaskRules::default());
    let lines: Vec<&str> = ORDINARY.trim().lines().collect();
    let touched: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let masked = masker.mask(line, Ending::Whole).unwrap();
            (masked.text() != *line).then(|| masked.into_text())
        })
        .collect();
    let most = lines.len() / 50;
    assert!(
        touched.len() <= most,
        "{} of {}:\n{}",
        touched.len(),
        lines.len(),
        touched.join("\n")
    );
}
