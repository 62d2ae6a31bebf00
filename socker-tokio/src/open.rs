//! Opening a connection, on either side.

use std::{future::poll_fn, sync::Arc, task::Poll};

use socker_core::{
    AnswerError, CloseReason, Config, Event,
    handshake::{self, Acceptance, Rejection, Request},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{connection::Connection, driver::Driver, error::Error};

/// Opens the connection that a client asks for on `io`, whatever it asks for, with the default
/// [`Config`].
///
/// # Errors
/// The client does not ask for a WebSocket connection (it has been told so), or the stream failed.
pub async fn accept<IO>(io: IO) -> Result<Connection<IO>, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    incoming(io, Arc::default()).await?.accept(Acceptance::default()).await
}

/// Awaits a client's request on `io`, to be accepted or rejected.
///
/// An error comes when the client has read the answer or [`Config::close_timeout`] is over, so give
/// each stream a task of its own.
///
/// # Errors
/// The client does not ask for a WebSocket connection (it has been told so), or the stream failed.
pub async fn incoming<IO>(io: IO, config: Arc<Config>) -> Result<Incoming<IO>, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut driver = Driver::server(io, config);
    match next(&mut driver).await? {
        Event::Incoming(request) => Ok(Incoming { driver, request }),
        _ => Err(Error::Closed(CloseReason::Eof)),
    }
}

/// A request that waits for this server's decision. Dropped, the connection ends without an answer.
#[derive(Debug)]
pub struct Incoming<IO> {
    driver: Driver<IO>,
    request: handshake::Incoming,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Incoming<IO> {
    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.request.request()
    }

    /// The stream.
    #[must_use]
    pub fn get_ref(&self) -> &IO {
        self.driver.get_ref()
    }

    /// Opens the connection.
    ///
    /// # Errors
    /// The subprotocol was not offered, the time for the opening was over, or the stream failed.
    pub async fn accept(mut self, acceptance: Acceptance) -> Result<Connection<IO>, Error> {
        let now = self.driver.now();
        // The time may have run out while this was decided; the machine then rejects.
        self.driver.machine.handle_timeout(now);
        match self.driver.machine.accept(now, self.request, acceptance) {
            Ok(()) => {}
            Err(AnswerError::Subprotocol { error, .. }) => return Err(Error::Subprotocol(error)),
            Err(_) => {
                finish(&mut self.driver).await;
                return Err(Error::Closed(CloseReason::OpeningTimeout));
            }
        }
        poll_fn(|cx| {
            while self.driver.poll_write(cx).is_pending() {
                if !self.driver.poll_timer(cx) {
                    return Poll::Pending;
                }
            }
            Poll::Ready(())
        })
        .await;
        // A connection that is over by now says so when it is received from.
        match self.driver.take_error() {
            Some(error) => Err(error.into()),
            None => Ok(Connection::new(self.driver, None)),
        }
    }

    /// Answers with an HTTP status, and ends the connection.
    ///
    /// # Errors
    /// The stream failed.
    pub async fn reject(mut self, rejection: &Rejection) -> Result<(), Error> {
        let now = self.driver.now();
        // Fails only if the time is over, and then the machine has rejected by itself.
        let _ = self.driver.machine.reject(now, self.request, rejection);
        finish(&mut self.driver).await;
        self.driver.take_error().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Opens a connection to a `ws://` address over TCP, with the default [`Config`].
///
/// # Errors
/// The address is not one, can't be reached, or its server refuses.
pub async fn connect(address: &str) -> Result<Connection<TcpStream>, Error> {
    connect_with(&Request::get(address)?, Arc::default()).await
}

/// Opens a connection over TCP for a request of the caller, with cookies or subprotocols, say.
///
/// # Errors
/// The request is for TLS, its host can't be reached, or the server refuses.
pub async fn connect_with(
    request: &Request,
    config: Arc<Config>,
) -> Result<Connection<TcpStream>, Error> {
    if request.is_secure() {
        return Err(Error::Tls);
    }
    let (host, port) = (request.uri().host().unwrap_or_default(), request.uri().port_u16());
    // An IPv6 address stands in brackets in a URI, and without them in a socket's address.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, port.unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    client(stream, request, config).await
}

/// Opens a connection over a stream of the caller, say a TLS stream.
///
/// # Errors
/// The server refuses, or does not speak WebSocket, or the stream failed.
pub async fn client<IO>(
    io: IO,
    request: &Request,
    config: Arc<Config>,
) -> Result<Connection<IO>, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut driver = Driver::client(io, config, request)?;
    match next(&mut driver).await? {
        Event::Opened(response) => Ok(Connection::new(driver, Some(response))),
        _ => Err(Error::Closed(CloseReason::Eof)),
    }
}

/// The next event, if the connection is not over by then.
async fn next<IO>(driver: &mut Driver<IO>) -> Result<Event<'static>, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    match poll_fn(|cx| driver.poll_event(cx)).await {
        Some(Event::Closed(reason)) => {
            finish(driver).await;
            Err(driver.take_error().map_or(Error::Closed(reason), Error::Io))
        }
        Some(event) => Ok(event),
        None => Err(driver.take_error().map_or(Error::Closed(CloseReason::Eof), Error::Io)),
    }
}

/// Writes what is left and ends the connection, for as long as the machine lets that take.
async fn finish<IO>(driver: &mut Driver<IO>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    while poll_fn(|cx| driver.poll_event(cx)).await.is_some() {}
}
