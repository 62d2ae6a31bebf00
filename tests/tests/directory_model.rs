//! A directory does what its model does, whatever servers, clients and the program do, in any order;
//! and so do game servers by their own machine.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_tests::cases;
use socker_tests::directory::{ServerStep, Step, run, run_servers};

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
        3 => any::<bool>().prop_map(|before| Step::Timeout { before }),
        1 => Just(Step::Hour),
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

/// Some are done several times, since limits are reached so.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let times = prop_oneof![6 => Just(1), 1 => 2..5_usize];
    vec((step(), times), 0..150).prop_map(|steps| {
        steps.into_iter().flat_map(|(step, times)| std::iter::repeat_n(step, times)).collect()
    })
}

/// Many deregister only to register again.
fn server_steps() -> impl Strategy<Value = Vec<ServerStep>> {
    let again = any::<u8>()
        .prop_map(|server| vec![ServerStep::Deregister(server), ServerStep::Register(server)]);
    let steps = prop_oneof![12 => server_step().prop_map(|step| vec![step]), 1 => again];
    vec(steps, 0..100).prop_map(|steps| steps.concat())
}

fn server_step() -> impl Strategy<Value = ServerStep> {
    let byte = any::<u8>;
    let count = || prop_oneof![Just(1_u8), Just(2), Just(u8::MAX)];
    prop_oneof![
        6 => byte().prop_map(ServerStep::Open),
        2 => byte().prop_map(ServerStep::Break),
        1 => byte().prop_map(ServerStep::Late),
        3 => (byte(), byte()).prop_map(|(server, metadata)| ServerStep::Update(server, metadata)),
        3 => byte().prop_map(ServerStep::Deregister),
        3 => byte().prop_map(ServerStep::Register),
        10 => (byte(), count()).prop_map(|(server, count)| ServerStep::Up(server, count)),
        10 => (byte(), count()).prop_map(|(server, count)| ServerStep::Down(server, count)),
        6 => (byte(), byte()).prop_map(|(client, server)| ServerStep::Offer(client, server)),
        6 => byte().prop_map(ServerStep::Poll),
        4 => byte().prop_map(ServerStep::Answer),
        1 => byte().prop_map(ServerStep::Reject),
        2 => byte().prop_map(ServerStep::Candidate),
        3 => (0..100_u16).prop_map(ServerStep::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

    #[test]
    fn a_directory_does_what_its_model_does(steps in steps()) {
        run(steps);
    }

    #[test]
    fn servers_do_what_their_model_does(steps in server_steps()) {
        run_servers(steps);
    }
}
