//! What all servers on tokio have in common.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{spawn, unconstrained};

use crate::servers::Failure;

/// Runs each connection in a task of its own, all on this thread.
pub fn listen<F>(address: SocketAddr, connection: fn(TcpStream) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // Outside of tokio's budget, as the peers' own benchmarks have it.
            spawn(unconstrained(async move {
                // The bench resets its connections.
                let _ = connection(stream).await;
            }));
        }
    })
}
