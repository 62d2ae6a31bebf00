//! A message of the protocol, read the long way.

use serde_json::{Map, Value};

/// A message, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naive {
    pub(super) uuid: String,
    pub(super) status: i64,
    pub(super) key: String,
    pub(super) is_state: bool,
    pub(super) token: Option<String>,
}

impl Naive {
    /// Whether this reads a text as the rooms should. It does not know half a surrogate pair, deep
    /// nesting, numbers that are too large, and fields that come twice, which the rooms refuse.
    pub(super) fn knows(text: &str) -> bool {
        let nested = text.matches(['[', '{']).count() > 100;
        let twice = ["uuid", "status", "value", "func", "ateMessage", "token", "text"]
            .iter()
            .any(|field| text.matches(field).count() > 1);
        !nested && !twice && !text.contains('\\')
    }

    pub(super) fn parse(text: &str) -> Result<Self, ()> {
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return Err(()) };
        let status = match fields.get("status") {
            None | Some(Value::Null) => 0,
            Some(Value::Object(status)) => {
                string(status, "text")?;
                match status.get("value") {
                    None | Some(Value::Null) => 0,
                    Some(value) => value.as_i64().ok_or(())?,
                }
            }
            Some(_) => return Err(()),
        };
        match fields.get("funcParams") {
            None | Some(Value::Null) => {}
            Some(Value::Array(params)) if params.iter().all(Value::is_string) => {}
            Some(_) => return Err(()),
        }
        let state = fields.get("stateMessage").or(fields.get("sateMessage"));
        let is_state = match state {
            None | Some(Value::Null) => false,
            Some(Value::Bool(state)) => *state,
            Some(_) => return Err(()),
        };
        Ok(Self {
            uuid: string(&fields, "uuid")?.unwrap_or_default(),
            status,
            key: string(&fields, "funcKey")?.unwrap_or_default(),
            is_state,
            token: string(&fields, "token")?.filter(|token| !token.is_empty()),
        })
    }
}

fn string(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, ()> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(string)) => Ok(Some(string.clone())),
        Some(_) => Err(()),
    }
}
