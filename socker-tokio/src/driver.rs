//! A machine and its stream: moves bytes between them, and tells the machine the time.

use std::{
    future::Future,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use socker_core::{Config, Event, Instant, Machine, Role, handshake::Request};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{self, Sleep},
};

use crate::seed::random_seed;

/// Bytes of one read. The buffer is on the stack, so an idle connection has none.
pub(crate) const READ: usize = 16 << 10;

/// Buffers of one vectored write.
const WRITE: usize = 32;

/// A machine on a stream.
#[derive(Debug)]
pub(crate) struct Driver<IO> {
    io: IO,
    pub(crate) machine: Machine,
    /// The machine's [`Instant::START`].
    start: time::Instant,
    /// What was read and the machine has not taken.
    unread: BytesMut,
    /// Wakes the task for the machine's time-out; armed at that time or before it.
    timer: Option<Pin<Box<Sleep>>>,
    /// When the timer wakes the task, for [`Driver::poll_timer_again`].
    armed: Instant,
    /// The stream holds bytes that it may not have passed on.
    unflushed: bool,
    /// Ends the wait for a stream that does not pass the last bytes on.
    patience: Option<Pin<Box<Sleep>>>,
    shut_down: bool,
    error: Option<io::Error>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Driver<IO> {
    pub(crate) fn server(io: IO, config: Arc<Config>) -> Self {
        Self::new(io, Machine::server(Instant::START, config), time::Instant::now())
    }

    pub(crate) fn client(io: IO, config: Arc<Config>, request: &Request) -> io::Result<Self> {
        let machine = Machine::client(Instant::START, config, random_seed()?, request);
        Ok(Self::new(io, machine, time::Instant::now()))
    }

    pub(crate) fn upgraded(io: IO, role: Role, config: Arc<Config>) -> io::Result<Self> {
        let machine = Machine::upgraded(Instant::START, role, config, random_seed()?);
        Ok(Self::new(io, machine, time::Instant::now()))
    }

    /// A machine whose time began at `start`.
    pub(crate) fn new(io: IO, machine: Machine, start: time::Instant) -> Self {
        Self {
            io,
            machine,
            start,
            unread: BytesMut::new(),
            timer: None,
            armed: Instant::START,
            unflushed: false,
            patience: None,
            shut_down: false,
            error: None,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::at(self.start.elapsed())
    }

    pub(crate) fn get_ref(&self) -> &IO {
        &self.io
    }

    /// The error that ended the stream.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// The next event, or the end: all is written that can be, and the connection can be dropped.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event<'static>>> {
        loop {
            let now = self.now();
            // All that was read together is handled before anything is written, so that its answers
            // leave together too.
            if let Some(event) = self.read_unread(now) {
                return Poll::Ready(Some(event));
            }
            let written = self.poll_write(cx).is_ready();
            // Writing may have ended the connection.
            if let Some(event) = self.machine.poll(now) {
                return Poll::Ready(Some(event));
            }
            if self.machine.is_done() && written {
                return Poll::Ready(None);
            }
            // Before the time: what has come already is in time.
            let read =
                if self.machine.wants_read() { self.poll_read(now, cx) } else { Poll::Pending };
            if let Poll::Ready(Some(event)) = read {
                return Poll::Ready(Some(event));
            }
            if !self.poll_timer(cx) && read.is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// What the machine has to tell without more input.
    pub(crate) fn poll_told(&mut self) -> Option<Event<'static>> {
        let now = self.now();
        self.machine.poll(now)
    }

    fn read_unread(&mut self, now: Instant) -> Option<Event<'static>> {
        let mut input = &mut self.unread[..];
        let before = input.len();
        let event = self.machine.read(now, &mut input).map(Event::into_owned);
        let used = before - input.len();
        if used == self.unread.len() {
            self.unread = BytesMut::new();
        } else {
            self.unread.advance(used);
        }
        event
    }

    /// Reads once. What the first event leaves is kept.
    fn poll_read(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Option<Event<'static>>> {
        let mut buffer = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut buffer);
        ready!(self.poll_bytes(now, cx, &mut buffer));
        let mut input = buffer.filled_mut();
        let event = self.machine.read(now, &mut input).map(Event::into_owned);
        self.unread.extend_from_slice(input);
        Poll::Ready(event)
    }

    /// Reads once; the machine learns of the stream's end.
    pub(crate) fn poll_bytes(
        &mut self,
        now: Instant,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<()> {
        match ready!(Pin::new(&mut self.io).poll_read(cx, buffer)) {
            Err(error) => self.broken(error),
            Ok(()) if buffer.filled().is_empty() => self.machine.read_eof(now),
            Ok(()) => {}
        }
        Poll::Ready(())
    }

    /// Whether the machine's time came.
    pub(crate) fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(timeout) = self.machine.poll_timeout() else {
            self.timer = None;
            return false;
        };
        let at = self.start + timeout.since(Instant::START);
        let timer = self.timer.get_or_insert_with(|| Box::pin(time::sleep_until(at)));
        // The time mostly moves on with every message; the timer follows only when it rings.
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= at {
                self.timer = None;
                self.machine.handle_timeout(self.now());
                return true;
            }
            timer.as_mut().reset(at);
        }
        false
    }

    /// Whether the timer will wake the task that has polled it, and not too late.
    #[inline]
    pub(crate) fn is_armed(&self, now: Instant) -> bool {
        let armed = self.armed;
        now < armed && self.machine.poll_timeout().is_some_and(|timeout| armed <= timeout)
    }

    /// As [`Driver::poll_timer`], by the same task as the last time. Mostly there is nothing to do.
    #[inline]
    pub(crate) fn poll_timer_again(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        if self.is_armed(now) {
            return false;
        }
        let rang = self.poll_timer(cx);
        self.armed = match &self.timer {
            Some(timer) => Instant::at(timer.deadline() - self.start),
            None => Instant::START,
        };
        rang
    }

    /// Another task polls the timer from now on.
    pub(crate) fn disarm(&mut self) {
        self.armed = Instant::START;
    }

    /// Writes what is outgoing; ready when all of it is passed on, and the writing side has ended
    /// if it is to.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let written = self.poll_pass_on(cx);
        if written.is_ready() || !self.machine.is_done() {
            return written;
        }
        // The machine waits for nothing any more, and has no time-out for a stream that is stuck.
        let patience = self.machine.config().close_timeout;
        let timer = self.patience.get_or_insert_with(|| Box::pin(time::sleep(patience)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.unflushed = false;
        self.shut_down = true;
        Poll::Ready(())
    }

    fn poll_pass_on(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.machine.outgoing_len() > 0 {
            match self.poll_write_once(cx) {
                Poll::Ready(Ok(0)) => self.broken(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.machine.outgoing().advance(written);
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) => self.broken(error),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.unflushed {
            match Pin::new(&mut self.io).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => self.broken(error),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.machine.is_write_finished() && !self.shut_down {
            match Pin::new(&mut self.io).poll_shutdown(cx) {
                // The peer may have ended the connection meanwhile.
                Poll::Ready(Ok(()) | Err(_)) => self.shut_down = true,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let outgoing = self.machine.outgoing();
        let io = Pin::new(&mut self.io);
        let chunk = outgoing.chunk();
        if chunk.len() == outgoing.remaining() || !io.is_write_vectored() {
            return io.poll_write(cx, chunk);
        }
        let mut slices = [IoSlice::new(&[]); WRITE];
        let filled = outgoing.chunks_vectored(&mut slices);
        io.poll_write_vectored(cx, &slices[..filled])
    }

    /// The stream is of no use any more.
    pub(crate) fn broken(&mut self, error: io::Error) {
        let now = self.now();
        self.machine.read_eof(now);
        let mut outgoing = self.machine.outgoing();
        outgoing.advance(outgoing.remaining());
        self.unflushed = false;
        self.shut_down = true;
        self.error.get_or_insert(error);
    }
}
