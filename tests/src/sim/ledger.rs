use std::{collections::BTreeMap, fmt};

use socker_core::handshake::Request;
use socker_core::service::{
    Command, Commands, Context, Delivery, Gap, Oversized, PeerId, Service, Verdict,
};
use socker_core::{CloseReason, Instant, Message, MessageKind, wire};

/// A service whose calls and commands are kept, and held to the contract of [`Service`].
pub struct Ledger {
    service: Box<dyn Service + Send>,
    commands: Commands,
    records: BTreeMap<PeerId, Record>,
}

/// What a service was told of a peer, and told it.
#[derive(Debug, Default)]
pub struct Record {
    /// When it was opened.
    pub opened: Option<Instant>,
    /// What it has sent.
    pub heard: Vec<Message<'static>>,
    /// What was to be sent to it, in order.
    pub entries: Vec<Entry>,
    /// Why it ended.
    pub closed: Option<CloseReason>,
    /// The service has closed it.
    shut: bool,
}

/// What was to be sent to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message.
    Send(Message<'static>, Delivery),
    /// The service was told that so many droppable messages were dropped.
    Gap(u32),
    /// Nothing after this counts: the service has closed it, or the host drains.
    End,
}

impl Ledger {
    /// Keeps what this service does.
    pub fn new(service: impl Service + Send + 'static) -> Self {
        Self { service: Box::new(service), commands: Commands::default(), records: BTreeMap::new() }
    }

    /// What is known of a peer; each connection has one of its own.
    #[must_use]
    pub fn record(&self, peer: PeerId) -> Option<&Record> {
        self.records.get(&peer)
    }

    /// All that is known.
    pub fn records(&self) -> impl Iterator<Item = (PeerId, &Record)> {
        self.records.iter().map(|(peer, record)| (*peer, record))
    }

    /// The host drains from here on.
    pub fn drain(&mut self) {
        for record in self.records.values_mut() {
            record.entries.push(Entry::End);
        }
    }

    /// Does something as if the service did it.
    pub fn act<R>(&mut self, cx: &mut Context<'_>, act: impl FnOnce(&mut Context<'_>) -> R) -> R {
        self.call(cx, |_, cx| act(cx))
    }

    fn call<R>(
        &mut self,
        cx: &mut Context<'_>,
        call: impl FnOnce(&mut dyn Service, &mut Context<'_>) -> R,
    ) -> R {
        let result = call(&mut *self.service, &mut Context::new(cx.now(), &mut self.commands));
        for command in self.commands.drain() {
            let records = &mut self.records;
            let mut keep = |to: PeerId, entry| {
                if let Some(record) = records.get_mut(&to) {
                    record.entries.push(entry);
                }
            };
            match command {
                Command::Send { to, message, delivery } => {
                    keep(to, Entry::Send(message.clone().into_owned(), delivery));
                    match delivery {
                        Delivery::Reliable => cx.send(to, message),
                        Delivery::Droppable => cx.send_droppable(to, message),
                    }
                }
                Command::Broadcast { to, frame, delivery } => {
                    for to in to {
                        keep(*to, Entry::Send(message(&frame), delivery));
                    }
                    match delivery {
                        Delivery::Reliable => cx.broadcast(to.iter().copied(), frame),
                        Delivery::Droppable => cx.broadcast_droppable(to.iter().copied(), frame),
                    }
                }
                Command::Close { peer, code, reason } => {
                    keep(peer, Entry::End);
                    if let Some(record) = records.get_mut(&peer) {
                        record.shut = true;
                    }
                    cx.close(peer, code, &reason);
                }
                command => panic!("a new command: {command:?}"),
            }
        }
        result
    }

    /// The record of a peer that may still say something.
    fn present(&mut self, peer: PeerId) -> &mut Record {
        let record = self.records.get_mut(&peer).expect("it was not there");
        assert!(record.opened.is_some(), "{peer} was not opened");
        assert!(!record.shut, "{peer} was closed by the service");
        assert!(record.closed.is_none(), "{peer} has ended");
        record
    }
}

fn message(frame: &wire::Frame) -> Message<'static> {
    let payload = frame.payload().to_vec();
    match frame.kind() {
        MessageKind::Text => Message::text(String::from_utf8(payload).expect("it is text")),
        MessageKind::Binary => Message::binary(payload),
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("records", &self.records).finish_non_exhaustive()
    }
}

impl Service for Ledger {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        assert!(!self.records.contains_key(&peer), "{peer} was there already");
        let verdict = self.call(cx, |service, cx| service.request(cx, peer, request));
        if matches!(verdict, Verdict::Accept(_)) {
            self.records.insert(peer, Record::default());
        }
        verdict
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        let record = self.records.entry(peer).or_default();
        assert!(record.opened.replace(cx.now()).is_none(), "{peer} was opened twice");
        assert!(record.closed.is_none(), "{peer} has ended");
        self.call(cx, |service, cx| service.opened(cx, peer));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.present(peer).heard.push(message.clone().into_owned());
        self.call(cx, |service, cx| service.message(cx, peer, message));
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        self.present(peer);
        self.call(cx, |service, cx| service.oversized(cx, peer, oversized));
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        assert!(gap.messages > 0, "an empty gap");
        self.present(peer).entries.push(Entry::Gap(gap.messages));
        self.call(cx, |service, cx| service.gap(cx, peer, gap));
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        let record = self.records.get_mut(&peer).expect("it was not there");
        assert!(record.opened.is_some(), "{peer} was not opened");
        assert!(record.closed.replace(reason.clone()).is_none(), "{peer} ended twice");
        self.call(cx, |service, cx| service.closed(cx, peer, reason));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.call(cx, |service, cx| service.timeout(cx));
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.service.poll_timeout()
    }
}

type Sent<'r> = (&'r Message<'static>, Delivery);

/// The beginning of a message.
fn brief(message: &Message<'_>) -> String {
    let begin = &message.as_bytes()[..message.len().min(60)];
    format!("{} of {} bytes: {}", message.kind(), message.len(), begin.escape_ascii())
}

/// How much of what was sent must have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// A part from the beginning.
    Some,
    /// All, but droppable messages may be missing of which the service has not been told yet.
    Reliable,
    /// All, but those of which the service was told.
    All,
}

impl Record {
    /// Compares what a peer got with what was sent to it.
    ///
    /// # Errors
    /// What is missing, or should not be there.
    pub fn judge<'m>(
        &self,
        received: impl IntoIterator<Item = &'m Message<'static>>,
        arrived: Arrived,
    ) -> Result<(), String> {
        let (sent, told) = self.sent()?;
        let mut received = received.into_iter().peekable();
        let mut behind = false;
        for (number, (message, delivery)) in sent.into_iter().enumerate() {
            let droppable = delivery == Delivery::Droppable;
            if !(behind && droppable) && received.next_if_eq(&message).is_some() {
                continue;
            }
            if droppable && number >= told && arrived != Arrived::All {
                behind = true;
            } else if received.peek().is_none() && arrived == Arrived::Some {
                return Ok(());
            } else {
                let next = received.peek().map_or("the end".to_owned(), |next| brief(next));
                let message = brief(message);
                return Err(format!("{delivery:?} {message} is missing before {next}"));
            }
        }
        received.next().map_or(Ok(()), |message| Err(format!("{} was not sent", brief(message))))
    }

    /// What was sent, without what the gaps have told, and how many of these a gap has confirmed.
    fn sent(&self) -> Result<(Vec<Sent<'_>>, usize), String> {
        let (mut sent, mut told) = (Vec::new(), 0);
        for entry in &self.entries {
            match entry {
                Entry::Send(message, delivery) => sent.push((message, *delivery)),
                Entry::Gap(messages) => {
                    for _ in 0..*messages {
                        // Once one is dropped, all are until the gap is told.
                        let since = sent[told..].iter();
                        let last = since.clone().rposition(|(_, d)| *d == Delivery::Droppable);
                        let last = last.ok_or("a gap of more than was sent")?;
                        sent.remove(told + last);
                    }
                    told = sent.len();
                }
                Entry::End => break,
            }
        }
        Ok((sent, told))
    }
}
