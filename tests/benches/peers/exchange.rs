//! An opening handshake in memory: a request to read, and the answer to it.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As Chromium sends it; the key is the RFC's own (section 1.3).
pub const REQUEST: &[u8] = b"GET /play HTTP/1.1\r\n\
    Host: game.example:8080\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/156.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: http://game.example:8080\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A socket with one request. Shared, because some contenders don't give back their IO.
#[derive(Clone, Default)]
pub struct Exchange(Rc<Both>);

#[derive(Default)]
struct Both {
    read: Cell<usize>,
    answer: RefCell<Vec<u8>>,
}

impl Exchange {
    /// Forgets the answer, which has to open the connection.
    pub fn take(&self) {
        let mut answer = self.0.answer.borrow_mut();
        check(&answer);
        answer.clear();
        self.0.read.set(0);
    }

    fn read(&self, room: usize) -> &'static [u8] {
        let begin = self.0.read.get();
        let end = REQUEST.len().min(begin + room);
        self.0.read.set(end);
        &REQUEST[begin..end]
    }

    fn write(&self, bytes: &[u8]) -> usize {
        self.0.answer.borrow_mut().extend_from_slice(bytes);
        bytes.len()
    }
}

/// Looks for the key where it has to be, whatever the order of the headers.
pub fn check(answer: &[u8]) {
    assert!(answer.starts_with(b"HTTP/1.1 101 ") && answer.ends_with(b"\r\n\r\n"), "{answer:?}");
    let lines = answer.split(|&byte| byte == b'\n');
    let is_key = |line: &[u8]| line.trim_ascii_end().ends_with(ACCEPT.as_bytes());
    assert!(lines.into_iter().any(is_key), "{answer:?}");
}

impl Read for Exchange {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = Exchange::read(self, buffer.len());
        buffer[..read.len()].copy_from_slice(read);
        // The client waits for the answer.
        if read.is_empty() { Err(ErrorKind::WouldBlock.into()) } else { Ok(read.len()) }
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(Exchange::write(self, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Exchange {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Exchange::read(&self, buffer.remaining());
        buffer.put_slice(read);
        if read.is_empty() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl AsyncWrite for Exchange {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(Exchange::write(&self, bytes)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
