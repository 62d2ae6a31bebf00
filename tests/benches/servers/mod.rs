//! Echo servers, each to be run in a process of its own: Socker's and its peers'.
//!
//! A bench starts itself again as a server: `<bench> server <contender> <address>`.

mod client;
mod examples;
mod fastwebsockets;
mod floor;
mod listen;
mod messages;
mod process;
mod tokio_tungstenite;
mod tokio_websockets;

use std::error::Error;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::{Args, Subcommand};
use rustix::process::{Signal, set_parent_process_death_signal};

pub use client::open;
pub use messages::{Messages, PAYLOAD};
pub use process::{Server, bind_to_cpu};

pub type Failure = Box<dyn Error + Send + Sync>;

/// The packages of the peers, whose versions the benches state.
pub const PACKAGES: [&str; 4] =
    ["fastwebsockets", "tokio-websockets", "tokio-tungstenite", "tokio"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Ours,
    /// As its documentation or its examples have an echo.
    Peer,
    /// A peer with what its documentation does not have, to be as fast as we could make it.
    Tuned,
    /// No WebSocket, but the system calls that any server needs.
    Floor,
}

pub struct Contender {
    pub name: &'static str,
    pub standing: Standing,
    program: Program,
}

enum Program {
    /// The example `echo` of a package of this workspace.
    Example { package: &'static str },
    /// In the bench's own program.
    Here(fn(SocketAddr) -> Result<(), Failure>),
}

impl Contender {
    const fn ours(package: &'static str) -> Self {
        Self { name: package, standing: Standing::Ours, program: Program::Example { package } }
    }

    const fn peer(name: &'static str, serve: fn(SocketAddr) -> Result<(), Failure>) -> Self {
        Self { name, standing: Standing::Peer, program: Program::Here(serve) }
    }

    const fn tuned(name: &'static str, serve: fn(SocketAddr) -> Result<(), Failure>) -> Self {
        Self { name, standing: Standing::Tuned, program: Program::Here(serve) }
    }

    /// Those among all that take part. One that can't be built is reported and left out.
    pub fn chosen(names: &[String]) -> Vec<&'static Self> {
        let is_chosen = |contender: &&Self| {
            names.is_empty() || names.iter().any(|name| contender.name.contains(name))
        };
        let is_built = |contender: &&Self| {
            let Program::Example { package } = contender.program else { return true };
            let built = examples::build(package);
            if let Err(failure) = &built {
                println!("MISSING: {} is left out: {failure}\n", contender.name);
            }
            built.is_ok()
        };
        CONTENDERS.iter().filter(is_chosen).filter(is_built).collect()
    }
}

static CONTENDERS: [Contender; 9] = [
    Contender { name: "floor", standing: Standing::Floor, program: Program::Here(floor::serve) },
    Contender::ours("socker-mio"),
    Contender::ours("socker-tokio"),
    Contender::peer("fastwebsockets", fastwebsockets::serve),
    Contender::tuned("fastwebsockets-batched", fastwebsockets::serve_batched),
    Contender::peer("tokio-websockets", tokio_websockets::serve),
    Contender::tuned("tokio-websockets-batched", tokio_websockets::serve_batched),
    Contender::peer("tokio-tungstenite", tokio_tungstenite::serve),
    Contender::tuned("tokio-tungstenite-tuned", tokio_tungstenite::serve_tuned),
];

#[derive(Subcommand)]
pub enum Subprogram {
    /// Runs one server (as the bench itself does)
    #[command(hide = true)]
    Server(Serve),
}

#[derive(Args)]
pub struct Serve {
    contender: String,
    address: SocketAddr,
    /// The only CPU to run on
    #[arg(long)]
    cpu: Option<usize>,
}

impl Serve {
    /// Serves until it is killed, or its parent has ended.
    pub fn run(&self) -> Result<(), Failure> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if let Some(cpu) = self.cpu {
            bind_to_cpu(cpu)?;
        }
        let contender = CONTENDERS.iter().find(|contender| contender.name == self.contender);
        match contender.ok_or("no such contender")?.program {
            Program::Here(serve) => serve(self.address),
            Program::Example { package } => {
                let mut example = Command::new(examples::path(package));
                Err(example.arg(self.address.to_string()).exec().into())
            }
        }
    }
}
