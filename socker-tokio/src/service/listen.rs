//! New connections of a listener.

use std::{future::poll_fn, io, pin::pin, task::Poll, time::Duration};

use socker_core::service::{Service, host::is_of_connection};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

use super::{Handle, keeper};

/// The first pause after a connection could not be accepted, for want of file descriptors, say.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest one: they double.
const LAST_PAUSE: Duration = Duration::from_secs(1);

impl<S: Service + Send + 'static> Handle<S> {
    /// Serves a listener until the server is drained. Several may be served at once.
    ///
    /// A connection that can't be accepted, for want of file descriptors, is tried again after a
    /// pause; the others go on meanwhile.
    ///
    /// # Errors
    /// The listener is of no use: it is not one, or its file is closed.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        keeper::start(self.hub());
        let mut pause = FIRST_PAUSE;
        while let Some(accepted) = self.accept(&listener).await {
            match accepted {
                Ok((stream, address)) => {
                    pause = FIRST_PAUSE;
                    // Small messages should leave at once. A failure shows at the first read.
                    let _ = stream.set_nodelay(true);
                    if let Some(task) = self.task(stream, Some(address.ip())) {
                        tokio::spawn(task);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
                Err(error) if is_of_connection(error.kind()) => {}
                Err(_) => {
                    // Who drains does not wait for that.
                    let _ = time::timeout(pause, self.draining()).await;
                    pause = LAST_PAUSE.min(pause * 2);
                }
            }
        }
        drop(listener);
        self.drained().await;
        Ok(())
    }

    /// The next connection; `None` once the server drains.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> Option<io::Result<(TcpStream, std::net::SocketAddr)>> {
        let mut draining = pin!(self.draining());
        poll_fn(|cx| {
            if draining.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            listener.poll_accept(cx).map(Some)
        })
        .await
    }

    /// Ready once the server drains.
    async fn draining(&self) {
        let mut notified = pin!(self.hub().ending.notified());
        notified.as_mut().enable();
        // What is notified is a begin or an end of the drain.
        if !self.hub().is_draining() {
            notified.await;
        }
    }
}
