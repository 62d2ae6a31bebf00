//! Connections that an HTTP server upgrades.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use socker_core::{
    CloseReason, Config, Event, Machine, Role, Seed,
    handshake::{Incoming, Rejection},
    http::{self, StatusCode},
    service::{Service, Verdict, host::not_offered},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time,
};

use super::{Handle, keeper, seat::Seat, task::Task};

/// A connection that the service has accepted and the HTTP server has still to upgrade. Dropped, it
/// is gone.
pub(crate) struct Begin<S: Service> {
    seat: Seat<S>,
}

impl<S: Service + Send + 'static> Handle<S> {
    /// Asks the service; the response opens the connection.
    pub(crate) async fn upgrade(
        &self,
        incoming: Incoming,
    ) -> Result<(http::Response<()>, Begin<S>), Rejection> {
        keeper::start(self.hub());
        let address = incoming.request().address();
        let busy = |text| Rejection::new(StatusCode::SERVICE_UNAVAILABLE).with_text(text);
        let Some((seat, excess)) = Seat::take(self.hub(), address) else {
            return Err(busy("no more connections now; try again later\n"));
        };
        if let Some(excess) = excess {
            return Err(excess.into());
        }
        seat.tell(Event::Incoming(incoming));
        let patience = patience(&self.hub().limits.config);
        let answer = poll_fn(|cx| match seat.mailbox.poll_answer(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending if seat.mailbox.has_failed() => {
                let failure = Rejection::new(StatusCode::INTERNAL_SERVER_ERROR);
                Poll::Ready(Err(failure.with_text("the service failed\n")))
            }
            Poll::Pending if seat.hub.is_draining() => {
                Poll::Ready(Err(busy("the server is closing\n")))
            }
            Poll::Pending => Poll::Pending,
        });
        let answer = time::timeout(patience, answer).await;
        let (incoming, verdict) = answer.map_err(|_| busy("no decision in time\n"))??;
        match verdict {
            Verdict::Reject(rejection) => Err(rejection),
            Verdict::Accept(acceptance) => match incoming.response(acceptance) {
                Ok(response) => Ok((response, Begin { seat })),
                Err(error) => {
                    let rejection = not_offered(&error);
                    let closed = Event::Closed(CloseReason::Rejected(rejection.status()));
                    seat.tell(closed);
                    Err(rejection)
                }
            },
        }
    }
}

impl<S: Service + Send + 'static> Begin<S> {
    /// Runs the connection until it is gone. The stream comes when the response is written, if the
    /// client takes it in the time of an opening.
    pub(crate) async fn run<IO, U>(self, upgraded: U)
    where
        IO: AsyncRead + AsyncWrite + Unpin,
        U: Future<Output = Option<IO>>,
    {
        let Self { seat } = self;
        let mut upgraded = pin!(upgraded);
        let upgraded = poll_fn(|cx| {
            seat.mailbox.register(cx.waker());
            if seat.hub.is_cut() { Poll::Ready(None) } else { upgraded.as_mut().poll(cx) }
        });
        let patience = patience(&seat.hub.limits.config);
        let Ok(Some(io)) = time::timeout(patience, upgraded).await else { return };
        let config = Arc::clone(&seat.hub.limits.config);
        // A server draws nothing.
        let seed = Seed::from([0; 16]);
        let machine = Machine::upgraded(seat.hub.now(), Role::Server, config, seed);
        Task::new(io, machine, (seat, None)).await;
    }
}

fn patience(config: &Config) -> Duration {
    config.opening_timeout.unwrap_or(Duration::MAX)
}
