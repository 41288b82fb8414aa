use std::io::Write;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    head_bytes: 0,
    open_exchanges: 0,
    streams: 0,
    decoded_bytes: 2 << 20,
    decoded_ratio: 256,
    event_bytes: 0,
};

/// A compressor that can be flushed.
enum Encoder {
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Zlib(flate2::write::ZlibEncoder<Vec<u8>>),
    Deflate(flate2::write::DeflateEncoder<Vec<u8>>),
    Brotli(Box<::brotli::CompressorWriter<Vec<u8>>>),
    Zstd(::zstd::stream::write::Encoder<'static, Vec<u8>>),
}

const FORMATS: [(&str, Coding); 5] = [
    ("gzip", Coding::Gzip),
    ("zlib", Coding::Deflate),
    ("raw", Coding::Deflate),
    ("br", Coding::Brotli),
    ("zstd", Coding::Zstd),
];

impl Encoder {
    fn new(format: &str) -> Self {
        let level = flate2::Compression::default();
        match format {
            "gzip" => Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), level)),
            "zlib" => Self::Zlib(flate2::write::ZlibEncoder::new(Vec::new(), level)),
            "raw" => Self::Deflate(flate2::write::DeflateEncoder::new(Vec::new(), level)),
            "br" => Self::Brotli(Box::new(::brotli::CompressorWriter::new(
                Vec::new(),
                4096,
                5,
                22,
            ))),
            _ => Self::Zstd(::zstd::stream::write::Encoder::new(Vec::new(), 0).unwrap()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let writer: &mut dyn Write = match self {
            Self::Gzip(encoder) => encoder,
            Self::Zlib(encoder) => encoder,
            Self::Deflate(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        };
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
        self.so_far().len()
    }

    fn so_far(&self) -> &[u8] {
        match self {
            Self::Gzip(encoder) => encoder.get_ref(),
            Self::Zlib(encoder) => encoder.get_ref(),
            Self::Deflate(encoder) => encoder.get_ref(),
            Self::Brotli(encoder) => encoder.get_ref(),
            Self::Zstd(encoder) => encoder.get_ref(),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Gzip(encoder) => encoder.finish().unwrap(),
            Self::Zlib(encoder) => encoder.finish().unwrap(),
            Self::Deflate(encoder) => encoder.finish().unwrap(),
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Zstd(encoder) => encoder.finish().unwrap(),
        }
    }
}

fn encoded(format: &str, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(format);
    encoder.write(bytes);
    encoder.finish()
}

fn decoder(codings: &[Coding]) -> ContentDecoder {
    ContentDecoder::new(&Codings::Known(codings.to_vec()), &LIMITS)
}

fn decoded(codings: &[Coding], pieces: &[&[u8]]) -> (Vec<u8>, Result<(), ContentError>) {
    let mut decoder = decoder(codings);
    let mut data = Vec::new();
    for piece in pieces {
        if let Err(error) = decoder.feed(piece, &mut |bytes| data.extend_from_slice(bytes)) {
            return (data, Err(error));
        }
    }
    (data, decoder.finish())
}

/// One event of a stream per flush: each must be there as soon as its bytes are.
#[test]
fn flushed_data_comes_out_at_once() {
    for (format, coding) in FORMATS {
        let mut encoder = Encoder::new(format);
        let mut decoder = decoder(&[coding]);
        let mut fed = 0;
        for number in 0..50 {
            let event = format!("data: {{\"delta\":\"token {number}\"}}\n\n");
            let end = encoder.write(event.as_bytes());
            let mut data = Vec::new();
            decoder
                .feed(&encoder.so_far()[fed..end], &mut |bytes| {
                    data.extend_from_slice(bytes)
                })
                .unwrap();
            assert_eq!(String::from_utf8(data).unwrap(), event, "{format}");
            fed = end;
        }
        decoder
            .feed(&encoder.finish()[fed..], &mut |bytes| {
                assert!(bytes.is_empty())
            })
            .unwrap();
        assert_eq!(decoder.finish(), Ok(()), "{format}");
    }
}

#[test]
fn more_than_an_output_buffer_comes_out_at_once() {
    let bytes: Vec<u8> = (0..200_000u32)
        .flat_map(|number| (number / 7).to_le_bytes())
        .collect();
    for (format, coding) in FORMATS {
        let coded = encoded(format, &bytes);
        assert_eq!(
            decoded(&[coding], &[&coded]),
            (bytes.clone(), Ok(())),
            "{format}"
        );
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    for format in ["gzip", "zstd"] {
        let coding = if format == "gzip" {
            Coding::Gzip
        } else {
            Coding::Zstd
        };
        let coded = [
            encoded(format, b"one "),
            encoded(format, b""),
            encoded(format, b"two"),
        ]
        .concat();
        for size in 1..coded.len() {
            let pieces: Vec<&[u8]> = coded.chunks(size).collect();
            assert_eq!(
                decoded(&[coding], &pieces),
                (b"one two".to_vec(), Ok(())),
                "{format} {size}"
            );
        }
    }
}

#[test]
fn padding_behind_the_end_is_left_out() {
    for (format, coding) in FORMATS.into_iter().filter(|(format, _)| *format != "zstd") {
        let coded = encoded(format, b"text");
        // The magic of gzip within padding begins no member.
        assert_eq!(
            decoded(&[coding], &[&coded, b"\0", b"\x1f\x8b\x08"]),
            (b"text".to_vec(), Ok(())),
            "{format}"
        );
        assert_eq!(
            decoded(&[coding], &[&coded, &[0; 20]]),
            (b"text".to_vec(), Ok(())),
            "{format}"
        );
    }
}

#[test]
fn two_codings_are_undone_one_after_the_other() {
    let coded = encoded("gzip", &encoded("br", b"text"));
    assert_eq!(
        decoded(&[Coding::Gzip, Coding::Brotli], &[&coded]),
        (b"text".to_vec(), Ok(()))
    );
}

#[test]
fn a_body_that_is_not_coded_is_not_copied() {
    let bytes = b"text";
    let mut decoder = decoder(&[]);
    decoder
        .feed(bytes, &mut |data| assert!(std::ptr::eq(data, bytes)))
        .unwrap();
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn broken_and_cut_data_is_told() {
    let text = b"some text that is long enough to be worth it, worth it, worth it".repeat(20);
    for (format, coding) in FORMATS {
        let coded = encoded(format, &text);
        let cut = &coded[..coded.len() - 5];
        assert_eq!(
            decoded(&[coding], &[cut]).1,
            Err(ContentError::Broken),
            "{format}"
        );
        assert_eq!(
            decoded(&[coding], &[b"\xff\xff\xff\xff{}"]).1,
            Err(ContentError::Broken),
            "{format}"
        );
        assert_eq!(
            decoded(&[coding], &[]).1,
            Ok(()),
            "{format}: no body at all"
        );
    }
    let mut damaged = encoded("gzip", &text);
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    assert_eq!(
        decoded(&[Coding::Gzip], &[&damaged]),
        (text, Err(ContentError::Broken))
    );
}

#[test]
fn a_loss_ends_a_coded_body_and_not_a_plain_one() {
    let (mut coded, mut plain) = (decoder(&[Coding::Gzip]), decoder(&[]));
    coded.lose();
    plain.lose();
    assert_eq!(
        coded.feed(b"x", &mut |_| panic!()),
        Err(ContentError::Broken)
    );
    assert_eq!(plain.feed(b"x", &mut |_| {}), Ok(()));
}

#[test]
fn an_unknown_coding_is_told() {
    let mut decoder = ContentDecoder::new(&Codings::Unknown, &LIMITS);
    assert_eq!(
        decoder.feed(b"x", &mut |_| panic!()),
        Err(ContentError::Unknown)
    );
    assert_eq!(decoder.finish(), Err(ContentError::Unknown));
}

#[test]
fn a_bomb_is_stopped() {
    let bomb = vec![0; 4 << 20];
    for (format, coding) in FORMATS {
        let mut seen = 0;
        let mut decoder = decoder(&[coding]);
        let result = decoder.feed(&encoded(format, &bomb), &mut |data| seen += data.len());
        assert_eq!(result, Err(ContentError::OverBound), "{format}");
        assert!(seen as u64 <= LIMITS.decoded_bytes, "{format}");
        assert_eq!(
            decoder.feed(b"more", &mut |_| panic!()),
            Err(ContentError::OverBound)
        );
    }
}

proptest! {
    /// However a coded body is split, it decodes to what was encoded.
    #[test]
    fn any_split_gives_the_same_data(
        bytes in proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..2000),
        sizes in proptest::collection::vec(1usize..300, 1..20),
        format in 0..FORMATS.len(),
    ) {
        let (name, coding) = FORMATS[format];
        let coded = encoded(name, &bytes);
        let mut rest = &coded[..];
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(decoded(&[coding], &pieces), (bytes, Ok(())));
    }
}
