//! As its own example of an echo server, on hyper; and the same over a stream that gathers writes.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::fastwebsockets::upgrade::{UpgradeFut, upgrade};
use ::fastwebsockets::{FragmentCollector, OpCode, WebSocketError};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::{spawn, unconstrained};

use crate::listen::listen;
use crate::servers::Failure;

/// A peer that doesn't read its answers is held back from here on.
const UNWRITTEN: usize = 64 * 1024;

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    listen(address, open)
}

/// It writes each frame at once, and can't tell whether there is one more to be read. A stream that
/// keeps what is written until nothing is left to read makes one write of all answers.
pub fn serve_batched(address: SocketAddr) -> Result<(), Failure> {
    listen(address, |stream| open(Batched { stream, unwritten: Vec::new() }))
}

async fn open<IO>(stream: IO) -> Result<(), Failure>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(async |mut request: Request<Incoming>| {
        let (response, socket) = upgrade(&mut request)?;
        spawn(unconstrained(async {
            // The bench resets its connections.
            let _ = echo(socket).await;
        }));
        Ok::<Response<Empty<Bytes>>, WebSocketError>(response)
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    Ok(connection.with_upgrades().await?)
}

async fn echo(socket: UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(socket.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

/// Writes when there is nothing to read.
struct Batched {
    stream: TcpStream,
    unwritten: Vec<u8>,
}

impl AsyncRead for Batched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer)?;
        if read.is_pending() {
            // If this has to wait, its waker is the reader's, which is the same task.
            let _ = self.poll_flush(cx)?;
        }
        read.map(Ok)
    }
}

impl AsyncWrite for Batched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unwritten.len() >= UNWRITTEN {
            ready!(self.as_mut().poll_flush(cx))?;
        }
        self.unwritten.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, unwritten } = &mut *self;
        while !unwritten.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, unwritten))?;
            unwritten.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
