use socker_core::{CloseCode, Instant, Message, Refusal, SendError, script::Outbox, wire::Frame};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::Connection;

/// A script may run on a connection: what its handlers send is queued, and goes out with the next
/// [`recv`](Connection::recv) or [`flush`](Connection::flush).
impl<IO: AsyncRead + AsyncWrite + Unpin> Outbox for Connection<IO> {
    fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        self.try_send(message)
    }

    fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        self.try_send_frame(frame)
    }

    fn close(&mut self, _: Instant, code: CloseCode, reason: &str) {
        self.start_close(code, reason);
    }
}
