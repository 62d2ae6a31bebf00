use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_sink::Sink;
use socker_core::{
    CloseCode, CloseReason, Config, Event, Message, Refusal, Role, SendError, handshake::Response,
    wire::Frame,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    driver::Driver,
    error::Error,
    wakers::{Half, Wakers},
};

/// An open WebSocket connection over `IO`.
///
/// It is driven by whoever awaits it: call [`recv`](Connection::recv) all the time, because that
/// also answers pings, keeps the connection alive and writes what is queued. It is a [`Stream`] of
/// messages and a [`Sink`] for them too, and may be split with `StreamExt::split` of futures-util.
///
/// Every method is cancel-safe: what was received is not lost, and a message is either queued whole
/// or not at all.
///
/// Dropped, the connection ends without a Close; [`close`](Connection::close) ends it well.
#[derive(Debug)]
pub struct Connection<IO> {
    driver: Driver<IO>,
    wakers: Wakers,
    /// A message that found no room after the sink had been ready.
    held: Option<Message<'static>>,
    /// Received while a send waited.
    received: Option<Event<'static>>,
    closed: Option<CloseReason>,
    /// The end has been told to the receiver.
    ended: bool,
    response: Option<Response>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Connection<IO> {
    /// A connection that is open already: someone else did the HTTP part.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub fn upgraded(io: IO, role: Role, config: Arc<Config>) -> Result<Self, Error> {
        Ok(Self::new(Driver::upgraded(io, role, config)?, None))
    }

    pub(crate) fn new(driver: Driver<IO>, response: Option<Response>) -> Self {
        Self {
            driver,
            wakers: Wakers::default(),
            held: None,
            received: None,
            closed: None,
            ended: false,
            response,
        }
    }

    /// The next message; `None` once the connection has ended by a Close from each side.
    ///
    /// # Errors
    /// The stream failed, or the connection ended otherwise; `None` follows. After a violation that is
    /// when the peer has read why, or [`Config::close_timeout`] is over. [`Error::Oversized`] alone ends
    /// nothing.
    pub async fn recv(&mut self) -> Option<Result<Message<'static>, Error>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Queues a message and writes it to the stream, waiting while too much is queued.
    ///
    /// # Errors
    /// The connection is closing or over.
    pub async fn send(&mut self, message: Message<'_>) -> Result<(), Error> {
        let mut message = Some(message);
        poll_fn(|cx| self.poll_send(cx, &mut message)).await
    }

    /// Queues a message that was encoded once for many and writes it to the stream, waiting while
    /// too much is queued.
    ///
    /// # Errors
    /// The connection is closing or over.
    pub async fn send_frame(&mut self, frame: &Frame) -> Result<(), Error> {
        let mut sent = false;
        poll_fn(|cx| {
            ready!(self.poll_room(cx))?;
            while !sent {
                match self.driver.machine.send_frame(frame) {
                    Ok(()) => sent = true,
                    // Ready when the queue is empty, and then there is room for any message.
                    Err(Refusal::Full) => ready!(self.poll_written(cx))?,
                    Err(_) => return Poll::Ready(Err(self.end_error())),
                }
            }
            self.poll_written(cx)
        })
        .await
    }

    /// Queues a message if there is room; [`recv`](Connection::recv) or
    /// [`flush`](Connection::flush) write it.
    ///
    /// # Errors
    /// The queue is full, or the connection is closing or over; the message is given back.
    pub fn try_send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        if self.held.is_some() {
            return Err(SendError { refusal: Refusal::Full, message });
        }
        self.driver.machine.send(message)?;
        self.wakers.wake_other(Half::Sender);
        Ok(())
    }

    /// Queues a message that was encoded once for many, if there is room; as
    /// [`try_send`](Connection::try_send).
    ///
    /// # Errors
    /// The queue is full, or the connection is closing or over.
    pub fn try_send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        if self.held.is_some() {
            return Err(Refusal::Full);
        }
        self.driver.machine.send_frame(frame)?;
        self.wakers.wake_other(Half::Sender);
        Ok(())
    }

    /// Writes to the stream what is queued.
    ///
    /// # Errors
    /// The connection is over.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flushed(cx)).await
    }

    /// Closes the connection: writes what is queued and a Close, and waits for the peer's. Messages
    /// that come meanwhile are dropped. Returns why the connection ended.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> CloseReason {
        // What a sink has taken goes first. Where it can't, the connection is over.
        let _ = poll_fn(|cx| self.poll_room(cx)).await;
        self.start_close(code, reason);
        poll_fn(|cx| self.poll_end(Half::Receiver, cx)).await;
        self.closed.clone().unwrap_or(CloseReason::Eof)
    }

    /// Begins to close the connection; [`recv`](Connection::recv) goes on until the end.
    pub fn start_close(&mut self, code: CloseCode, reason: &str) {
        let now = self.driver.now();
        self.driver.machine.close(now, code, reason);
        self.wakers.wake_other(Half::Sender);
    }

    /// Why the connection ended, once it has.
    #[must_use]
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.closed.as_ref()
    }

    /// The server's answer, for a client: its headers and the chosen subprotocol.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// The stream.
    #[must_use]
    pub fn get_ref(&self) -> &IO {
        self.driver.get_ref()
    }

    /// The next message, as [`recv`](Connection::recv).
    pub fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message<'static>, Error>>> {
        loop {
            match ready!(self.poll_event(cx)) {
                Some(Event::Message(message)) => return Poll::Ready(Some(Ok(message))),
                Some(Event::Oversized(oversized)) => {
                    return Poll::Ready(Some(Err(Error::Oversized(oversized))));
                }
                Some(_) => {}
                None if self.ended => return Poll::Ready(None),
                None => {
                    self.ended = true;
                    let clean = self.closed.as_ref().is_some_and(CloseReason::is_clean);
                    return Poll::Ready((!clean).then(|| Err(self.end_error())));
                }
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event<'static>>> {
        let waiting = self.driver.machine.outgoing_len();
        let event = match self.received.take() {
            Some(event) => Poll::Ready(Some(event)),
            None => {
                let waker = self.wakers.join(Half::Receiver, cx);
                self.driver.poll_event(&mut Context::from_waker(&waker))
            }
        };
        if let Poll::Ready(Some(Event::Closed(reason))) = &event {
            self.closed = Some(reason.clone());
            self.wakers.wake_other(Half::Receiver);
        }
        if self.driver.machine.outgoing_len() < waiting {
            self.wakers.wake_other(Half::Receiver);
        }
        if event.is_ready() {
            self.wakers.leave(Half::Receiver);
        }
        event
    }

    /// Drives the connection to its end, dropping messages.
    fn poll_end(&mut self, half: Half, cx: &mut Context<'_>) -> Poll<()> {
        self.received = None;
        loop {
            let waker = self.wakers.join(half, cx);
            match ready!(self.driver.poll_event(&mut Context::from_waker(&waker))) {
                Some(Event::Closed(reason)) => self.closed = Some(reason),
                Some(_) => {}
                None => {
                    self.wakers.wake_other(half);
                    return Poll::Ready(());
                }
            }
        }
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message<'_>>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(cx))?;
        ready!(self.poll_queue(cx, message))?;
        self.poll_written(cx)
    }

    /// Ready when nothing is held back.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut held = self.held.take();
        let queued = self.poll_queue(cx, &mut held);
        self.held = held;
        queued
    }

    /// Queues the message; while there is no room, it stays where it is.
    fn poll_queue(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message<'_>>,
    ) -> Poll<Result<(), Error>> {
        while let Some(unsent) = message.take() {
            match self.driver.machine.send(unsent) {
                Ok(()) => {}
                Err(error) if error.refusal == Refusal::Full => {
                    *message = Some(error.message);
                    // Ready when the queue is empty, and then there is room for any message.
                    ready!(self.poll_written(cx))?;
                }
                Err(_) => return Poll::Ready(Err(self.end_error())),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(cx))?;
        self.poll_written(cx)
    }

    /// Ready when all that is queued has been written.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let waker = self.wakers.join(Half::Sender, cx);
        let cx = &mut Context::from_waker(&waker);
        while self.driver.poll_write(cx).is_pending() {
            if !self.driver.poll_timer(cx) {
                return Poll::Pending;
            }
            self.hear(cx);
        }
        self.wakers.leave(Half::Sender);
        self.wakers.wake_other(Half::Sender);
        self.learn_end();
        Poll::Ready(if self.closed.is_none() { Ok(()) } else { Err(self.end_error()) })
    }

    /// Lets a peer that is alive prove it while nobody receives.
    fn hear(&mut self, cx: &mut Context<'_>) {
        if self.received.is_none()
            && let Poll::Ready(Some(event)) = self.driver.poll_event(cx)
        {
            self.put_aside(event);
        }
    }

    /// Learns of an end that the receiver has not been told.
    fn learn_end(&mut self) {
        if !self.driver.machine.is_open()
            && self.received.is_none()
            && let Some(event) = self.driver.poll_told()
        {
            self.put_aside(event);
        }
    }

    /// Keeps what the receiver is to be told.
    fn put_aside(&mut self, event: Event<'static>) {
        match event {
            Event::Closed(reason) => self.closed = Some(reason),
            event => self.received = Some(event),
        }
    }

    fn end_error(&mut self) -> Error {
        self.learn_end();
        match (self.driver.take_error(), &self.closed) {
            (Some(error), _) => Error::Io(error),
            (None, Some(reason)) => Error::Closed(reason.clone()),
            (None, None) => Error::Closing,
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Stream for Connection<IO> {
    type Item = Result<Message<'static>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx)
    }
}

/// Closing the sink closes the connection with code 1000, and drops messages that still come.
impl<IO: AsyncRead + AsyncWrite + Unpin> Sink<Message<'static>> for Connection<IO> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message<'static>) -> Result<(), Error> {
        if self.held.is_some() {
            return Err(Error::NotReady);
        }
        match self.driver.machine.send(message) {
            Ok(()) => Ok(()),
            Err(error) if error.refusal == Refusal::Full => {
                self.held = Some(error.message);
                Ok(())
            }
            Err(_) => Err(self.end_error()),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flushed(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(cx))?;
        if self.driver.machine.is_open() {
            self.start_close(CloseCode::Normal, "");
        }
        ready!(self.poll_end(Half::Sender, cx));
        Poll::Ready(Ok(()))
    }
}
