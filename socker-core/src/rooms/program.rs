//! What the embedding program does with rooms.

use super::{
    Action, OwnerToken, Room, RoomEnd, RoomError, RoomEvent, RoomId, Rooms, room::Owner,
    wire::Saying,
};
use crate::{
    service::{Context, PeerId},
    wire::Frame,
};

/// Rooms of the embedding program, which peers can join as any other.
///
/// ```
/// use socker_core::rooms::{Action, RoomError, Rooms};
/// use socker_core::service::Context;
///
/// fn announce(rooms: &mut Rooms, cx: &mut Context<'_>) -> Result<(), RoomError> {
///     let room = rooms.create(cx)?;
///     rooms.broadcast(cx, room, &Action::new("score").param("3:1").state())?;
///     rooms.close(cx, room)
/// }
/// ```
impl Rooms {
    /// Creates a room without an owner: only the program sends to its members, and closes it.
    ///
    /// # Errors
    /// [`RoomError::TooManyRooms`].
    pub fn create(&mut self, cx: &mut Context<'_>) -> Result<RoomId, RoomError> {
        let (room, _) = self.draw_room();
        self.begin(cx, room, Owner::Program)?;
        Ok(room)
    }

    /// Tells all members of a room an action, also of one that a peer owns; how many they are.
    ///
    /// # Errors
    /// [`RoomError::UnknownRoom`], and what is wrong with the action.
    pub fn broadcast(
        &mut self,
        cx: &mut Context<'_>,
        room: RoomId,
        action: &Action<'_>,
    ) -> Result<usize, RoomError> {
        let text = Saying::action(room, action).to_json();
        if text.len() > self.limits.message {
            return Err(RoomError::MessageTooLong);
        }
        self.spread(cx, room, (&action.key, action.is_state), Frame::text(&text))
    }

    /// Closes a room, and the connections of all who are in it. The owner, if it is a peer, can make
    /// it anew; [`Rooms::authorise`] can prevent that.
    ///
    /// # Errors
    /// [`RoomError::UnknownRoom`].
    pub fn close(&mut self, cx: &mut Context<'_>, room: RoomId) -> Result<(), RoomError> {
        if !self.rooms.contains_key(&room) {
            return Err(RoomError::UnknownRoom);
        }
        self.end(cx, room, RoomEnd::Program);
        Ok(())
    }

    /// How many rooms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether there are no rooms.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// All rooms.
    pub fn ids(&self) -> impl Iterator<Item = RoomId> {
        self.rooms.keys().copied()
    }

    /// The members of a room; none if there is no such room.
    pub fn members(&self, room: RoomId) -> impl Iterator<Item = PeerId> {
        self.rooms.get(&room).into_iter().flat_map(|room| room.members.iter().copied())
    }

    /// The room in which a peer is, as its owner or a member.
    #[must_use]
    pub fn room_of(&self, peer: PeerId) -> Option<RoomId> {
        self.find(peer).map(|(room, _)| room)
    }

    /// The owner of a room, if that is a peer which is there.
    #[must_use]
    pub fn owner(&self, room: RoomId) -> Option<PeerId> {
        match self.rooms.get(&room)?.owner {
            Owner::Peer(peer) => Some(peer),
            Owner::Program | Owner::Away(_) => None,
        }
    }

    /// How many state messages a room has; none if there is no such room.
    #[must_use]
    pub fn state_len(&self, room: RoomId) -> usize {
        self.rooms.get(&room).map_or(0, |room| room.state.len())
    }
}

impl Rooms {
    pub(super) fn draw_room(&mut self) -> (RoomId, OwnerToken) {
        let token = OwnerToken::new(self.draw.key());
        (RoomId::of(&token), token)
    }

    /// Whether there is room for one more, or a room that would go for it.
    pub(super) fn expect_room(&self) -> Result<(), RoomError> {
        if self.rooms.len() < self.limits.rooms || self.dispensable().is_some() {
            Ok(())
        } else {
            Err(RoomError::TooManyRooms)
        }
    }

    /// Of the rooms whose owners are away and that nobody follows, the first to end. Who creates
    /// rooms and goes away can keep nobody out so.
    fn dispensable(&self) -> Option<RoomId> {
        let is_empty = |id: &RoomId| self.rooms.get(id).is_some_and(|room| room.members.is_empty());
        self.ends.iter().map(|(_, id)| *id).find(is_empty)
    }

    pub(super) fn begin(
        &mut self,
        cx: &mut Context<'_>,
        room: RoomId,
        owner: Owner,
    ) -> Result<(), RoomError> {
        if self.rooms.len() >= self.limits.rooms {
            let dispensable = self.dispensable().ok_or(RoomError::TooManyRooms)?;
            self.end(cx, dispensable, RoomEnd::Abandoned);
        }
        self.rooms.insert(room, Room::new(owner));
        let owner = match owner {
            Owner::Peer(peer) => Some(peer),
            Owner::Program | Owner::Away(_) => None,
        };
        self.tell(cx.now(), RoomEvent::Created { room, owner });
        Ok(())
    }

    /// An action, encoded once, to all members of a room; and to its state, if it is one of that.
    pub(super) fn spread(
        &mut self,
        cx: &mut Context<'_>,
        room: RoomId,
        (key, is_state): (&str, bool),
        frame: Frame,
    ) -> Result<usize, RoomError> {
        let room = self.rooms.get_mut(&room).ok_or(RoomError::UnknownRoom)?;
        if key.is_empty() {
            return Err(RoomError::MissingKey);
        }
        if is_state {
            room.state.set(&self.limits, key, frame.clone())?;
        }
        cx.broadcast(room.members.iter().copied(), frame);
        Ok(room.members.len())
    }
}
