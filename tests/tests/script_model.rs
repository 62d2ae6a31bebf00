//! A script does what its model does, whatever its stages are and whatever happens to it.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::MessageKind;
use socker_core::script::Expects;
use socker_tests::cases;
use socker_tests::script::{Answer, Plan, Step, run};

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![4 => Just(Answer::Stay), 4 => Just(Answer::Next), 1 => Just(Answer::Close)]
}

fn plan() -> impl Strategy<Value = Plan> {
    let expects =
        prop::sample::select(vec![Expects::Any, Expects::Any, Expects::Text, Expects::Binary]);
    let enter = prop_oneof![6 => Just(Answer::Stay), 2 => Just(Answer::Next), 1 => answer()];
    let deadline = prop::option::of(0..100_u16);
    (expects, deadline, any::<bool>(), enter).prop_map(|(expects, deadline, greets, enter)| Plan {
        expects,
        deadline,
        greets,
        enter,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    prop_oneof![
        20 => (kind, answer()).prop_map(|(kind, answer)| Step::Message(kind, answer)),
        8 => Just(Step::Timeout),
        6 => (0..40_u16).prop_map(Step::Wait),
        3 => any::<bool>().prop_map(|before| Step::Deadline { before }),
        1 => Just(Step::Hour),
        1 => Just(Step::Gone),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

    #[test]
    fn a_script_does_what_the_model_does(plans in vec(plan(), 0..5), steps in vec(step(), 0..30)) {
        run(&plans, steps);
    }
}
