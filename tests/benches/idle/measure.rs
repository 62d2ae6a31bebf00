//! Opens connections to one server and looks at its memory.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::echoes::Messages;
use crate::servers::{Contender, Failure, Server, open};

/// Until a server has come to rest.
const REST: Duration = Duration::from_secs(1);

/// Longer than opening all connections, or an echo on each, takes. From then on a server may ping
/// those which have been silent, and they would no longer be idle.
const PHASE: Duration = Duration::from_secs(30);

/// Resident bytes per connection.
pub struct Memory {
    /// Of a connection that has been idle since its opening handshake.
    pub opened: f64,
    /// Of one that has been idle since it echoed a message.
    pub echoed: f64,
}

pub fn measure(contender: &Contender, connections: u16) -> Result<Memory, Failure> {
    let server = Server::start(contender, None)?;
    let messages = Messages::new(1, contender.standing);
    let open = || open(server.address(), "/", contender.standing);

    // The first connection makes resident what the server needs only once, such as its code.
    echo(&mut open()?, &messages)?;
    sleep(REST);
    let before = resident(&server)?;

    let mut streams = Vec::with_capacity(connections.into());
    let deadline = Instant::now() + PHASE;
    for _ in 0..connections {
        streams.push(open()?);
        in_time(deadline)?;
    }
    sleep(REST);
    let opened = resident(&server)?;

    let deadline = Instant::now() + PHASE;
    for stream in &mut streams {
        echo(stream, &messages)?;
        in_time(deadline)?;
    }
    sleep(REST);
    let echoed = resident(&server)?;

    let per_connection = |bytes: f64| (bytes - before) / f64::from(connections);
    Ok(Memory { opened: per_connection(opened), echoed: per_connection(echoed) })
}

fn echo(stream: &mut TcpStream, messages: &Messages) -> Result<(), Failure> {
    stream.write_all(&messages.request)?;
    let mut answer = vec![0; messages.answer.len()];
    stream.read_exact(&mut answer)?;
    if answer == messages.answer { Ok(()) } else { Err("not the echo of what was sent".into()) }
}

fn in_time(deadline: Instant) -> Result<(), Failure> {
    if Instant::now() < deadline { Ok(()) } else { Err("too slow for idle connections".into()) }
}

/// The server's resident memory in bytes. The other file that tells it, `statm`, does so only about.
fn resident(server: &Server) -> Result<f64, Failure> {
    let kilobytes: u32 = fs::read_to_string(server.proc("smaps_rollup"))?
        .lines()
        .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix(" kB"))
        .ok_or("no resident memory")?
        .parse()?;
    Ok(f64::from(kilobytes) * 1024.0)
}
