//! The server's answers, read back.

use serde_json::Value;

use super::model::Answer;

/// An answer's fields, and its token.
pub(super) fn read(text: &str) -> (Answer, Option<String>) {
    let answer: Value = serde_json::from_str(text).expect(text);
    for (field, empty) in [("funcKey", "\"\""), ("funcParams", "[]"), ("stateMessage", "false")] {
        assert_eq!(answer[field].to_string(), empty, "{text}");
    }
    assert!(answer["status"]["text"].as_str().is_some_and(|text| !text.is_empty()), "{text}");
    let token = answer.get("token").map(|token| token.as_str().expect("a string").to_owned());
    let read = Answer {
        uuid: answer["uuid"].as_str().and_then(|uuid| uuid.parse().ok()),
        connected: answer["status"]["value"] == 3,
        token: token.is_some(),
        resumed: answer.get("resumed").and_then(Value::as_bool),
        states: answer
            .get("states")
            .and_then(Value::as_u64)
            .and_then(|states| states.try_into().ok()),
        error: answer.get("error").map(|error| known(error.as_str().expect("a string"))),
    };
    (read, token)
}

/// The same word, to be compared.
fn known(error: &str) -> &'static str {
    [
        "malformed",
        "wrong-type",
        "text-expected",
        "message-too-long",
        "unknown-status",
        "unknown-room",
        "room-full",
        "too-many-rooms",
        "not-in-room",
        "already-in-room",
        "wrong-room",
        "not-owner",
        "token-in-action",
        "wrong-token",
        "missing-key",
        "state-full",
        "denied",
        "replaced",
    ]
    .into_iter()
    .find(|known| *known == error)
    .unwrap_or_else(|| panic!("a new error: {error}"))
}
