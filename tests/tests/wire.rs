//! The pieces of `socker_core::wire`, each against a naive one.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::Role;
use socker_core::wire::{
    Close, Expect, Frame, Header, MAX_HEADER, Opcode, Utf8Decoder, Violation, apply_mask,
    rotate_mask,
};
use socker_tests::frames;

fn masked(mask: [u8; 4], data: &[u8]) -> Vec<u8> {
    data.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

#[test]
fn every_length_and_begin_is_masked() {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let data: Vec<u8> = (0..1200_u32).map(|at| at.to_le_bytes()[0]).collect();
    for begin in 0..8 {
        for end in begin..data.len() {
            let mut piece = data[begin..end].to_vec();
            apply_mask(mask, &mut piece);
            assert!(piece == masked(mask, &data[begin..end]), "{begin}..{end}");
        }
    }
    // Where the bytes are in memory does not matter either.
    for begin in 0..64 {
        let mut all = data.clone();
        apply_mask(mask, &mut all[begin..1100]);
        assert!(all[begin..1100] == masked(mask, &data[begin..1100]), "{begin}");
        assert!(all[..begin] == data[..begin] && all[1100..] == data[1100..]);
    }
}

#[test]
fn every_close_code() {
    for code in 0..=u16::MAX {
        let defined = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let payload = [&code.to_be_bytes(), &b"why"[..]].concat();
        let close = Close::decode(&payload);
        assert_eq!(close.is_ok(), defined, "{code}");
        assert_eq!(Close::judge(&payload), close.map(|_| ()), "{code}");
        let encoded = Close { code: code.into(), reason: "why" }.encode();
        assert_eq!(&encoded[..], if defined { &payload[..] } else { &[] }, "{code}");
        if let Ok(close) = close {
            assert_eq!((u16::from(close.code), close.reason), (code, "why"));
        }
    }
}

/// A limit holds to the byte, in each form of the length.
#[test]
fn a_limit_is_the_last_that_is_allowed() {
    for len in [0, 125, 126, 65_535, 65_536] {
        let header = Header { fin: true, opcode: Opcode::Binary, mask: None, len };
        let mut bytes = [0; MAX_HEADER];
        let used = header.encode(&mut bytes);
        let decode = |limit| {
            let expect = Expect { masked: false, in_message: false, limit };
            Header::decode(&bytes[..used], expect)
        };
        assert_eq!(decode(len), Ok(Some((header, used))), "{len}");
        if let Some(less) = len.checked_sub(1) {
            assert_eq!(decode(less), Err(Violation::MessageTooLarge), "{len}");
        }
    }
}

#[test]
fn frames_that_are_encoded_once() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let text = "a".repeat(len);
        let plain = frames::Frame::new(frames::opcode::TEXT, text.as_bytes()).encode();
        assert!(Frame::text(&text).as_bytes() == plain);
        let plain = frames::Frame::new(frames::opcode::BINARY, text.as_bytes()).encode();
        assert!(Frame::binary(text.as_bytes()).as_bytes() == plain);
        assert_eq!(Frame::binary(text.as_bytes()).payload().len(), len);
    }
}

proptest! {
    #[test]
    fn a_mask_goes_on_after_any_piece(mask: [u8; 4], data in vec(any::<u8>(), 0..600), at: prop::sample::Index) {
        let at = at.index(data.len() + 1);
        let mut pieces = data.clone();
        let (first, second) = pieces.split_at_mut(at);
        apply_mask(mask, first);
        apply_mask(rotate_mask(mask, at), second);
        prop_assert_eq!(pieces, masked(mask, &data));
    }

    #[test]
    fn a_header_is_read_as_it_was_written(
        fin: bool,
        opcode in prop::sample::select(vec![Opcode::Text, Opcode::Binary, Opcode::Ping]),
        mask: Option<[u8; 4]>,
        len in prop_oneof![0..126_u64, 0..70_000_u64, 0..(1_u64 << 62)],
    ) {
        let control = opcode.is_control();
        let len = if control { len.min(125) } else { len };
        let header = Header { fin: fin || control, opcode, mask, len };
        let mut bytes = [0; MAX_HEADER];
        let used = header.encode(&mut bytes);
        let role = if mask.is_some() { Role::Server } else { Role::Client };
        let masked = role == Role::Server;
        let expect = Expect { masked, in_message: false, limit: u64::MAX };
        for missing in 0..used {
            prop_assert_eq!(Header::decode(&bytes[..missing], expect), Ok(None));
        }
        prop_assert_eq!(Header::decode(&bytes, expect), Ok(Some((header, used))));
        let wrong = Header::decode(&bytes[..2], Expect { masked: !masked, ..expect });
        prop_assert_eq!(wrong, Err(if masked { Violation::Masked } else { Violation::Unmasked }));
    }

    #[test]
    fn text_in_any_pieces(
        bytes in prop_oneof![
            "[aé€👋]{0,20}".prop_map(String::into_bytes),
            vec(any::<u8>(), 0..12),
            ("[aé€👋]{0,20}", any::<prop::sample::Index>(), any::<u8>()).prop_map(|(text, at, byte)| {
                let mut bytes = text.into_bytes();
                let at = at.index(bytes.len() + 1);
                bytes.insert(at, byte);
                bytes
            }),
        ],
        pieces in vec(0..6_usize, 0..30),
    ) {
        let (mut decoder, mut text) = (Utf8Decoder::default(), String::new());
        let mut rest = &bytes[..];
        let mut seen = Vec::new();
        for len in pieces.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at(len.min(rest.len()));
            rest = after;
            seen.extend(piece);
            let proven = str::from_utf8(&seen).err().is_some_and(|error| error.error_len().is_some());
            let decoded = decoder.decode(piece, &mut text);
            prop_assert_eq!(decoded.is_err(), proven);
            if proven {
                return Ok(());
            }
            let valid = str::from_utf8(&seen).err().map_or(seen.len(), |error| error.valid_up_to());
            prop_assert_eq!(text.as_bytes(), &seen[..valid]);
            prop_assert_eq!(decoder.finish().is_ok(), valid == seen.len());
        }
    }
}

#[test]
fn a_decoder_may_be_called_on_after_an_error() {
    let mut decoder = Utf8Decoder::default();
    let mut text = String::new();
    for _ in 0..10 {
        assert!(decoder.decode(&[0xC0], &mut text).is_err());
        assert!(decoder.missing() <= 3);
    }
    assert_eq!(text, "");
}

#[test]
fn how_much_a_code_point_lacks() {
    for (bytes, missing) in [
        (&b"a"[..], 0),
        (b"a\xC3", 1),
        (b"\xE2", 2),
        (b"\xE2\x82", 1),
        (b"\xF0", 3),
        (b"\xF0\x9F", 2),
        (b"\xF0\x9F\x91", 1),
        ("\u{1F44B}".as_bytes(), 0),
    ] {
        let mut decoder = Utf8Decoder::default();
        decoder.decode(bytes, &mut String::new()).unwrap();
        assert_eq!(decoder.missing(), missing, "{}", bytes.escape_ascii());
    }
}
