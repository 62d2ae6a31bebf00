//! What a machine has to do, as plainly as it can be said.
//!
//! The model is told of each call before or after it is made, and says what comes of it. It reads
//! frames by [`oracle`], all of them from the beginning each time; of the opening it knows the one head
//! that is right, and takes the machine's word for why another is wrong.

mod read;

use std::time::Duration;

use socker_core::{Config, Instant, Machine, Refusal, Role, wire};

use super::Start;
use crate::frames::{Frame, opcode};

/// How often the end's time begins again while what was queued before is being written.
const RENEWALS: u8 = 11;

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A head is coming: a server's request, or a client's response.
    Opening,
    /// The request waits for the owner.
    Deciding,
    Open,
    /// We have closed it, with this code.
    Closing(u16),
    /// Only what is queued is written. `linger`: then the peer ends it.
    Ending {
        linger: bool,
    },
    Done,
}

/// One machine.
#[derive(Debug)]
pub(super) struct Model {
    config: Config,
    role: Role,
    phase: Phase,
    /// The head that opens it.
    pub(super) right: Vec<u8>,
    /// What of a head has come.
    head: Vec<u8>,
    /// What has come since, before and after the owner has decided.
    received: Vec<u8>,
    /// The machine reads on in what came before the owner had decided.
    early: bool,
    /// How many events have been told of `received`, and how many of its pings were seen.
    told: usize,
    pings: usize,
    eof: bool,
    heard: Instant,
    pinged: bool,
    deadline: Instant,
    /// Something was written since this was last looked at.
    moved: bool,
    renewals: u8,
    /// Bytes that wait to be written; `None` after an HTTP answer, whose length the machine knows.
    waiting: Option<usize>,
    /// All frames that were queued, in order.
    pub(super) queued: Vec<Frame>,
    /// The owner has accepted the request.
    pub(super) accepted: bool,
    /// What was queued has been thrown away.
    pub(super) dropped: bool,
    /// The end, until it is told.
    untold: Option<String>,
    /// The end was told.
    pub(super) over: bool,
}

impl Model {
    pub(super) fn new(start: Start, right: Vec<u8>, machine: &Machine) -> Self {
        let config = Config::clone(machine.config());
        let phase = match start {
            Start::Server | Start::Client => Phase::Opening,
            Start::Upgraded(_) => Phase::Open,
        };
        Self {
            deadline: Instant::START + config.opening_timeout.unwrap_or(Duration::MAX),
            config,
            role: machine.role(),
            phase,
            right,
            head: Vec::new(),
            received: Vec::new(),
            early: false,
            told: 0,
            pings: 0,
            eof: false,
            heard: Instant::START,
            pinged: false,
            moved: false,
            renewals: 0,
            // A client's request.
            waiting: (start != Start::Client).then_some(0),
            queued: Vec::new(),
            accepted: false,
            dropped: false,
            untold: None,
            over: false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    fn waiting(&self) -> usize {
        self.waiting.expect("it was looked at after the last call")
    }

    fn is_finished(&self) -> bool {
        match self.phase {
            Phase::Done => true,
            Phase::Ending { linger } => self.waiting() == 0 && (self.eof || !linger),
            _ => false,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let timeout = match self.phase {
            Phase::Open if self.pinged => self.deadline,
            Phase::Open => {
                // In steps of a 64th of the silence, counted from the start.
                let silence = self.config.keep_alive?;
                let at = (self.heard + silence).since(Instant::START).as_nanos();
                let step = (silence / 64).as_nanos().max(1);
                let nanos = u64::try_from(at.div_ceil(step) * step).unwrap_or(u64::MAX);
                Instant::at(Duration::from_nanos(nanos))
            }
            _ if self.is_finished() => return None,
            _ => self.deadline,
        };
        (timeout < Instant::MAX).then_some(timeout)
    }

    /// What can be asked of the machine after each call.
    pub(super) fn check(&mut self, machine: &Machine) {
        if self.waiting.is_none() {
            assert!(machine.outgoing_len() > 0, "no HTTP answer");
        }
        let waiting = *self.waiting.get_or_insert(machine.outgoing_len());
        let ends = matches!(self.phase, Phase::Ending { .. } | Phase::Done);
        let reads = !matches!(self.phase, Phase::Deciding) && !self.eof && !self.is_finished();
        assert_eq!(machine.outgoing_len(), waiting, "outgoing_len, {:?}", self.phase);
        assert_eq!(machine.is_open(), self.is_open(), "is_open, {:?}", self.phase);
        assert_eq!(machine.wants_read(), reads, "wants_read, {:?}", self.phase);
        assert_eq!(machine.poll_timeout(), self.poll_timeout(), "time-out, {:?}", self.phase);
        let finished = ends && waiting == 0;
        assert_eq!(machine.is_write_finished(), finished, "finished, {:?}", self.phase);
        let done = self.is_finished() && self.untold.is_none();
        assert_eq!(machine.is_done(), done, "is_done, {:?}", self.phase);
    }
}

/// What comes in beside bytes.
impl Model {
    pub(super) fn read_eof(&mut self, now: Instant) {
        let before = std::mem::replace(&mut self.eof, true);
        match self.phase {
            _ if before => {}
            // What came early is read first.
            Phase::Deciding if !self.received.is_empty() => {}
            Phase::Open | Phase::Closing(_) if self.early => {}
            Phase::Opening | Phase::Deciding => {
                self.untold = Some("Eof".to_owned());
                self.done();
            }
            Phase::Open | Phase::Closing(_) => self.lose_if_ended(now),
            Phase::Ending { .. } | Phase::Done => {}
        }
    }

    fn lose_if_ended(&mut self, now: Instant) {
        if self.eof && self.receives() {
            self.untold = Some("Eof".to_owned());
            self.end(now, false);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|timeout| now < timeout) {
            return;
        }
        let moves = std::mem::take(&mut self.moved) && self.waiting() > 0;
        match self.phase {
            Phase::Opening | Phase::Deciding => {
                self.untold = Some("OpeningTimeout".to_owned());
                match self.role {
                    Role::Server => self.http_answer(now),
                    Role::Client => self.done(),
                }
            }
            Phase::Open if !self.pinged => {
                self.push(Frame::new(opcode::PING, &[]));
                self.pinged = true;
                self.deadline = now + self.config.keep_alive_timeout;
            }
            Phase::Open if moves => self.deadline = now + self.config.keep_alive_timeout,
            Phase::Open => {
                self.untold = Some("KeepAliveTimeout".to_owned());
                self.done();
            }
            _ if moves && self.renewals < RENEWALS => {
                self.renewals += 1;
                self.deadline = now + self.config.close_timeout;
            }
            Phase::Closing(_) => {
                self.untold = Some("CloseTimeout".to_owned());
                self.done();
            }
            Phase::Ending { .. } | Phase::Done => self.done(),
        }
    }
}

/// What the owner says.
impl Model {
    /// Whether a request of this machine can be answered.
    pub(super) fn is_pending(&self) -> bool {
        self.phase == Phase::Deciding
    }

    /// Whether the right request offers this subprotocol.
    pub(super) fn offers(&self, name: &str) -> bool {
        let request = String::from_utf8_lossy(&self.right);
        let names =
            request.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        names.flat_map(|names| names.split(", ")).any(|offered| offered == name)
    }

    pub(super) fn accepted(&mut self, now: Instant) {
        self.accepted = true;
        self.waiting = None;
        self.early = !self.received.is_empty();
        self.open(now);
    }

    pub(super) fn rejected(&mut self, now: Instant, status: u16) {
        self.untold = Some(format!("Rejected({status})"));
        self.http_answer(now);
    }

    /// A frame is to be sent.
    pub(super) fn send(&mut self, frame: Frame) -> Result<(), Refusal> {
        // Headers are counted as the longest.
        let len = frame.payload.len() + wire::MAX_HEADER;
        match self.phase {
            _ if frame.opcode == opcode::PING && frame.payload.len() > 125 => Err(Refusal::TooLong),
            Phase::Opening | Phase::Deciding => Err(Refusal::Opening),
            Phase::Closing(_) | Phase::Ending { .. } | Phase::Done => Err(Refusal::Closed),
            Phase::Open
                if self.waiting() > 0 && self.waiting() + len > self.config.outgoing_limit =>
            {
                Err(Refusal::Full)
            }
            Phase::Open => {
                self.push(frame);
                Ok(())
            }
        }
    }

    pub(super) fn close(&mut self, now: Instant, code: u16, reason: &str) {
        match self.phase {
            Phase::Opening if self.role == Role::Client => {
                self.untold = Some("Cancelled".to_owned());
                self.done();
            }
            Phase::Opening | Phase::Deciding => self.rejected(now, 503),
            Phase::Open => {
                let mut payload = Vec::new();
                if matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                    payload.extend(code.to_be_bytes());
                    let chars = reason.char_indices().map(|(at, char)| at + char.len_utf8());
                    let cut = chars.take_while(|end| *end <= 123).last().unwrap_or(0);
                    payload.extend(&reason.as_bytes()[..cut]);
                }
                self.push(Frame::new(opcode::CLOSE, &payload));
                self.phase = Phase::Closing(code);
                self.moved = false;
                self.deadline = now + self.config.close_timeout;
            }
            Phase::Closing(_) | Phase::Ending { .. } | Phase::Done => {}
        }
    }

    pub(super) fn written(&mut self, len: usize) {
        self.waiting = Some(self.waiting() - len);
        self.moved |= len > 0;
    }
}

/// Transitions.
impl Model {
    fn receives(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Closing(_))
    }

    fn open(&mut self, now: Instant) {
        self.phase = Phase::Open;
        self.heard = now;
    }

    fn push(&mut self, frame: Frame) {
        let key = (self.role == Role::Client).then_some([0; 4]);
        let len = Frame { key, ..frame.clone() }.encode().len();
        self.waiting = Some(self.waiting() + len);
        self.queued.push(frame);
    }

    fn http_answer(&mut self, now: Instant) {
        self.waiting = None;
        self.end(now, true);
    }

    fn end(&mut self, now: Instant, linger: bool) {
        self.phase = Phase::Ending { linger };
        self.moved = false;
        self.early = false;
        self.deadline = now + self.config.close_timeout;
    }

    fn done(&mut self) {
        self.phase = Phase::Done;
        self.dropped |= self.waiting() > 0;
        self.waiting = Some(0);
        self.early = false;
    }
}
