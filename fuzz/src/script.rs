use arbitrary::{Arbitrary, Result, Unstructured};
use socker_core::MessageKind;
use socker_core::script::Expects;
use socker_tests::script::{Answer, NAMES, Plan, Step, run};

use crate::all;

/// Any stages, and anything that may happen to a connection that walks them, compared with a model.
pub fn script(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let Ok(count) = data.int_in_range(1..=NAMES.len()) else { return };
    let Ok(plans) = (0..count).map(|_| plan(&mut data)).collect::<Result<Vec<_>>>() else { return };
    run(&plans, all(&mut data, 100, step));
}

fn plan(data: &mut Unstructured<'_>) -> Result<Plan> {
    Ok(Plan {
        expects: *data.choose(&[Expects::Any, Expects::Any, Expects::Text, Expects::Binary])?,
        deadline: Option::arbitrary(data)?,
        greets: bool::arbitrary(data)?,
        enter: answer(data)?,
    })
}

fn answer(data: &mut Unstructured<'_>) -> Result<Answer> {
    Ok(match u8::arbitrary(data)? % 8 {
        0..4 => Answer::Stay,
        4..7 => Answer::Next,
        _ => Answer::Close,
    })
}

fn step(data: &mut Unstructured<'_>) -> Result<Step> {
    Ok(match u8::arbitrary(data)? % 16 {
        0..8 => Step::Message(
            if bool::arbitrary(data)? { MessageKind::Text } else { MessageKind::Binary },
            answer(data)?,
        ),
        8 | 9 => Step::Timeout,
        10 | 11 => Step::Wait(u16::arbitrary(data)? % 1000),
        12 | 13 => Step::Deadline { before: bool::arbitrary(data)? },
        14 => Step::Hour,
        _ => Step::Gone,
    })
}
