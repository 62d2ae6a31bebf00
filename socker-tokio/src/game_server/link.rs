//! The connection to the directory, which is opened again whenever it ends.

use std::{fmt, future::Future, io, net::IpAddr, pin::Pin, time::Duration};

use socker_core::{
    CloseCode, Message,
    directory::{Backoff, servers_url},
};
use tokio::{net::TcpStream, time};

use crate::{Connection, Error, open::connect, random_seed};

/// How long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How long the end may take.
const GOODBYE: Duration = Duration::from_secs(1);

type Opening = Pin<Box<dyn Future<Output = Result<Connection<TcpStream>, Error>> + Send>>;

/// ```text
///   Open --its end--> Closed --the wait is over--> Opening --it is open--> Open
///                       ^                             |
///                       '--------- it failed ---------'
/// ```
enum State {
    Open(Box<Connection<TcpStream>>),
    Opening(Opening),
    Closed(Pin<Box<time::Sleep>>),
}

pub(super) struct Link {
    url: String,
    state: State,
    backoff: Backoff,
    /// Until when the end may take.
    goodbye: Option<time::Instant>,
}

/// What has happened.
pub(super) enum Told {
    Opened,
    Closed,
    Message(Message<'static>),
}

impl Link {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let url = servers_url(url);
        let backoff = Backoff::new(random_seed()?);
        let connection = attempt(&url).await?;
        Ok(Self { url, state: State::Open(Box::new(connection)), backoff, goodbye: None })
    }

    /// With which address the directory is reached.
    pub(super) fn local_ip(&self) -> io::Result<IpAddr> {
        match &self.state {
            State::Open(connection) => Ok(connection.get_ref().local_addr()?.ip()),
            State::Opening(_) | State::Closed(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Drops the message if there is no connection; ends one that does not keep up.
    pub(super) fn send(&mut self, message: Vec<u8>) {
        if let State::Open(connection) = &mut self.state
            && connection.try_send(Message::binary(message)).is_err()
        {
            connection.start_close(CloseCode::Again, "the directory does not keep up");
        }
    }

    /// What happens next. It can be dropped before it is ready.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            match &mut self.state {
                State::Open(connection) => match connection.recv().await {
                    Some(Ok(message)) => {
                        self.backoff.succeeded();
                        return Told::Message(message);
                    }
                    Some(Err(Error::Oversized(_))) => {}
                    Some(Err(_)) | None => {
                        self.back_off();
                        return Told::Closed;
                    }
                },
                State::Closed(wait) => {
                    wait.await;
                    let url = self.url.clone();
                    self.state = State::Opening(Box::pin(async move { attempt(&url).await }));
                }
                State::Opening(opening) => match opening.await {
                    Ok(connection) => {
                        self.state = State::Open(Box::new(connection));
                        return Told::Opened;
                    }
                    Err(_) => self.back_off(),
                },
            }
        }
    }

    /// Writes what waits, and closes. Who is gone does not matter any more. It can be dropped before it
    /// is ready, and goes on with the next call.
    pub(super) async fn close(&mut self) {
        let deadline = *self.goodbye.get_or_insert_with(|| time::Instant::now() + GOODBYE);
        if let State::Open(connection) = &mut self.state {
            let closing = connection.close(CloseCode::Away, "the server ends");
            let _ = time::timeout_at(deadline, closing).await;
        }
    }

    fn back_off(&mut self) {
        self.state = State::Closed(Box::pin(time::sleep(self.backoff.failed())));
    }
}

async fn attempt(url: &str) -> Result<Connection<TcpStream>, Error> {
    let connected = time::timeout(ATTEMPT, connect(url)).await;
    connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Open(_) => "open",
            State::Opening(_) => "opening",
            State::Closed(_) => "closed",
        };
        f.debug_struct("Link").field("url", &self.url).field("state", &state).finish()
    }
}
