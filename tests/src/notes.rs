//! A service that notes what it is told, and a host of it that is fed by hand.

use std::net::IpAddr;

use bytes::Buf;
use socker_core::handshake::Request;
use socker_core::service::{Budget, Context, Gap, Host, Oversized, PeerId, Service, Verdict};
use socker_core::{CloseReason, Config, Instant, Message};

use crate::calls::REQUEST;
use crate::frames::{Frame, decode_all, opcode};

/// Notes what it is told, and does nothing.
#[derive(Debug, Default)]
pub struct Notes {
    /// A line for each call.
    pub told: Vec<String>,
    /// What it says to requests; accepts all if there is nothing.
    pub verdict: Option<Verdict>,
    /// When it wants to be called.
    pub timeout: Option<Instant>,
}

impl Notes {
    /// What was noted since the last time.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

impl Service for Notes {
    fn request(&mut self, _: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        let from = request.address().map_or("nowhere".to_owned(), |address| address.to_string());
        self.told.push(format!("request {peer} {} from {from}", request.path()));
        self.verdict.clone().unwrap_or(Verdict::accept())
    }

    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.told.push(format!("opened {peer}"));
    }

    fn message(&mut self, _: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.told.push(format!("message {peer} {}", message.as_bytes().escape_ascii()));
    }

    fn oversized(&mut self, _: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        self.told.push(format!("oversized {peer} {}", oversized.kind));
    }

    fn gap(&mut self, _: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.told.push(format!("gap {peer} {}", gap.messages));
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.told.push(format!("closed {peer} {reason}"));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.told.push(format!("timeout {:?}", cx.now()));
        self.timeout = None;
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.timeout
    }
}

/// What was noted since the last time.
pub fn told(host: &mut Host<Notes>) -> Vec<String> {
    host.run(Instant::START, |notes, _| notes.take())
}

/// A client that has connected and sent its request; what it was answered is still to be written.
pub fn ask<S: Service>(host: &mut Host<S>, now: Instant, address: Option<IpAddr>) -> PeerId {
    let peer = host.accept(now, address).expect("there is room");
    host.read(now, peer, &mut REQUEST.as_bytes().to_vec());
    peer
}

/// A client that was accepted.
pub fn open<S: Service>(host: &mut Host<S>, now: Instant) -> PeerId {
    let peer = ask(host, now, None);
    let answer = written(host, peer);
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", answer.escape_ascii());
    peer
}

/// Takes what is to be written to a peer.
pub fn written<S: Service>(host: &mut Host<S>, peer: PeerId) -> Vec<u8> {
    let mut outgoing = host.outgoing(peer).expect("it is there");
    outgoing.copy_to_bytes(outgoing.remaining()).into()
}

/// Takes what is to be written to a peer that is open.
pub fn frames<S: Service>(host: &mut Host<S>, peer: PeerId) -> Vec<Frame> {
    let bytes = written(host, peer);
    let (frames, used) = decode_all(&bytes);
    assert_eq!(used, bytes.len());
    frames
}

/// A client's message.
pub fn say<S: Service>(host: &mut Host<S>, now: Instant, peer: PeerId, text: &str) {
    let frame = Frame::new(opcode::TEXT, text.as_bytes()).masked([1, 2, 3, 4]);
    host.read(now, peer, &mut frame.encode());
}

/// A host of notes.
#[must_use]
pub fn host(config: Config, budget: Budget) -> Host<Notes> {
    Host::with(Notes::default(), config.into(), budget)
}

/// A message of so many bytes to a peer, at the start.
pub fn send(host: &mut Host<Notes>, to: PeerId, len: usize) {
    host.run(Instant::START, |_, cx| cx.send(to, Message::binary(vec![7; len])));
}

/// The same, which may be dropped.
pub fn send_droppable(host: &mut Host<Notes>, to: PeerId, len: usize) {
    host.run(Instant::START, |_, cx| cx.send_droppable(to, Message::binary(vec![7; len])));
}

/// The codes of the Closes among frames.
#[must_use]
pub fn codes(frames: &[Frame]) -> Vec<u16> {
    frames.iter().filter_map(Frame::close_code).collect()
}

/// The status line and the `Retry-After` header of an HTTP answer.
#[must_use]
pub fn status(answer: &[u8]) -> (String, Option<String>) {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let status = text.split(' ').nth(1).unwrap().to_owned();
    let mut lines = text.lines().map(str::to_lowercase);
    (status, lines.find_map(|line| Some(line.strip_prefix("retry-after: ")?.to_owned())))
}

/// A network address.
#[must_use]
pub fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}
