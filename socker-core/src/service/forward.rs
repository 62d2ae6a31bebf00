//! What points to a service is one.

use super::{Context, Gap, Oversized, PeerId, Service, Verdict};
use crate::{event::CloseReason, handshake::Request, message::Message, time::Instant};

macro_rules! forward {
    ($pointer:ty) => {
        impl<S: Service + ?Sized> Service for $pointer {
            fn request(
                &mut self,
                cx: &mut Context<'_>,
                peer: PeerId,
                request: &Request,
            ) -> Verdict {
                (**self).request(cx, peer, request)
            }

            fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
                (**self).opened(cx, peer);
            }

            fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
                (**self).message(cx, peer, message);
            }

            fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
                (**self).oversized(cx, peer, oversized);
            }

            fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
                (**self).gap(cx, peer, gap);
            }

            fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
                (**self).closed(cx, peer, reason);
            }

            fn timeout(&mut self, cx: &mut Context<'_>) {
                (**self).timeout(cx);
            }

            fn poll_timeout(&self) -> Option<Instant> {
                (**self).poll_timeout()
            }
        }
    };
}

forward!(&mut S);
forward!(Box<S>);
