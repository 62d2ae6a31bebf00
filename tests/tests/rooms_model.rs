//! Rooms do what their model does, whatever peers and the program do, in any order.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_tests::cases::cases;
use socker_tests::rooms::{Claim, Step, run};

/// What is nearly a message of the protocol.
fn text() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        4 => (0..6_u8).prop_map(|value| value.to_string()),
        1 => prop::sample::select(vec!["1.0", "-1", "1e3", "99999999999999999999", "null", "\"1\""])
            .prop_map(str::to_owned),
    ];
    let field = prop::sample::select(vec![
        "",
        ",\"uuid\":\"\"",
        ",\"uuid\":null",
        ",\"uuid\":\"no uuid\"",
        ",\"funcKey\":\"draw\"",
        ",\"funcKey\":[]",
        ",\"funcParams\":[\"a\",\"b\"]",
        ",\"funcParams\":[\"a\",1]",
        ",\"funcParams\":{}",
        ",\"funcParams\":[\"a\\u{1}b\"]",
        ",\"funcParams\":[\"a\\nb\"]",
        ",\n\t\"stateMessage\" :\r\n true",
        ",\"sateMessage\":true",
        ",\"stateMessage\":\"yes\"",
        ",\"token\":\"0\"",
        ",\"token\":\"\"",
        ",\"token\":\"00000000000000000000000000000000\"",
        ",\"more\":[{\"and\":[1,2,{}]}]",
        "]",
        ",",
    ]);
    let status = prop_oneof![
        6 => value.prop_map(|value| format!("{{\"value\":{value}}}")),
        1 => Just("[1]".to_owned()),
        1 => Just("{\"text\":[]}".to_owned()),
        1 => Just("{\"value\":3,\"text\":\"\\t\"}".to_owned()),
    ];
    (status, vec(field, 0..4))
        .prop_map(|(status, fields)| format!("{{\"status\":{status}{}}}", fields.concat()))
}

fn step() -> impl Strategy<Value = Step> {
    let byte = any::<u8>;
    prop_oneof![
        8 => byte().prop_map(Step::Open),
        6 => byte().prop_map(Step::New),
        3 => (byte(), byte(), prop_oneof![3 => Just(Claim::Right), 1 => Just(Claim::Wrong)])
            .prop_map(|(peer, room, claim)| Step::ComeBack(peer, room, claim)),
        10 => (byte(), byte()).prop_map(|(peer, room)| Step::Join(peer, room)),
        1 => byte().prop_map(Step::JoinUnknown),
        16 => (byte(), byte(), byte(), any::<bool>())
            .prop_map(|(peer, key, len, state)| Step::Act { peer, key, len, state }),
        2 => byte().prop_map(Step::Close),
        4 => byte().prop_map(Step::Leave),
        2 => (0..40_u8).prop_map(Step::Wait),
        4 => (byte(), text()).prop_map(|(peer, text)| Step::Say(peer, text.into_bytes())),
        1 => (byte(), vec(byte(), 0..30)).prop_map(|(peer, bytes)| Step::Say(peer, bytes)),
        1 => byte().prop_map(Step::Binary),
        1 => byte().prop_map(Step::TooMuch),
        1 => Just(Step::ProgramCreates),
        3 => (byte(), byte(), any::<bool>())
            .prop_map(|(room, key, state)| Step::ProgramActs { room, key, state }),
        1 => byte().prop_map(Step::ProgramCloses),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

    #[test]
    fn rooms_do_what_their_model_does(steps in vec(step(), 0..150)) {
        run(steps);
    }
}
