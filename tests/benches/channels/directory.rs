//! A directory beside a game server, by which its players come. It has nothing to do once they have.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use socker_core::directory::{Directory, Limits};
use socker_core::service::Budget;
use socker_mio::{EventLoop, random_seed};

use crate::servers::Failure;

/// On a thread of its own; its URL.
pub fn begin(address: SocketAddr) -> Result<String, Failure> {
    // All players come from one address, and at once.
    let limits = Limits::default().offer_rate(u32::MAX).offer_burst(u32::MAX);
    let budget = Budget::default()
        .connections(usize::MAX)
        .per_address(usize::MAX)
        .message_rate(u32::MAX)
        .message_burst(u32::MAX);
    let config = limits.config();
    let directory = Directory::new(random_seed()?).limits(limits);
    let mut events = EventLoop::with(directory, config.into(), budget)?;
    events.listen(TcpListener::bind(address)?)?;
    thread::spawn(move || events.run());
    Ok(format!("ws://{address}"))
}
