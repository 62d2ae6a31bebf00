//! A directory does what its model does, whatever servers, clients and the program do, in any order.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_tests::cases::cases;
use socker_tests::directory::{Step, run};

fn step() -> impl Strategy<Value = Step> {
    let byte = any::<u8>;
    prop_oneof![
        10 => byte().prop_map(Step::Open),
        3 => byte().prop_map(Step::Leave),
        8 => (byte(), byte()).prop_map(|(server, metadata)| Step::Register { server, metadata }),
        3 => (byte(), byte()).prop_map(|(server, metadata)| Step::Update { server, metadata }),
        1 => byte().prop_map(Step::Deregister),
        12 => (byte(), byte(), prop::bool::weighted(0.1))
            .prop_map(|(client, other, long)| Step::Offer { client, other, long }),
        10 => (byte(), byte()).prop_map(|(server, other)| Step::Answer { server, other }),
        8 => (byte(), byte(), any::<bool>())
            .prop_map(|(server, other, end)| Step::ServerCandidate { server, other, end }),
        8 => (byte(), byte(), any::<bool>())
            .prop_map(|(client, other, end)| Step::ClientCandidate { client, other, end }),
        2 => (byte(), byte()).prop_map(|(server, other)| Step::Reject { server, other }),
        8 => prop_oneof![4 => 0..100_u16, 1 => 0..3000_u16].prop_map(Step::Wait),
        4 => (byte(), 0..20_u8, vec(byte(), 0..12)).prop_map(|(peer, kind, mut bytes)| {
            bytes.insert(0, kind);
            Step::Say(peer, bytes)
        }),
        1 => (byte(), vec(byte(), 0..3)).prop_map(|(peer, bytes)| Step::Say(peer, bytes)),
        1 => byte().prop_map(Step::Text),
        1 => byte().prop_map(Step::TooMuch),
        1 => byte().prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

    #[test]
    fn a_directory_does_what_its_model_does(steps in vec(step(), 0..200)) {
        run(steps);
    }
}
