//! A server in a process of its own, as the tests see it.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{BufRead, BufReader, Write},
    mem::replace,
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    honest::HOST,
    peer::Peer,
    process::{ANSWER, SETUP},
    service::REJECTED,
};

/// Longer than anything takes on one computer, even a busy one.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Blocks of memory that a server may have more after a round than before it: those of an echo that is
/// on its way. A round has ten connections of each kind at least, so one block that is left of each
/// shows.
const BLOCKS: i64 = 8;
/// Bytes of the same. Lists keep what room they had at their longest, which is not the same in each
/// round.
const BYTES: i64 = 32 << 10;

/// The same after the first round, with what is made for the first connection and then kept.
const FIRST_BLOCKS: i64 = 64;
const FIRST_BYTES: i64 = 64 << 10;

/// What is to be served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// On which host.
    pub(crate) host: &'static str,
    /// The time for an opening, in ms.
    pub(crate) opening: u64,
    /// How long a peer may be silent before it gets a ping, and after that again, in ms.
    pub(crate) keep_alive: u64,
}

impl Setup {
    /// With times that no test meets.
    pub(crate) fn new(host: &'static str) -> Self {
        Self { host, opening: 60_000, keep_alive: 60_000 }
    }

    pub(crate) fn start(self) -> Server {
        self.start_under(&[])
    }

    /// Starts a server, by a command that takes its program and arguments.
    pub(crate) fn start_under(self, command: &[&str]) -> Server {
        let program = env::current_exe().unwrap();
        let program = program.to_str().unwrap();
        let served = [program, "serves", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
        let words: Vec<&str> = command.iter().copied().chain(served).collect();
        let Self { host, opening, keep_alive } = self;
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .env(SETUP, format!("{host} {opening} {keep_alive}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (give, answers) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(answer) = line.strip_prefix(ANSWER) {
                    let _ = give.send(answer.to_owned());
                }
            }
        });
        let commands = child.stdin.take();
        let mut server = Server {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            pid: child.id(),
            child,
            commands,
            answers,
        };
        let begin = server.answer();
        let (address, pid) = begin.strip_prefix("address=").unwrap().split_once(" pid=").unwrap();
        server.address = address.parse().unwrap();
        server.pid = pid.parse().unwrap();
        // It listens before it serves: a busy computer starts a runtime's threads later.
        let mut first = Peer::connect(server.address, HOST).unwrap();
        first.ask(REJECTED).unwrap();
        assert_eq!(first.answered().unwrap(), 403);
        server
    }
}

/// A server's process. Dropped, it is ended.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Its own, where the child is a command that has started it.
    pid: u32,
    child: Child,
    commands: Option<ChildStdin>,
    answers: Receiver<String>,
}

/// What a server has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report(BTreeMap<String, i64>);

impl Report {
    /// A number that has not been counted is 0.
    pub(crate) fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or_default()
    }
}

/// What a server has while nothing goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    descriptors: usize,
    blocks: i64,
    bytes: i64,
}

impl Rest {
    /// Whether this is no more than what was there before.
    fn is_within(&self, before: &Self) -> bool {
        self.descriptors == before.descriptors
            && self.blocks <= before.blocks + BLOCKS
            && self.bytes <= before.bytes + BYTES
    }
}

impl Server {
    pub(crate) fn report(&mut self) -> Report {
        self.command("report");
        parse(&self.answer())
    }

    /// Lets it have so many more descriptors than it has.
    pub(crate) fn leave(&mut self, descriptors: usize) {
        let taken = self.descriptors();
        let limit = (0..).filter(|number| !taken.contains(number)).nth(descriptors);
        self.command(&format!("descriptors {}", limit.unwrap()));
        self.answer();
    }

    /// Those that it has.
    fn descriptors(&self) -> BTreeSet<u32> {
        let all = fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap();
        all.map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
    }

    /// Waits until the service knows of so many peers, and no others.
    pub(crate) fn wait_present(&mut self, present: i64) -> Report {
        let report = until(|| {
            let report = self.report();
            let open = report.get("accepted") - report.get("closed");
            let right = report.get("present") == present && open == present;
            if right { Ok(report) } else { Err(format!("{present} are to be there: {report:?}")) }
        });
        assert_eq!(report.get("wrong"), 0, "{report:?}");
        report
    }

    /// Runs a load once, and then again and again: after each, so many peers are left, and the server
    /// has nothing that it had not before.
    pub(crate) fn rounds(&mut self, present: i64, mut load: impl FnMut(&mut Self)) {
        let fresh = self.come_to_rest();
        load(self);
        self.wait_present(present);
        let before = self.come_to_rest();
        eprintln!("fresh: {fresh:?}");
        assert!(before.blocks <= fresh.blocks + FIRST_BLOCKS, "{before:?}, {fresh:?}");
        assert!(before.bytes <= fresh.bytes + FIRST_BYTES, "{before:?}, {fresh:?}");
        for round in 1..=rounds() {
            load(self);
            self.wait_present(present);
            self.wait_rest(&before, round);
        }
    }

    /// Waits until what a load has left is on its way out no more.
    pub(crate) fn come_to_rest(&mut self) -> Rest {
        let mut before = self.rest();
        until(|| {
            thread::sleep(Duration::from_millis(100));
            let now = self.rest();
            let last = replace(&mut before, now);
            if now == last { Ok(now) } else { Err(format!("{last:?} and then {now:?}")) }
        })
    }

    fn wait_rest(&mut self, before: &Rest, round: u32) {
        let now = until(|| {
            let now = self.rest();
            let more = || format!("{now:?} after round {round}, before {before:?}");
            if now.is_within(before) { Ok(now) } else { Err(more()) }
        });
        eprintln!("round {round}: {before:?}, {now:?}");
    }

    fn rest(&mut self) -> Rest {
        let report = self.report();
        let descriptors = self.descriptors().len();
        Rest { descriptors, blocks: report.get("blocks"), bytes: report.get("bytes") }
    }

    /// Ends it; it is well, and the service has been told of the end of each connection.
    pub(crate) fn end(mut self) -> Report {
        self.command("end");
        let report = parse(&self.answer());
        assert_eq!(report.get("wrong"), 0, "{report:?}");
        assert_eq!(report.get("present"), 0, "{report:?}");
        assert_eq!(report.get("accepted"), report.get("closed"), "{report:?}");
        let status = until(|| {
            self.child.try_wait().unwrap().ok_or_else(|| "its process does not end".to_owned())
        });
        assert!(status.success(), "{status}");
        report
    }

    fn command(&mut self, line: &str) {
        writeln!(self.commands.as_mut().unwrap(), "{line}").expect("the server is there");
    }

    fn answer(&mut self) -> String {
        self.answers.recv_timeout(PATIENCE).expect("the server answers")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input.
        self.commands = None;
        let begin = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if begin.elapsed() > Duration::from_secs(2) {
                if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Looks until there is what is looked for. It fails with the last reason why there is not, if that takes
/// too long.
pub(crate) fn until<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(reason) => assert!(begin.elapsed() < PATIENCE, "{reason}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn parse(answer: &str) -> Report {
    let words = answer.split_whitespace().map(|word| word.split_once('=').unwrap());
    Report(words.map(|(name, number)| (name.to_owned(), number.parse().unwrap())).collect())
}

/// How often a load is repeated.
fn rounds() -> u32 {
    env::var("FLOOD_ROUNDS").map_or(3, |rounds| rounds.parse().expect("FLOOD_ROUNDS is a number"))
}
