//! Server processes, which end with the bench.

use std::env;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};

use super::{Contender, Failure};

/// A server that doesn't listen by then won't.
const START: Duration = Duration::from_secs(10);

const RETRY: Duration = Duration::from_millis(10);

pub struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub fn start(contender: &Contender, cpu: Option<usize>) -> Result<Self, Failure> {
        // Free once it is dropped; that somebody else takes it then shows at once.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["server", contender.name, &address.to_string()]);
        if let Some(cpu) = cpu {
            command.args(["--cpu", &cpu.to_string()]);
        }
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut server = Self { process, address };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + START;
        loop {
            match TcpStream::connect(self.address) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error.into()),
                Err(_) => sleep(RETRY),
            }
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the server has ended at its start: {status}").into());
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the system tells about the process.
    pub fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only if it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Binds this thread, and with it what it starts, to a CPU.
pub fn bind_to_cpu(cpu: usize) -> io::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    Ok(sched_setaffinity(None, &cpus)?)
}
