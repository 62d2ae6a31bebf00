//! A directory, and a game server with its browsers on sockets of loopback.

use std::{
    collections::VecDeque,
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use socker_mio::{
    EventLoop, Handle,
    core::{
        Message as Socket,
        directory::{
            Directory, Limits,
            codec::{Message as Said, Sender},
        },
        handshake::Request,
        service::{Budget, Context, PeerId as Peer, Service},
    },
    game_server::GameServer,
    random_seed,
    rtc::{Delivery, Event, PeerId, Reason},
};
use str0m::channel::ChannelId;

use crate::{
    browser::{Browser, reliable},
    link::Datagram,
};

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Of one loop, when several take turns.
pub(crate) const TURN: Option<Duration> = Some(Duration::from_millis(1));

pub(crate) fn directory(address: &str) -> (EventLoop<Directory>, SocketAddr) {
    let limits = Limits::default().tick(Duration::from_millis(1));
    let config = Arc::new(limits.config());
    let directory = Directory::new(random_seed().unwrap()).limits(limits);
    let mut events = EventLoop::with(directory, config, Budget::default()).unwrap();
    let address = events.listen(TcpListener::bind(address).unwrap()).unwrap();
    (events, address)
}

/// A directory on a thread of its own.
pub(crate) struct Elsewhere {
    pub(crate) address: SocketAddr,
    handle: Handle<Directory>,
    thread: JoinHandle<io::Result<()>>,
}

impl Elsewhere {
    pub(crate) fn begin(address: &str) -> Self {
        let (mut events, address) = directory(address);
        let handle = events.handle();
        Self { address, handle, thread: thread::spawn(move || events.run()) }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Those who do not answer are cut.
    pub(crate) fn end(self) {
        self.handle.drain(Duration::from_millis(100), "restarting");
        self.thread.join().unwrap().unwrap();
    }
}

/// A client of the directory.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) peer: Option<Peer>,
    heard: VecDeque<Vec<u8>>,
}

impl Service for Inbox {
    fn opened(&mut self, _: &mut Context<'_>, peer: Peer) {
        self.peer = Some(peer);
    }

    fn message(&mut self, _: &mut Context<'_>, _: Peer, message: Socket<'_>) {
        self.heard.push_back(message.as_bytes().to_vec());
    }
}

/// A browser on a socket.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    socket: UdpSocket,
}

impl Page {
    pub(crate) fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let browser = Browser::new(Instant::now(), socket.local_addr().unwrap());
        Self { browser, socket }
    }

    pub(crate) fn turn(&mut self) {
        let (now, mut buffer) = (Instant::now(), [0; 2_048]);
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            let (to, payload) = (self.browser.address, buffer[..length].to_vec());
            self.browser.receive(now, &Datagram { from, to, payload });
            self.send();
        }
        self.browser.tick(now);
        self.send();
    }

    pub(crate) fn send(&mut self) {
        for datagram in self.browser.drain() {
            self.socket.send_to(&datagram.payload, datagram.to).unwrap();
        }
    }
}

/// All that take turns on the test's thread: the game server, which echoes, a client and the pages.
pub(crate) struct World {
    pub(crate) server: GameServer,
    pub(crate) client: EventLoop<Inbox>,
    pub(crate) pages: Vec<Page>,
    pub(crate) events: Vec<(PeerId, Event)>,
}

impl World {
    pub(crate) fn new(server: GameServer, directory: SocketAddr) -> Self {
        let (pages, events) = (Vec::new(), Vec::new());
        let mut world = Self { server, client: client(directory), pages, events };
        world.until(|world| world.client.service().peer.is_some());
        world
    }

    pub(crate) fn turn(&mut self) {
        self.server.poll(TURN).unwrap();
        while let Some((player, event)) = self.server.next_event() {
            if let Event::Message { channel, message } = &event {
                let message = message.clone();
                self.server.send(player, *channel, message, Delivery::Reliable).unwrap();
            }
            self.events.push((player, event));
        }
        self.client.poll(Some(Duration::ZERO)).unwrap();
        self.pages.iter_mut().for_each(Page::turn);
    }

    pub(crate) fn until(&mut self, mut is: impl FnMut(&mut Self) -> bool) {
        let begin = Instant::now();
        while !is(self) {
            assert!(begin.elapsed() < PATIENCE, "it never was, after {:?}", self.events);
            self.turn();
        }
    }

    pub(crate) fn say(&mut self, message: &Said<'_>) {
        let bytes = message.encode(Sender::Client).unwrap();
        self.client.with_service(|inbox, cx| cx.send(inbox.peer.unwrap(), Socket::binary(bytes)));
    }

    /// What the client hears next, but for empty lists.
    pub(crate) fn hear(&mut self) -> Vec<u8> {
        let empty = Said::ServersAdded(Vec::new()).encode(Sender::DirectoryToClient).unwrap();
        loop {
            self.until(|world| !world.client.service().heard.is_empty());
            let heard = self.client.with_service(|inbox, _| inbox.heard.pop_front()).unwrap();
            if heard != empty {
                return heard;
            }
        }
    }

    /// The id of the only server, which has just been listed with these metadata.
    pub(crate) fn listed(&mut self, metadata: &str) -> u32 {
        match Said::decode(Sender::DirectoryToClient, &self.hear()).unwrap() {
            Said::ServersAdded(servers) => {
                assert_eq!((servers.len(), &*servers[0].metadata), (1, metadata));
                servers[0].id
            }
            other => panic!("{other:?}"),
        }
    }

    /// A page that plays on a server, with an open channel.
    pub(crate) fn join(&mut self, id: u32) -> (usize, ChannelId) {
        let mut page = Page::new();
        let (sdp, channel) = page.browser.offer(reliable("chat"));
        self.say(&Said::Offer { id, sdp: sdp.into() });
        match Said::decode(Sender::DirectoryToClient, &self.hear()).unwrap() {
            Said::Answer { id: of, sdp } => {
                assert_eq!(of, id);
                page.browser.answered(&sdp);
            }
            other => panic!("{other:?}"),
        }
        self.pages.push(page);
        let page = self.pages.len() - 1;
        self.until(|world| world.pages[page].browser.is_open(channel));
        (page, channel)
    }

    /// Sends so many messages, ten at a time, until all have come back. On loopback none is lost.
    pub(crate) fn echo(&mut self, page: usize, channel: ChannelId, count: usize) {
        let (mut sent, mut back) = (0, Vec::new());
        while back.len() < count {
            let browser = &mut self.pages[page].browser;
            while sent < count && sent < back.len() + 10 {
                assert!(browser.send(channel, sent % 2 == 0, format!("message {sent}").as_bytes()));
                sent += 1;
            }
            let known = back.len();
            self.until(|world| {
                back.extend(world.pages[page].browser.take_messages(channel));
                back.len() > known
            });
        }
        let said = |number| (number % 2 == 0, format!("message {number}").into_bytes());
        back.sort_by_key(|(_, payload)| (payload.len(), payload.clone()));
        assert_eq!(back, (0..count).map(said).collect::<Vec<_>>());
    }

    pub(crate) fn ends(&self) -> Vec<Reason> {
        let end = |(_, event): &(PeerId, Event)| match event {
            Event::Disconnected { reason } => Some(*reason),
            _ => None,
        };
        self.events.iter().filter_map(end).collect()
    }
}

pub(crate) fn client(directory: SocketAddr) -> EventLoop<Inbox> {
    let mut events = EventLoop::new(Inbox::default()).unwrap();
    let url = format!("ws://{directory}/directory/clients");
    events.connect(&Request::get(&url).unwrap()).unwrap();
    events
}
