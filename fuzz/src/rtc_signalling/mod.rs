//! An endpoint under anything that browsers, strangers, its owner and the clock may do.
//!
//! Keys and credentials are drawn at random, so two runs of an input differ in those.

mod browser;
mod datagram;
mod offer;
mod watched;

use arbitrary::{Arbitrary, Result, Unstructured};
use socker_rtc::{ChannelConfig, Delivery, Message};

pub use self::offer::OFFERS;
use self::{
    browser::{Browser, Fate},
    watched::Watched,
};

/// Most offers that are answered in one input: each costs a certificate, and so a millisecond or so.
const ACCEPTED: u64 = 4;

/// Most calls in one input.
const CALLS: usize = 60;

/// Any calls in any order, by an odd first byte; or any text as all that a browser may say, and any
/// bytes as a datagram.
pub fn rtc_signalling(data: &[u8]) {
    match data.split_first() {
        Some((first, rest)) if first % 2 == 1 => {
            let mut play = Play { watched: Watched::new(*first), browser: None };
            let mut data = Unstructured::new(rest);
            for _ in 0..CALLS {
                if data.is_empty() || play.step(&mut data).is_err() {
                    break;
                }
            }
            play.watched.end();
        }
        Some((first, rest)) => hostile(*first, rest),
        None => {}
    }
}

fn hostile(first: u8, said: &[u8]) {
    let text = String::from_utf8_lossy(said);
    let mut watched = Watched::new(first);
    watched.receive(0, said);
    if watched.accept(&text).is_none() {
        watched.accept(offer::CHROMIUM);
    }
    watched.accept_again(0, &text);
    watched.candidate(0, &text);
    watched.receive(0, said);
    if let Some(check) = watched.credentials(0).and_then(|names| datagram::check(&names, true)) {
        // From now on the address is the peer's, and so is what comes from there.
        watched.receive(0, &check);
        watched.receive(0, said);
    }
    watched.wait(1_000);
    watched.end();
}

struct Play {
    watched: Watched,
    /// One that keeps to the rules, since connections are dear.
    browser: Option<Browser>,
}

impl Play {
    fn step(&mut self, data: &mut Unstructured<'_>) -> Result<()> {
        let (kind, peer) = (u8::arbitrary(data)? % 32, u8::arbitrary(data)?);
        match kind {
            0..4 => self.offer(data)?,
            4 | 5 => {
                let text = offer::changed(data)?;
                self.watched.accept_again(peer, &text);
            }
            6 | 7 => self.watched.candidate(peer, &offer::candidate(data)?),
            8..11 => {
                let names = self.watched.credentials(peer);
                let bytes = datagram::any(data, names.as_ref())?;
                self.watched.receive(u8::arbitrary(data)?, &bytes);
            }
            11 => self.join(),
            12..16 => self.exchange(data)?,
            16 | 17 => self.open(data, peer)?,
            18 => self.watched.close_channel(peer, u8::arbitrary(data)?),
            19..22 => self.send(data, peer)?,
            22 => self.watched.kick(peer),
            23 => self.watched.close(),
            24 | 25 => self.watched.wait(u64::from(u16::arbitrary(data)?)),
            26 => self.watched.jump(u64::arbitrary(data)?),
            27 => self.watched.handle_timeout(),
            28 => drop(self.watched.transmits()),
            29 => self.watched.events(),
            _ => self.browse(peer, data)?,
        }
        Ok(())
    }

    fn may_offer(&self) -> bool {
        self.watched.accepted() < ACCEPTED
    }

    fn offer(&mut self, data: &mut Unstructured<'_>) -> Result<()> {
        let text = offer::changed(data)?;
        if self.may_offer() {
            self.watched.accept(&text);
        }
        Ok(())
    }

    fn join(&mut self) {
        if self.browser.is_some() || !self.may_offer() {
            return;
        }
        let mut browser = Browser::new(self.watched.std_now());
        if let Some(answer) = browser.offer().and_then(|offer| self.watched.accept(&offer)) {
            browser.answered(&answer);
            self.browser = Some(browser);
        }
    }

    /// Datagrams go both ways for some rounds, and one of the browser's not as it was sent.
    fn exchange(&mut self, data: &mut Unstructured<'_>) -> Result<()> {
        let rounds = u8::arbitrary(data)? % 24;
        let (mut before, fate) = (u8::arbitrary(data)?, Fate::of(data)?);
        let Some(browser) = &mut self.browser else { return Ok(()) };
        for _ in 0..rounds {
            for bytes in browser.sent() {
                let arrives = if before == 0 { fate.apply(bytes) } else { vec![bytes] };
                before = before.checked_sub(1).unwrap_or(u8::MAX);
                for bytes in arrives {
                    self.watched.receive(browser::HOST, &bytes);
                }
            }
            for sent in self.watched.transmits() {
                browser.receive(&sent);
            }
            self.watched.events();
            self.watched.wait(20);
            browser.tick(self.watched.std_now());
        }
        Ok(())
    }

    /// What a page does.
    fn browse(&mut self, what: u8, data: &mut Unstructured<'_>) -> Result<()> {
        let Some(browser) = &mut self.browser else { return Ok(()) };
        match what % 8 {
            0 => browser.close(),
            1 => browser.open(&String::arbitrary(data)?),
            2 => browser.close_channel(),
            3 => {
                if let Some(offer) = browser.offer_again()
                    && let Some(answer) = self.watched.accept_again(what / 8, &offer)
                {
                    browser.answered(&answer);
                }
            }
            _ => {
                let (binary, length) = (bool::arbitrary(data)?, u16::arbitrary(data)?);
                let mut message = Vec::arbitrary(data)?;
                message.resize(message.len().max(usize::from(length) % 5_000), b'm');
                browser.send(binary, &message);
            }
        }
        Ok(())
    }

    fn open(&mut self, data: &mut Unstructured<'_>, peer: u8) -> Result<()> {
        let config = ChannelConfig::new(String::arbitrary(data)?).ordered(bool::arbitrary(data)?);
        self.watched.open(peer, config);
        Ok(())
    }

    fn send(&mut self, data: &mut Unstructured<'_>, peer: u8) -> Result<()> {
        let (channel, length) = (u8::arbitrary(data)?, u16::arbitrary(data)?);
        let delivery =
            if bool::arbitrary(data)? { Delivery::Reliable } else { Delivery::Droppable };
        let message = Message::binary(vec![7; usize::from(length)]);
        self.watched.send(peer, channel, message, delivery);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What would be refused at its first line would reach nothing.
    #[test]
    fn offers_are_answered_before_they_are_changed() {
        for offer in OFFERS {
            assert!(Watched::new(0).accept(offer).is_some(), "{offer}");
        }
    }

    #[test]
    fn a_browser_connects() {
        let mut play = Play { watched: Watched::new(1), browser: None };
        play.join();
        play.exchange(&mut Unstructured::new(&[23, 255, 0])).unwrap();
        play.exchange(&mut Unstructured::new(&[23, 255, 0])).unwrap();
        assert_eq!(play.watched.channels(), 1);
    }

    #[test]
    fn a_check_is_taken() {
        let mut watched = Watched::new(2);
        watched.accept(offer::CHROMIUM);
        let check = datagram::check(&watched.credentials(0).unwrap(), true).unwrap();
        watched.receive(0, &check);
        assert!(watched.transmits().iter().any(|sent| sent.destination == watched::source(0)));
    }
}
