//! The examples of RFC 7541, appendix C.

use super::*;

/// A block, its fields, and the size of the table behind it.
type Example<'a> = (&'a str, &'a [(&'a str, &'a str)], u32);

fn check(table_size: Option<u32>, examples: &[Example<'_>]) {
    for cut in [1, 2, 5, 1000] {
        let mut decoder = Decoder::new();
        if let Some(size) = table_size {
            // A change of the size to one below 4096 of two bytes.
            let update = [
                0x3f,
                0x80 | ((size - 31) & 0x7f) as u8,
                ((size - 31) >> 7) as u8,
            ];
            decoder
                .decode(&update, Keep::Everything, &mut |_| {})
                .expect("an update");
        }
        for (block, expected, size) in examples {
            let seen = decode(&mut decoder, &bytes(block), Keep::Everything, cut);
            assert_eq!(seen, fields(expected), "{block}");
            assert_eq!(decoder.table().size(), *size, "{block}");
        }
    }
}

/// RFC 7541 appendix C.2.
#[test]
fn each_representation() {
    let custom = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    check(None, &[(custom, &[("custom-key", "custom-header")], 55)]);
    check(
        None,
        &[(
            "040c 2f73 616d 706c 652f 7061 7468",
            &[(":path", "/sample/path")],
            0,
        )],
    );
    check(
        None,
        &[(
            "1008 7061 7373 776f 7264 0673 6563 7265 74",
            &[("password", "secret")],
            0,
        )],
    );
    check(None, &[("82", &[(":method", "GET")], 0)]);
}

/// RFC 7541 appendix C.3 and C.4: three requests, plain and Huffman coded.
#[test]
fn requests_that_share_a_table() {
    let first: &[(&str, &str)] = &[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];
    let second = [first, &[("cache-control", "no-cache")]].concat();
    let third = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    check(
        None,
        &[
            (
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                first,
                57,
            ),
            ("8286 84be 5808 6e6f 2d63 6163 6865", &second, 110),
            (
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
                &third,
                164,
            ),
        ],
    );
    check(
        None,
        &[
            ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", first, 57),
            ("8286 84be 5886 a8eb 1064 9cbf", &second, 110),
            (
                "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
                &third,
                164,
            ),
        ],
    );
}

/// RFC 7541 appendix C.5 and C.6: three responses with a table of 256 bytes.
#[test]
fn responses_that_evict() {
    let first = [
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ];
    let mut second = first;
    second[0].1 = "307";
    let third = [
        (":status", "200"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ("location", "https://www.example.com"),
        ("content-encoding", "gzip"),
        (
            "set-cookie",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
    ];
    check(
        Some(256),
        &[
            (
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
                 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
                 6c65 2e63 6f6d",
                &first,
                222,
            ),
            ("4803 3330 37c1 c0bf", &second, 222),
            (
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
                 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
                 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
                 3d31",
                &third,
                215,
            ),
        ],
    );
    check(
        Some(256),
        &[
            (
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
                 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                &first,
                222,
            ),
            ("4883 640e ffc1 c0bf", &second, 222),
            (
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
                 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
                 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
                &third,
                215,
            ),
        ],
    );
}
