//! The JSON of the protocol.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;

use super::{Action, OwnerToken, RoomId, problem::Problem};

/// The parser's words may repeat what was sent; a peer gets so many bytes of them back.
const WORDS: usize = 200;

/// The values of `status.value`.
pub(super) mod status {
    pub(crate) const NOT_CONNECTED: i64 = 0;
    pub(crate) const NEW: i64 = 1;
    pub(crate) const JOIN: i64 = 2;
    pub(crate) const CONNECTED: i64 = 3;
    pub(crate) const CLOSE: i64 = 4;
}

/// A peer's message, as much of it as matters here. What is missing or null is empty, and what is
/// unknown is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Said<'m> {
    #[serde(borrow)]
    uuid: Option<Text<'m>>,
    status: Option<Object<Status>>,
    #[serde(borrow)]
    func_key: Option<Text<'m>>,
    func_params: Option<Strings>,
    /// The original's script has this word, too.
    #[serde(alias = "sateMessage")]
    state_message: Option<bool>,
    #[serde(borrow)]
    token: Option<Text<'m>>,
}

/// Borrowed, unless it has escapes. In an `Option`, serde borrows no plain `Cow`.
#[derive(Debug, Deserialize)]
struct Text<'m>(#[serde(borrow)] Cow<'m, str>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    value: Option<i64>,
    text: Option<AnyText>,
}

impl<'m> Said<'m> {
    pub(super) fn parse(text: &'m str) -> Result<Self, Problem> {
        // What the types below do not look at has to be JSON too, since it is forwarded.
        let _: IgnoredAny =
            serde_json::from_str(text).map_err(|error| Problem::Malformed(words(&error)))?;
        let said: Result<Object<Self>, _> = serde_json::from_str(text);
        said.map(|object| object.0).map_err(|error| match error.classify() {
            Category::Data => Problem::WrongType(words(&error)),
            _ => Problem::Malformed(words(&error)),
        })
    }

    pub(super) fn status(&self) -> i64 {
        self.status.as_ref().and_then(|status| status.0.value).unwrap_or(status::NOT_CONNECTED)
    }

    pub(super) fn uuid(&self) -> &str {
        text(&self.uuid)
    }

    pub(super) fn key(&self) -> &str {
        text(&self.func_key)
    }

    pub(super) fn is_state(&self) -> bool {
        self.state_message.unwrap_or_default()
    }

    pub(super) fn has_token(&self) -> bool {
        !text(&self.token).is_empty()
    }

    /// The room of which the peer says that it is the owner.
    pub(super) fn claim(&self) -> Result<Option<(RoomId, OwnerToken)>, Problem> {
        if !self.has_token() {
            return Ok(None);
        }
        let token = OwnerToken::parse(text(&self.token)).ok_or(Problem::WrongToken)?;
        let room = RoomId::of(&token);
        if self.uuid().parse() == Ok(room) {
            Ok(Some((room, token)))
        } else {
            Err(Problem::WrongToken)
        }
    }
}

fn text<'s>(text: &'s Option<Text<'_>>) -> &'s str {
    text.as_ref().map_or("", |text| &text.0)
}

/// The parser's own, and not too many.
fn words(error: &serde_json::Error) -> String {
    let mut words = error.to_string();
    words.truncate(words.floor_char_boundary(WORDS));
    words
}

/// A JSON object alone: serde would take an array of a struct's fields as well.
#[derive(Debug)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Seen<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Seen(PhantomData))
    }
}

/// Any string, whose content is the members' affair: also one with half a surrogate pair, as
/// JavaScript has it.
#[derive(Debug)]
struct AnyText;

impl<'de> Deserialize<'de> for AnyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = AnyText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<AnyText, E> {
                Ok(AnyText)
            }
        }
        deserializer.deserialize_bytes(Seen)
    }
}

/// An array of strings.
#[derive(Debug)]
struct Strings;

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Strings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strings, A::Error> {
                while seq.next_element::<AnyText>()?.is_some() {}
                Ok(Strings)
            }
        }
        deserializer.deserialize_seq(Seen)
    }
}

/// What the server says.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saying<'s> {
    uuid: String,
    status: SayingStatus<'s>,
    func_key: &'s str,
    func_params: &'s [Cow<'s, str>],
    state_message: bool,
    /// The owner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Whether the room was still there when its owner came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    /// How many state messages follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct SayingStatus<'s> {
    value: i64,
    text: &'s str,
}

impl<'s> Saying<'s> {
    /// That a peer is in a room.
    pub(super) fn connected(room: RoomId, text: &'s str) -> Self {
        let status = SayingStatus { value: status::CONNECTED, text };
        Self { uuid: room.to_string(), status, ..Self::default() }
    }

    /// That a peer is in no room, or not any more.
    pub(super) fn not_connected(room: Option<RoomId>, text: &'s str) -> Self {
        let uuid = room.map(|room| room.to_string()).unwrap_or_default();
        let status = SayingStatus { value: status::NOT_CONNECTED, text };
        Self { uuid, status, ..Self::default() }
    }

    /// An action of the embedding program.
    pub(super) fn action(room: RoomId, action: &'s Action<'s>) -> Self {
        Self {
            func_key: &action.key,
            func_params: &action.params,
            state_message: action.is_state,
            ..Self::connected(room, CONNECTED)
        }
    }

    /// For an owner.
    pub(super) fn with_token(self, token: &OwnerToken, resumed: Option<bool>) -> Self {
        Self { token: Some(token.to_string()), resumed, ..self }
    }

    /// For somebody who is told the state next.
    pub(super) fn with_states(self, states: usize) -> Self {
        Self { states: Some(states), ..self }
    }

    /// What a program makes of it.
    pub(super) fn with_error(self, code: &'static str) -> Self {
        Self { error: Some(code), ..self }
    }

    pub(super) fn to_json(&self) -> String {
        // Strings and numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The text of [`status::CONNECTED`].
pub(super) const CONNECTED: &str = "connected";

/// A peer's action as it is told to the members: byte for byte, but on one line. The original's
/// script takes each line for a message; a line's end can only be between two tokens here.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    const ENDS: [char; 2] = ['\n', '\r'];
    if text.contains(ENDS) { Cow::Owned(text.replace(ENDS, " ")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_copied_without_need() {
        let said = r#"{"uuid":"a","funcKey":"b","token":"c"}"#;
        let said = Said::parse(said).unwrap();
        for text in [said.uuid, said.func_key, said.token] {
            assert!(matches!(text, Some(Text(Cow::Borrowed(_)))), "{text:?}");
        }
        let escaped = Said::parse(r#"{"funcKey":"\u0061"}"#).unwrap();
        assert_eq!(escaped.key(), "a");
    }

    #[test]
    fn what_is_wrong_is_told_in_few_words() {
        let told = |text: &str| match Said::parse(text) {
            Err(Problem::WrongType(words) | Problem::Malformed(words)) => words,
            other => panic!("{other:?}"),
        };
        assert!(told("{").starts_with("EOF while parsing"), "{}", told("{"));
        for (text, expected) in [
            ("[]", "expected an object"),
            (r#"{"status":{"text":1}}"#, "expected a string"),
            (r#"{"funcParams":1}"#, "expected an array of strings"),
        ] {
            assert!(told(text).contains(expected), "{}", told(text));
        }
        let long = format!(r#"{{"funcKey":"a","stateMessage":"{}"}}"#, "ä".repeat(500));
        assert!((WORDS - 1..=WORDS).contains(&told(&long).len()), "{}", told(&long));
    }
}
