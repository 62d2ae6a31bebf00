//! IO that is always ready: a feed to read, a sink that takes everything.

use std::cell::Cell;
use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::feed::{Batch, Count, Feed, Stream};

/// The sink: counts what it takes. Shared, because some contenders don't give back their IO.
#[derive(Clone, Default)]
pub struct Sink {
    count: Rc<Cell<Count>>,
    /// What each write is a system call on.
    file: Option<Rc<File>>,
}

impl Sink {
    /// Takes writes as the batch wants it.
    pub fn of(batch: &Batch) -> Self {
        let open = || File::options().write(true).open("/dev/null").expect("open /dev/null");
        Self { file: batch.system_calls.then(|| Rc::new(open())), ..Self::default() }
    }

    #[inline(always)]
    pub fn write(&self, bytes: &[u8]) -> usize {
        std::hint::black_box(bytes);
        if let Some(mut file) = self.file.as_deref() {
            return self.add(file.write(bytes).expect("write"));
        }
        self.add(bytes.len())
    }

    #[inline(always)]
    pub fn write_vectored(&self, slices: &[IoSlice<'_>]) -> usize {
        std::hint::black_box(slices);
        if let Some(mut file) = self.file.as_deref() {
            return self.add(file.write_vectored(slices).expect("write"));
        }
        self.add(slices.iter().map(|slice| slice.len()).sum())
    }

    #[inline(always)]
    fn add(&self, len: usize) -> usize {
        let mut count = self.count.get();
        count.bytes += len as u64;
        count.writes += 1;
        self.count.set(count);
        len
    }

    /// What the sink has taken since the last time, all in all that many messages.
    pub fn take(&self, messages: usize) -> Count {
        Count { messages: messages as u64, ..self.count.take() }
    }
}

/// The socket, for those contenders that do their own IO.
pub struct Wire<'a> {
    feed: Option<Feed<'a>>,
    sink: Sink,
}

impl<'a> Wire<'a> {
    pub fn receiving(stream: &'a Stream) -> Self {
        Self { feed: Some(Feed::new(stream)), sink: Sink::default() }
    }

    pub fn sending(sink: &Sink) -> Self {
        Self { feed: None, sink: sink.clone() }
    }

    fn feed(&mut self) -> &mut Feed<'a> {
        self.feed.as_mut().expect("a sender doesn't read")
    }
}

impl Read for Wire<'_> {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.feed().read(buffer.len());
        buffer[..read.len()].copy_from_slice(read);
        Ok(read.len())
    }
}

impl Write for Wire<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.sink.write(bytes))
    }

    #[inline]
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.sink.write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire<'_> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.feed().read(buffer.remaining());
        buffer.put_slice(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire<'_> {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.sink.write(bytes)))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.sink.write_vectored(slices)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a future that never has to wait, so that no runtime is measured.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the wire is always ready"),
    }
}
