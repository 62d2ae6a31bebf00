//! A client that sends lines and prints what comes back.
//!
//! `cargo run -p socker-mio --example client -- ws://127.0.0.1:9000/ hello world` sends its further
//! arguments. Without them it sends the lines of its standard input, which a thread of their own
//! reads: a read from a terminal blocks.

use std::{
    env,
    error::Error,
    io::{self, BufRead},
    thread,
    time::Duration,
};

use socker_mio::{
    ConnectError, EventLoop, Handle, RunError,
    core::{
        CloseCode, CloseReason, Instant, Message,
        handshake::Request,
        service::{Context, PeerId, Service},
    },
};

/// How long to wait for further messages when all is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client's logic is a service as a server's is; this one has one peer.
#[derive(Default)]
struct Client {
    server: Option<PeerId>,
    /// What is to be sent as soon as the connection is open.
    lines: Vec<String>,
    /// There are no more lines.
    finished: bool,
    /// When it is enough.
    end: Option<Instant>,
    ended: bool,
}

impl Client {
    fn say(&mut self, cx: &mut Context<'_>, line: String) {
        match self.server {
            Some(server) => cx.send(server, Message::text(line)),
            None => self.lines.push(line),
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>) {
        self.finished = true;
        self.wait(cx);
    }

    fn wait(&mut self, cx: &mut Context<'_>) {
        if self.finished {
            self.end = Some(cx.now() + PATIENCE);
        }
    }
}

impl Service for Client {
    fn opened(&mut self, cx: &mut Context<'_>, server: PeerId) {
        self.server = Some(server);
        for line in std::mem::take(&mut self.lines) {
            self.say(cx, line);
        }
        self.wait(cx);
    }

    fn message(&mut self, cx: &mut Context<'_>, _: PeerId, message: Message<'_>) {
        match message.as_text() {
            Some(text) => println!("{text}"),
            None => println!("({} bytes)", message.len()),
        }
        self.wait(cx);
    }

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        eprintln!("{reason}");
        self.ended = true;
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        // It may come too early.
        if let (Some(end), Some(server)) = (self.end, self.server)
            && end <= cx.now()
        {
            self.end = None;
            cx.close(server, CloseCode::Normal, "");
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.end.filter(|_| self.server.is_some())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().ok_or("usage: client ws://host:port/path [message]...")?;
    let lines: Vec<String> = arguments.collect();

    let mut events = EventLoop::new(Client::default())?;
    events.connect(&Request::get(&address)?)?;
    if lines.is_empty() {
        let handle = events.handle();
        thread::spawn(move || read_lines(&handle));
    } else {
        events.with_service(|client, cx| {
            client.lines = lines;
            client.finish(cx);
        });
    }
    while !events.service().ended {
        events.poll(None)?;
        // The service is told of connections that were opened. This tells of the others.
        if let Some((_, error)) = events.next_failure() {
            return Err(match error {
                ConnectError::Io(error) => format!("{address}: {error}").into(),
                error => error.into(),
            });
        }
    }
    Ok(())
}

/// Hands the lines of the standard input to the loop.
fn read_lines(handle: &Handle<Client>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        run(handle, move |client, cx| client.say(cx, line));
    }
    run(handle, Client::finish);
}

/// Waits while the loop has too much to do.
fn run<F>(handle: &Handle<Client>, mut act: F)
where
    F: FnOnce(&mut Client, &mut Context<'_>) + Send + 'static,
{
    while let Err(RunError::Full(refused)) = handle.run(act) {
        act = refused;
        thread::sleep(Duration::from_millis(1));
    }
}
