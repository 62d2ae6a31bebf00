//! An honest client, which is to be served all the while.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::peer::Peer;

/// The address of the honest: 127.0.0.1.
pub(crate) const HOST: u8 = 1;
/// In so much time an echo comes back, also on a computer that is busy.
const BOUND: Duration = Duration::from_secs(5);

/// A client whose echoes go on until it is asked for them.
pub(crate) struct Honest {
    end: Arc<AtomicBool>,
    thread: JoinHandle<u32>,
}

impl Honest {
    pub(crate) fn start(server: SocketAddr) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let mut peer = Peer::open(server, HOST);
        let thread = thread::spawn({
            let end = Arc::clone(&end);
            move || {
                let mut echoes = 0;
                while !end.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    peer.echo(&format!("echo {echoes}")).expect("it is served");
                    let took = begin.elapsed();
                    assert!(took < BOUND, "{took:?}");
                    echoes += 1;
                    thread::sleep(Duration::from_millis(5));
                }
                peer.close().expect("it is closed");
                echoes
            }
        });
        Self { end, thread }
    }

    /// All of its echoes have come back in time, and there were some.
    pub(crate) fn end(self) {
        self.end.store(true, Ordering::Relaxed);
        let echoes = self.thread.join().unwrap();
        assert!(echoes > 10, "{echoes}");
    }
}
