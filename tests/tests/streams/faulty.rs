//! A stream that keeps to what streams may do, and is as unpleasant as that allows.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use socker_tests::draw::Draw;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How a stream misbehaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    /// Calls that have to wait, of a hundred.
    pub(crate) waits: usize,
    /// Calls that fail, of a thousand.
    pub(crate) failures: usize,
    /// Reads and writes are short.
    pub(crate) short: bool,
    /// What is written is held back until the stream is flushed, as by TLS.
    pub(crate) holds_back: bool,
    pub(crate) vectored: bool,
}

impl Faults {
    pub(crate) const NONE: Self =
        Self { waits: 0, failures: 0, short: false, holds_back: false, vectored: true };

    /// Any, with so many failures of a thousand calls.
    pub(crate) fn draw(draw: &mut Draw, failures: usize) -> Self {
        Self {
            waits: draw.below(60),
            failures,
            short: draw.below(2) == 0,
            holds_back: draw.below(3) == 0,
            vectored: draw.below(2) == 0,
        }
    }
}

/// What a call may fail with, and two that it should not.
const ERRORS: [ErrorKind; 10] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
    ErrorKind::TimedOut,
    ErrorKind::UnexpectedEof,
    ErrorKind::InvalidData,
    ErrorKind::Other,
    ErrorKind::Interrupted,
    ErrorKind::WouldBlock,
];

/// Calls after which a stream is used in vain, many times what it takes.
const CALLS: usize = 100_000;

/// Most bytes that are held back.
const HELD: usize = 8 << 10;

/// A stream over another one.
#[derive(Debug)]
pub(crate) struct Faulty<IO> {
    io: IO,
    faults: Faults,
    draw: Draw,
    read: Option<Pin<Box<Sleep>>>,
    write: Option<Pin<Box<Sleep>>>,
    held: Vec<u8>,
    /// All calls fail from here on.
    broken: Option<ErrorKind>,
    /// The end has been read.
    ended: bool,
    calls: usize,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Faulty<IO> {
    pub(crate) fn new(io: IO, faults: Faults, draw: Draw) -> Self {
        Self {
            io,
            faults,
            draw,
            read: None,
            write: None,
            held: Vec::new(),
            broken: None,
            ended: false,
            calls: 0,
        }
    }

    /// Whether a call fails by itself.
    fn fails(&mut self) -> bool {
        self.draw.below(1000) < self.faults.failures
    }

    /// An error, after which the stream may go on, as some do, or not.
    fn fail(&mut self) -> io::Result<()> {
        self.calls += 1;
        assert!(self.calls < CALLS, "who uses it spins");
        if let Some(kind) = self.broken {
            return Err(kind.into());
        }
        if !self.fails() {
            return Ok(());
        }
        let kind = ERRORS[self.draw.below(ERRORS.len())];
        self.broken = (self.draw.below(2) == 0).then_some(kind);
        Err(kind.into())
    }

    fn poll_read_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(poll_wait(&mut self.read, &mut self.draw, self.faults.waits, cx));
        Poll::Ready(self.fail())
    }

    fn poll_write_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(poll_wait(&mut self.write, &mut self.draw, self.faults.waits, cx));
        Poll::Ready(self.fail())
    }

    /// How much of so many bytes is moved.
    fn part(&mut self, len: usize) -> usize {
        if !self.faults.short || len == 0 {
            return len;
        }
        let most = 1 + self.draw.below(2000);
        1 + self.draw.below(len.min(most))
    }

    fn poll_pass_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.held))?;
            self.held.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_take(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.faults.holds_back {
            return Pin::new(&mut self.io).poll_write(cx, bytes);
        }
        if self.held.len() >= HELD {
            ready!(self.poll_pass_on(cx))?;
        }
        self.held.extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
}

/// Lets a call wait, for nothing or for a time.
fn poll_wait(
    waiting: &mut Option<Pin<Box<Sleep>>>,
    draw: &mut Draw,
    waits: usize,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if waiting.is_none() && draw.below(100) < waits {
        if draw.below(2) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let time = Duration::from_millis(1 + draw.below(30) as u64);
        *waiting = Some(Box::pin(sleep(time)));
    }
    if let Some(sleep) = waiting {
        ready!(sleep.as_mut().poll(cx));
        *waiting = None;
    }
    Poll::Ready(())
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Faulty<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_read_fault(cx))?;
        this.ended |= this.fails();
        if this.ended {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = vec![0; this.part(buffer.remaining())];
        let mut part = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut this.io).poll_read(cx, &mut part))?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Faulty<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_fault(cx))?;
        if self.fails() {
            return Poll::Ready(Ok(0));
        }
        let len = self.part(bytes.len());
        self.poll_take(cx, &bytes[..len])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.poll_write(cx, &all)
    }

    fn is_write_vectored(&self) -> bool {
        self.faults.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_fault(cx))?;
        ready!(self.poll_pass_on(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_fault(cx))?;
        ready!(self.poll_pass_on(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
