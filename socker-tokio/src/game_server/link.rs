//! The connection to the directory, which is opened again whenever it ends.

use std::{fmt, future::Future, io, net::IpAddr, pin::Pin, time::Duration};

use socker_core::{CloseCode, Message};
use tokio::{net::TcpStream, time};

use crate::{Connection, Error, open::connect};

/// What is meant by a directory's address without a path.
const PATH: &str = "/directory/servers";

/// The wait before the first new attempt, which doubles with each, and the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// How long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);

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
    /// Failed attempts in a row.
    failures: u32,
}

/// What has happened.
pub(super) enum Told {
    Opened,
    Closed,
    Message(Message<'static>),
}

impl Link {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let url = with_path(url);
        let connection = time::timeout(ATTEMPT, connect(&url)).await;
        let connection = connection.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(Self { url, state: State::Open(Box::new(connection)), failures: 0 })
    }

    /// With which address the directory is reached.
    pub(super) fn local_ip(&self) -> io::Result<IpAddr> {
        match &self.state {
            State::Open(connection) => Ok(connection.get_ref().local_addr()?.ip()),
            State::Opening(_) | State::Closed(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Drops the message if there is no connection, or one that does not keep up: it is then lost
    /// soon.
    pub(super) fn send(&mut self, message: Vec<u8>) {
        if let State::Open(connection) = &mut self.state {
            let _ = connection.try_send(Message::binary(message));
        }
    }

    /// What happens next. It can be dropped before it is ready.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            match &mut self.state {
                State::Open(connection) => match connection.recv().await {
                    Some(Ok(message)) => {
                        self.failures = 0;
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
                    self.state = State::Opening(Box::pin(async move {
                        let attempt = time::timeout(ATTEMPT, connect(&url)).await;
                        attempt.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
                    }));
                }
                State::Opening(attempt) => match attempt.await {
                    Ok(connection) => {
                        self.state = State::Open(Box::new(connection));
                        return Told::Opened;
                    }
                    Err(_) => self.back_off(),
                },
            }
        }
    }

    /// Writes what waits, and closes. Who is gone does not matter any more.
    pub(super) async fn close(&mut self) {
        if let State::Open(connection) = &mut self.state {
            let closing = connection.close(CloseCode::Away, "the server ends");
            let _ = time::timeout(Duration::from_secs(1), closing).await;
        }
    }

    fn back_off(&mut self) {
        let wait = FIRST.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Closed(Box::pin(time::sleep(wait.mul_f64(jitter()))));
    }
}

/// From 0.75 to 1, so that many servers do not come back all at once.
fn jitter() -> f64 {
    let mut byte = [0];
    // Without a random source they do.
    let _ = getrandom::fill(&mut byte);
    1.0 - f64::from(byte[0]) / 1024.0
}

fn with_path(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.split_once('/') {
        None => format!("{url}{PATH}"),
        Some((_, "")) => format!("{}{PATH}", url.trim_end_matches('/')),
        Some(_) => url.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::with_path;

    #[test]
    fn a_directory_without_a_path() {
        for (url, full) in [
            ("ws://a", "ws://a/directory/servers"),
            ("ws://a:80/", "ws://a:80/directory/servers"),
            ("ws://a/enslavism/slaves", "ws://a/enslavism/slaves"),
            ("ws://a/x?y=/", "ws://a/x?y=/"),
            ("a", "a/directory/servers"),
        ] {
            assert_eq!(with_path(url), full);
        }
    }
}
