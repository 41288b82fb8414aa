use proptest::prelude::*;

use super::*;

const CONTENT_TYPE: &str = "multipart/form-data; boundary=\"x-1\"";

fn read(body: &[u8], size: usize) -> Form {
    let mut form = Multipart::of_content_type(CONTENT_TYPE).unwrap();
    for piece in body.chunks(size) {
        form.feed(piece);
    }
    form.finish()
}

fn text(name: &str, value: &str) -> String {
    format!("--x-1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(media_type: &str, content: &str) -> String {
    format!(
        "--x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b=\\\"c.mp3\"\r\n\
         Content-Type: {media_type}\r\n\r\n{content}\r\n"
    )
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn fields_are_kept_and_files_counted() {
    let body = [
        text("model", "whisper-1"),
        file("audio/mpeg", "\r\n--x-\r\r\n--x--\0\u{1}"),
        text("empty", ""),
        file("Image/PNG; q=1", ""),
        text("stream", "true"),
        "--x-1--\r\nepilogue".to_owned(),
    ]
    .concat();
    for size in 1..=body.len() {
        let form = read(body.as_bytes(), size);
        assert_eq!(
            form.fields,
            owned(&[("model", "whisper-1"), ("empty", ""), ("stream", "true")]),
            "in pieces of {size}"
        );
        let files: Vec<_> = form
            .files
            .iter()
            .map(|file| (&*file.field, file.media_type.as_deref(), file.bytes))
            .collect();
        assert_eq!(
            files,
            [
                ("file", Some("audio/mpeg"), Some(16)),
                ("file", Some("image/png"), Some(0)),
            ]
        );
        assert!(form.is_whole);
    }
}

/// The example of RFC 2046 section 5.1.1, with a preamble and without names.
#[test]
fn a_preamble_and_white_space_behind_a_delimiter_are_nothing() {
    let body = format!(
        "ignored\r\n--x-1 \t\r\n{}--x-1--",
        &text("a", "1")["--x-1\r\n".len()..]
    );
    assert_eq!(read(body.as_bytes(), 3).fields, owned(&[("a", "1")]));
}

#[test]
fn what_has_no_end_is_not_reported_as_whole() {
    let body = [text("model", "m"), file("audio/wav", "abc")].concat();
    let form = read(&body.as_bytes()[..body.len() - 3], 5);
    assert_eq!(form.fields, owned(&[("model", "m")]));
    assert_eq!(form.files[0].bytes, None);
    assert!(!form.is_whole);
}

#[test]
fn long_fields_and_nameless_parts_are_left_out() {
    let body = [
        text("prompt", &"x".repeat(5_000)),
        "--x-1\r\n\r\nnameless\r\n".to_owned(),
        text("n", "2"),
        "--x-1--".to_owned(),
    ]
    .concat();
    let form = read(body.as_bytes(), 100);
    assert_eq!(form.fields, owned(&[("n", "2")]));
    assert!(form.is_whole);
}

#[test]
fn after_a_loss_the_next_delimiter_begins_a_part() {
    let behind = format!("{}{}--x-1--", "lost\r\n", text("n", "2"));
    for before in [text("a", "1"), file("audio/wav", "abc")] {
        for cut in "--x-1".len()..before.len() {
            let mut form = Multipart::of_content_type(CONTENT_TYPE).unwrap();
            form.feed(text("model", "m").as_bytes());
            form.feed(&before.as_bytes()[..cut]);
            form.gap();
            form.feed(behind.as_bytes());
            let form = form.finish();
            assert_eq!(
                form.fields,
                owned(&[("model", "m"), ("n", "2")]),
                "cut at {cut}"
            );
            assert!(form.files.iter().all(|file| file.bytes.is_none()));
            assert!(!form.is_whole);
        }
    }
}

#[test]
fn only_forms_with_a_boundary_are_read() {
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "application/json",
    ] {
        assert!(
            Multipart::of_content_type(content_type).is_none(),
            "{content_type}"
        );
    }
    assert!(Multipart::of_content_type("Multipart/Form-Data; charset=utf-8; Boundary=x").is_some());
}

#[test]
fn parts_are_bounded() {
    let body = text("a", "1").repeat(1_000) + "--x-1--";
    let form = read(body.as_bytes(), 999);
    assert_eq!(form.fields.len(), PARTS);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(parts in proptest::collection::vec(
        prop_oneof![
            Just("\r\n--b"), Just("--b\r\n"), Just("--"), Just("\r\n"), Just("\r"),
            Just("Content-Disposition: form-data; name=\"a\"\r\n\r\n"),
            Just("Content-Disposition: form-data; name=a; filename=f\r\n\r\n"),
            Just("text"),
        ],
        0..40,
    ), size in any::<u8>()) {
        let mut data = vec![size];
        data.extend(parts.concat().bytes());
        fuzz_multipart(&data);
    }
}
