use std::{collections::BTreeSet, fmt};

use http::StatusCode;

use super::{Context, PeerId, Peers, Service, Verdict};
use crate::{
    CloseCode,
    event::CloseReason,
    handshake::{Rejection, Request},
    message::Message,
    script::{self, Cursor, Progress, Script, ScriptError},
    time::Instant,
};

/// A [`Script`] for each connection, as a service: Socker's server, and its client.
///
/// `S` is what a connection's handlers know of it. It is made for each request, or refused, by the
/// closure that is given to [`Scripted::new`].
///
/// ```
/// use socker_core::script::{Script, Stage, Step};
/// use socker_core::service::{Host, Scripted};
/// use socker_core::Message;
///
/// let script = Script::new([
///     Stage::new("name", |name: &mut String, _, message: Message<'_>| match message.as_text() {
///         Some(text) => {
///             name.push_str(text);
///             Step::Next
///         }
///         None => Step::close(socker_core::CloseCode::Policy, "a name was expected"),
///     }),
///     Stage::new("greeted", |_: &mut String, _, _| Step::Stay).on_enter(|name, cx| {
///         // Refused nowhere here: a peer that does not keep up is closed by the host.
///         let _ = cx.send(Message::text(format!("hello {name}")));
///         Step::Stay
///     }),
/// ]);
/// let host = Host::new(Scripted::new(script, |_, _| Ok(String::new())));
/// ```
pub struct Scripted<S> {
    script: Script<S>,
    begin: Box<Begin<S>>,
    follow: Option<Box<Follow>>,
    players: Peers<Player<S>>,
    /// The deadlines of the stages that have one.
    deadlines: BTreeSet<(Instant, PeerId)>,
}

type Begin<S> = dyn FnMut(PeerId, Option<&Request>) -> Result<S, Rejection> + Send;
type Follow = dyn FnMut(Instant, PeerId, &Result<Progress, ScriptError>) + Send;

struct Player<S> {
    state: S,
    /// None until the connection is open.
    cursor: Option<Cursor>,
}

impl<S> Scripted<S> {
    /// A service of this script. `begin` makes what a connection's handlers know of it, or refuses
    /// it; it sees the request, which a connection that this side has opened does not have.
    pub fn new(
        script: Script<S>,
        begin: impl FnMut(PeerId, Option<&Request>) -> Result<S, Rejection> + Send + 'static,
    ) -> Self {
        Self {
            script,
            begin: Box::new(begin),
            follow: None,
            players: Peers::default(),
            deadlines: BTreeSet::new(),
        }
    }

    /// Tells what each connection's script brings about: its stages and their times, or that the
    /// script is wrong.
    #[must_use]
    pub fn on_progress(
        self,
        follow: impl FnMut(Instant, PeerId, &Result<Progress, ScriptError>) + Send + 'static,
    ) -> Self {
        Self { follow: Some(Box::new(follow)), ..self }
    }

    /// What is known of a connection.
    #[must_use]
    pub fn get(&self, peer: PeerId) -> Option<&S> {
        Some(&self.players.get(peer)?.state)
    }

    /// What is known of a connection, to be changed.
    pub fn get_mut(&mut self, peer: PeerId) -> Option<&mut S> {
        Some(&mut self.players.get_mut(peer)?.state)
    }

    /// What is known of each connection.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, &S)> {
        self.players.iter().map(|(peer, player)| (peer, &player.state))
    }

    /// The stage of a connection; `None` once the script has closed it.
    #[must_use]
    pub fn stage(&self, peer: PeerId) -> Option<&'static str> {
        self.script.stage(self.players.get(peer)?.cursor.as_ref()?)
    }

    /// Runs the script of one connection, and keeps the deadlines.
    fn act(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        call: impl FnOnce(
            &Script<S>,
            &mut Player<S>,
            &mut script::Context<'_>,
        ) -> Result<Progress, ScriptError>,
    ) {
        let Some(player) = self.players.get_mut(peer) else { return };
        let before = deadline(player);
        let now = cx.now();
        let mut outbox = cx.outbox(peer);
        let progress = call(&self.script, player, &mut script::Context::new(now, &mut outbox));
        if progress.is_err() {
            cx.close(peer, CloseCode::Error, "the server's script is wrong");
        }
        let after = deadline(player);
        if before != after {
            self.deadlines.extend(after.map(|at| (at, peer)));
            before.map(|at| self.deadlines.remove(&(at, peer)));
        }
        if let Some(follow) = &mut self.follow
            && progress != Ok(Progress::Stayed)
        {
            follow(now, peer, &progress);
        }
    }

    fn start(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.act(cx, peer, |script, player, cx| {
            let cursor = script.start(&mut player.state, cx)?;
            player.cursor = Some(cursor);
            // A script may end in the entering of its first stages.
            Ok(script.stage(&cursor).map_or(Progress::Stayed, Progress::Entered))
        });
    }
}

fn deadline<S>(player: &Player<S>) -> Option<Instant> {
    player.cursor?.poll_timeout()
}

impl<S: fmt::Debug> fmt::Debug for Scripted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("script", &self.script).finish_non_exhaustive()
    }
}

impl<S> Service for Scripted<S> {
    fn request(&mut self, _: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        match (self.begin)(peer, Some(request)) {
            Ok(state) => {
                self.players.insert(peer, Player { state, cursor: None });
                Verdict::accept()
            }
            Err(rejection) => rejection.into(),
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        if !self.players.contains(peer) {
            match (self.begin)(peer, None) {
                Ok(state) => self.players.insert(peer, Player { state, cursor: None }),
                Err(rejection) => {
                    let reason = status_text(rejection.status());
                    return cx.close(peer, CloseCode::Policy, reason);
                }
            };
        }
        self.start(cx, peer);
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.act(cx, peer, |script, player, cx| match &mut player.cursor {
            Some(cursor) => script.message(cursor, &mut player.state, cx, message),
            None => Ok(Progress::Stayed),
        });
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        if let Some(player) = self.players.remove(peer)
            && let Some(at) = deadline(&player)
        {
            self.deadlines.remove(&(at, peer));
        }
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        while let Some((at, peer)) = self.deadlines.first().copied()
            && at <= cx.now()
        {
            self.act(cx, peer, |script, player, cx| match &mut player.cursor {
                Some(cursor) => script.handle_timeout(cursor, cx),
                None => Ok(Progress::Stayed),
            });
            // Mostly gone with the stage.
            self.deadlines.remove(&(at, peer));
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }
}

fn status_text(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("refused")
}
