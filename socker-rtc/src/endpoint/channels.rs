//! The data channels of one peer.

use socker_core::{Message, Payload};
use str0m::{Rtc, channel as inner};

use super::queue::Queue;
use crate::{
    channel::{ChannelConfig, ChannelId, Delivery, Sent},
    config::Config,
    error::Refusal,
    event::{Event, Violation},
};

#[derive(Debug, Default)]
pub(super) struct Channels {
    all: Vec<Channel>,
    next: u32,
}

#[derive(Debug)]
struct Channel {
    id: ChannelId,
    inner: inner::ChannelId,
    state: State,
    /// Bytes of a message that was refused, and whose sender waits for room.
    wanted: Option<usize>,
    /// Droppable messages that the peer has missed.
    skipped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This side opens it.
    Opening,
    Open,
    /// This side closes it.
    Closing,
}

impl Channels {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// This side opens one.
    pub(super) fn begin(&mut self, inner: inner::ChannelId) -> ChannelId {
        self.add(inner, State::Opening)
    }

    fn add(&mut self, inner: inner::ChannelId, state: State) -> ChannelId {
        let id = ChannelId(self.next);
        self.next = self.next.wrapping_add(1);
        self.all.push(Channel { id, inner, state, wanted: None, skipped: 0 });
        id
    }

    fn find(&mut self, id: ChannelId) -> Option<&mut Channel> {
        self.all.iter_mut().find(|channel| channel.id == id)
    }

    pub(super) fn close(&mut self, rtc: &mut Rtc, id: ChannelId) {
        if let Some(channel) = self.find(id) {
            channel.state = State::Closing;
            rtc.direct_api().close_data_channel(channel.inner);
        }
    }

    pub(super) fn send(
        &mut self,
        rtc: &mut Rtc,
        config: &Config,
        limit: usize,
        id: ChannelId,
        message: &Message<'_>,
        delivery: Delivery,
    ) -> Result<Sent, Refusal> {
        let channel = self.find(id).ok_or(Refusal::NoChannel)?;
        match channel.state {
            State::Opening => return Err(Refusal::NotOpen),
            State::Closing => return Err(Refusal::NoChannel),
            State::Open if message.is_empty() => return Err(Refusal::Empty),
            State::Open if message.len() > limit => return Err(Refusal::TooLong),
            State::Open => {}
        }
        let inner = channel.inner;
        let droppable = delivery == Delivery::Droppable;
        let behind = droppable && self.buffered(rtc) > config.droppable_limit;
        let Some(mut stream) = rtc.channel(inner) else { return Err(Refusal::NoChannel) };
        let binary = matches!(message, Message::Binary(_));
        let written =
            !behind && stream.write(binary, message.as_bytes()).map_err(|_| Refusal::NoChannel)?;
        if written {
            return Ok(Sent::Queued);
        }
        let channel = self.find(id).ok_or(Refusal::NoChannel)?;
        if droppable {
            channel.skipped += 1;
            return Ok(Sent::Skipped);
        }
        channel.wanted = Some(message.len());
        Err(Refusal::Full)
    }

    /// Bytes that were sent and not acknowledged, over all channels.
    pub(super) fn buffered(&self, rtc: &mut Rtc) -> usize {
        let streams = self.all.iter().map(|channel| channel.inner);
        streams.map(|id| rtc.channel(id).map_or(0, |mut stream| stream.buffered_amount())).sum()
    }

    /// Tells those that wait for room, if there is.
    pub(super) fn tell_room(&mut self, rtc: &mut Rtc, config: &Config, events: &mut Queue<Event>) {
        if self.all.iter().all(|channel| channel.wanted.is_none() && channel.skipped == 0) {
            return;
        }
        let buffered = self.buffered(rtc);
        for channel in &mut self.all {
            let room = match channel.wanted {
                // Half, so that more than one finds room.
                Some(wanted) => config.send_limit.saturating_sub(wanted).min(config.send_limit / 2),
                None if channel.skipped > 0 => config.droppable_limit,
                None => continue,
            };
            if buffered <= room {
                let skipped = std::mem::take(&mut channel.skipped);
                channel.wanted = None;
                events.push(Event::Writable { channel: channel.id, skipped });
            }
        }
    }
}

/// What the connection tells.
impl Channels {
    pub(super) fn opened(
        &mut self,
        rtc: &mut Rtc,
        config: &Config,
        inner: inner::ChannelId,
    ) -> Result<Option<Event>, Violation> {
        let channel = rtc.channel(inner);
        let agreed = channel.and_then(|channel| channel.config().map(ChannelConfig::from_inner));
        let Some(agreed) = agreed else { return Ok(None) };
        let channel = match self.all.iter_mut().find(|channel| channel.inner == inner) {
            Some(channel) if channel.state == State::Closing => {
                // It was closed before there was anything to close.
                rtc.direct_api().close_data_channel(inner);
                return Ok(None);
            }
            Some(channel) => {
                channel.state = State::Open;
                channel.id
            }
            None => self.opened_by_peer(config, inner, &agreed)?,
        };
        Ok(Some(Event::Opened { channel, config: agreed }))
    }

    fn opened_by_peer(
        &mut self,
        config: &Config,
        inner: inner::ChannelId,
        agreed: &ChannelConfig,
    ) -> Result<ChannelId, Violation> {
        if self.all.len() >= config.channels {
            return Err(Violation::Channels);
        }
        if agreed.len() > config.longest_label() {
            return Err(Violation::Label);
        }
        Ok(self.add(inner, State::Open))
    }

    pub(super) fn closed(&mut self, inner: inner::ChannelId) -> Option<Event> {
        let index = self.all.iter().position(|channel| channel.inner == inner)?;
        Some(Event::ChannelClosed { channel: self.all.remove(index).id })
    }

    pub(super) fn message(&mut self, data: inner::ChannelData) -> Result<Option<Event>, Violation> {
        let inner::ChannelData { id, binary, data } = data;
        let Some(channel) = self.all.iter().find(|channel| channel.inner == id) else {
            return Ok(None);
        };
        let message = if binary {
            Message::Binary(Payload::from(data))
        } else {
            Message::text(String::from_utf8(data).map_err(|_| Violation::NotUtf8)?)
        };
        Ok(Some(Event::Message { channel: channel.id, message }))
    }
}
