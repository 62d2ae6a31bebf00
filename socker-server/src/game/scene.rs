use socker_core::{
    CloseCode, CloseReason, Instant, Message,
    handshake::Request,
    script::Progress,
    service::{Context, PeerId, Scripted, Service, Verdict},
    wire::Frame,
};
use tracing::debug;

use super::{
    TICK,
    script::{self, State},
    wire,
    world::World,
};

/// The scene and its players. Its ticks are the service's time, so a recording of it replays.
pub(super) struct Scene {
    players: Scripted<State>,
    world: World,
    tick: u32,
    next: Instant,
}

impl Default for Scene {
    fn default() -> Self {
        let players = Scripted::new(script::script(), |_, _| Ok(State::default()));
        let players = players.on_progress(|_, peer, progress| match progress {
            Ok(Progress::Entered(stage)) => debug!(%peer, stage, "entered"),
            progress => debug!(%peer, ?progress, "stage"),
        });
        Self { players, world: World::default(), tick: 0, next: Instant::START }
    }
}

impl Scene {
    /// Shows everybody what has changed. A player who is slow misses snapshots, each of which tells
    /// everything again.
    fn step(&mut self, cx: &mut Context<'_>) {
        self.tick = self.tick.wrapping_add(1);
        if let Some(markers) = self.world.news(self.tick) {
            let snapshot = Frame::binary(&wire::snapshot(self.tick, markers));
            let playing = self.players.iter().filter(|(_, state)| state.playing && !state.away);
            cx.broadcast_droppable(playing.map(|(peer, _)| peer), snapshot);
        }
    }
}

impl Service for Scene {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.players.request(cx, peer, request)
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        match (self.world.enter(), self.players.get_mut(peer)) {
            (Some(marker), Some(state)) => {
                state.marker = Some(marker);
                self.players.opened(cx, peer);
            }
            // A page can't read the status of a refused request, but the reason of a close.
            _ => cx.close(peer, CloseCode::Again, "the scene is full; try again later"),
        }
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.players.message(cx, peer, message);
        match self.players.get(peer) {
            Some(State { marker: Some(marker), away: true, .. }) => self.world.hide(marker.id),
            Some(State { marker: Some(marker), playing: true, .. }) => self.world.show(*marker),
            _ => {}
        }
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        debug!(%peer, %reason, "player left");
        if let Some(State { marker: Some(marker), .. }) = self.players.get(peer) {
            self.world.leave(marker.id);
        }
        self.players.closed(cx, peer, reason);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.players.timeout(cx);
        if self.next <= cx.now() {
            self.step(cx);
            self.next = cx.now().max(self.next + TICK);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        // Nobody is there to be shown anything.
        let next = self.world.is_inhabited().then_some(self.next);
        next.into_iter().chain(self.players.poll_timeout()).min()
    }
}

#[cfg(test)]
mod tests {
    use socker_core::service::{Command, Commands};

    use super::*;

    fn peer(index: u32) -> PeerId {
        PeerId::new(index, 0)
    }

    /// What the game sends, by receiver: the first byte of each message.
    fn sent(commands: &mut Commands) -> Vec<(PeerId, u8)> {
        let mut sent = Vec::new();
        for command in commands.drain() {
            match command {
                Command::Send { to, message, .. } => sent.push((to, message.as_bytes()[0])),
                Command::Broadcast { to, frame, .. } => {
                    sent.extend(to.iter().map(|to| (*to, frame.payload()[0])));
                }
                other => panic!("{other:?}"),
            }
        }
        sent
    }

    #[test]
    fn a_player_is_shown_from_the_tick_after_it_is_ready() {
        let (mut scene, mut commands) = (Scene::default(), Commands::default());
        let request = Request::get("ws://localhost/play").unwrap();
        for index in 0..2 {
            let cx = &mut Context::new(Instant::START, &mut commands);
            assert!(matches!(scene.request(cx, peer(index), &request), Verdict::Accept(_)));
            scene.opened(cx, peer(index));
        }
        assert_eq!(sent(&mut commands), [(peer(0), 1), (peer(1), 1)], "the scene");

        let cx = &mut Context::new(Instant::START, &mut commands);
        scene.message(cx, peer(1), Message::binary(&[2]));
        assert_eq!(sent(&mut commands), [(peer(1), 3)], "play");

        let now = scene.poll_timeout().unwrap();
        scene.timeout(&mut Context::new(now, &mut commands));
        assert_eq!(sent(&mut commands), [(peer(1), 4)], "a snapshot for who plays");
        assert!(scene.poll_timeout().unwrap() > now);
    }

    #[test]
    fn who_plays_elsewhere_is_not_shown_until_it_moves() {
        let (mut scene, mut commands) = (Scene::default(), Commands::default());
        let request = Request::get("ws://localhost/play").unwrap();
        let mut say = |scene: &mut Scene, index, message: &[u8]| {
            let cx = &mut Context::new(Instant::START, &mut commands);
            if message.is_empty() {
                let _ = scene.request(cx, peer(index), &request);
                scene.opened(cx, peer(index));
            } else {
                scene.message(cx, peer(index), Message::binary(message));
            }
            sent(&mut commands);
            let now = scene.poll_timeout().unwrap();
            scene.timeout(&mut Context::new(now, &mut commands));
            sent(&mut commands)
        };
        for index in 0..2 {
            say(&mut scene, index, &[]);
            say(&mut scene, index, &[2]);
        }
        assert_eq!(say(&mut scene, 1, &[11]), [(peer(0), 4)], "it is gone for the other");
        assert_eq!(scene.world.news(1_000).unwrap().count(), 1);
        assert_eq!(say(&mut scene, 1, &[5, 0, 1, 0, 1]), [(peer(0), 4), (peer(1), 4)]);
        assert_eq!(scene.world.news(2_000).unwrap().count(), 2);
    }

    #[test]
    fn who_finds_no_place_is_told_so() {
        let (mut scene, mut commands) = (Scene::default(), Commands::default());
        let request = Request::get("ws://localhost/play").unwrap();
        let full = (0..).find(|index| {
            let cx = &mut Context::new(Instant::START, &mut commands);
            let _ = scene.request(cx, peer(*index), &request);
            scene.opened(cx, peer(*index));
            let closes = |command| matches!(command, Command::Close { code: CloseCode::Again, .. });
            commands.drain().any(closes)
        });
        assert_eq!(full, Some(128));
        let cx = &mut Context::new(Instant::START, &mut commands);
        scene.closed(cx, peer(128), &CloseReason::Eof);
        scene.closed(cx, peer(7), &CloseReason::Eof);
        let _ = scene.request(cx, peer(7), &request);
        scene.opened(cx, peer(7));
        assert_eq!(sent(&mut commands), [(peer(7), 1)]);
    }
}
