use std::borrow::Cow;

/// What the members of a room are told to do: a key, under which they have subscribed something, and
/// its parameters.
///
/// ```
/// use socker_core::rooms::Action;
///
/// let action = Action::new("slide").param("7").param("The design").state();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) params: Vec<Cow<'a, str>>,
    pub(super) is_state: bool,
}

impl<'a> Action<'a> {
    /// An action without parameters. The key must not be empty.
    #[must_use]
    pub fn new(key: impl Into<Cow<'a, str>>) -> Self {
        Self { key: key.into(), params: Vec::new(), is_state: false }
    }

    /// Adds a parameter, after those that are there.
    #[must_use]
    pub fn param(mut self, param: impl Into<Cow<'a, str>>) -> Self {
        self.params.push(param.into());
        self
    }

    /// Makes it a state message: who joins later is told it too, unless it was replaced by one with
    /// the same key.
    #[must_use]
    pub fn state(self) -> Self {
        Self { is_state: true, ..self }
    }
}
