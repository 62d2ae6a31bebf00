//! What a machine has to make of bytes.

use socker_core::{CloseReason, Config, Instant, Role};

use super::{Model, Phase};
use crate::feed::Told;
use crate::frames::opcode;
use crate::oracle;

impl Model {
    /// One call of `read`, which has taken so many of the bytes that it was given.
    pub(in crate::calls) fn read(
        &mut self,
        now: Instant,
        given: &[u8],
        taken: usize,
        told: Option<&Told>,
    ) {
        if let Some(reason) = self.untold.take() {
            assert_eq!(taken, 0, "the end needs no bytes");
            return self.tell_end(reason, told);
        }
        match self.phase {
            Phase::Opening => self.read_head(now, given, taken, told),
            Phase::Deciding if self.received.len() + given.len() > self.config.opening_limit => {
                assert_eq!(told, Some(&Told::Closed("Handshake(EarlyData)".to_owned())));
                self.http_answer(now);
                self.over = true;
            }
            Phase::Deciding => {
                assert_eq!((told, taken), (None, given.len()));
                self.received.extend(given);
            }
            Phase::Open | Phase::Closing(_) => self.read_frames(now, given, taken, told),
            Phase::Ending { .. } | Phase::Done => assert_eq!((told, taken), (None, given.len())),
        }
    }

    fn tell_end(&mut self, reason: String, told: Option<&Told>) {
        self.over = true;
        // What had come of another head may have been an answer, if one without a known length.
        if let Some(Told::Closed(refused)) = told
            && self.role == Role::Client
            && !self.right.starts_with(&self.head)
            && refused.starts_with("Refused(")
        {
            return;
        }
        assert_eq!(told, Some(&Told::Closed(reason)));
    }

    fn read_head(&mut self, now: Instant, given: &[u8], taken: usize, told: Option<&Told>) {
        let come = [&self.head, given].concat();
        self.head.extend(&given[..taken]);
        let right = come.iter().zip(&self.right).all(|(come, right)| come == right);
        let whole = right && come.len() >= self.right.len();
        match told {
            None => assert!(!whole && taken == given.len(), "a whole head, and nothing told"),
            Some(Told::Incoming(_)) if self.role == Role::Server => self.phase = Phase::Deciding,
            Some(Told::Opened(_)) if self.role == Role::Client => self.open(now),
            Some(Told::Closed(reason)) => {
                assert!(!right, "{reason} of what is right");
                self.over = true;
                if self.role == Role::Server {
                    assert!(reason.starts_with("Handshake("), "{reason}");
                    self.http_answer(now);
                } else {
                    let known = ["Handshake(", "Refused("].iter().any(|is| reason.starts_with(is));
                    assert!(known, "{reason}");
                    self.done();
                }
            }
            Some(told) => panic!("{told:?} while opening"),
        }
        if whole {
            assert!(!self.over && self.head == self.right, "{told:?} of the right head");
        }
    }

    fn read_frames(&mut self, now: Instant, given: &[u8], taken: usize, told: Option<&Told>) {
        if std::mem::take(&mut self.early) {
            self.hear(now);
            let account = self.account();
            if self.told < account.told.len() {
                assert_eq!(taken, 0, "an event of what came early");
                let end = account.places[self.told].end;
                self.tell(now, &account, told);
                self.early = self.receives() && end < self.received.len();
                if !self.early {
                    self.lose_if_ended(now);
                }
                return;
            }
            self.answer_pings(&account, account.answers.len());
            self.lose_if_ended(now);
            if let Some(reason) = self.untold.take() {
                assert_eq!(taken, 0, "the end needs no bytes");
                return self.tell_end(reason, told);
            }
        }
        if !given.is_empty() {
            self.hear(now);
        }
        // What proves a violation is not taken.
        let closes = matches!(told, Some(Told::Closed(_)));
        self.received.extend(if closes { given } else { &given[..taken] });
        let account = self.account();
        if told.is_some() {
            assert_eq!(account.told.len(), self.told + 1, "{told:?} of {:?}", account.told);
            return self.tell(now, &account, told);
        }
        assert_eq!((taken, account.told.len()), (given.len(), self.told), "{:?}", account.told);
        self.answer_pings(&account, account.answers.len());
    }

    fn account(&self) -> oracle::Account {
        let Config { message_limit: message, discard_limit: discard, .. } = self.config;
        oracle::receive(self.role, oracle::Limits { message, discard }, &self.received)
    }

    fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = false;
    }

    /// The next event, after the answers to what came before it.
    fn tell(&mut self, now: Instant, account: &oracle::Account, told: Option<&Told>) {
        let expected = &account.told[self.told];
        self.answer_pings(account, account.places[self.told].answers);
        self.told += 1;
        if !matches!(expected, Told::Closed(_)) {
            return assert_eq!(told, Some(expected));
        }
        let mut reason = account.end.clone().expect("the end");
        if let (Phase::Closing(own), CloseReason::Peer { code, reason: words }) =
            (self.phase, &reason)
        {
            let (code, answer) = (own.into(), *code);
            reason = CloseReason::Local { code, answer, reason: words.clone() };
        }
        assert_eq!(told, Some(&Told::closed(&reason)));
        if self.is_open() {
            self.push(account.answers.last().expect("a Close").clone());
        }
        let violated = matches!(reason, CloseReason::Violation(_));
        // The server ends the connection first, unless there is more on its way to it.
        self.end(now, violated || self.role == Role::Client);
        self.over = true;
    }

    fn answer_pings(&mut self, account: &oracle::Account, until: usize) {
        for answer in &account.answers[self.pings..until] {
            if answer.opcode == opcode::PONG
                && self.is_open()
                && self.waiting() < self.config.outgoing_limit.max(1)
            {
                self.push(answer.clone());
            }
        }
        self.pings = until;
    }
}
