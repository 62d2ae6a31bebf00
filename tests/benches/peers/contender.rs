//! What every contender implements.

use crate::common::Standing;
use crate::feed::{Batch, Count, Stream};

/// Does that many passes on one connection, which lives on between runs.
pub type Run<'a> = Box<dyn FnMut(usize) -> Count + 'a>;

/// All set up what they need for their runs. `None` sits out.
pub trait Contender {
    fn name(&self) -> &'static str;

    fn standing(&self) -> Standing {
        Standing::Peer
    }

    /// A server that receives `stream`; one pass is the whole of it.
    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>>;

    /// A server or client that sends the batch once per pass. Each message goes through a
    /// `black_box`, lest what they have in common is computed only once.
    fn sender<'a>(&self, _: &'a Batch) -> Option<Run<'a>> {
        None
    }

    /// A server that sends the batch's message to as many connections as that has messages: all are
    /// queued first and then flushed, or each at once.
    fn broadcaster<'a>(&self, _: &'a Batch) -> Option<Run<'a>> {
        None
    }

    /// A server that answers the opening handshake; one pass is one connection from its beginning.
    fn opener(&self) -> Option<Run<'static>> {
        None
    }
}
