//! Servers, each to be run in a process of its own: Socker's and its peers'.
//!
//! A bench starts itself again as a server: `<bench> server <contender> <address>`.

pub mod client;
mod command_line;
mod examples;
pub mod files;
mod process;

use std::error::Error;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;
use rustix::process::{Signal, set_parent_process_death_signal};

pub use crate::common::Standing;
pub use client::open;
pub use command_line::start;
pub use process::{Server, bind_to_cpu};

pub type Failure = Box<dyn Error + Send + Sync>;

pub struct Contender {
    pub name: &'static str,
    pub standing: Standing,
    program: Program,
}

enum Program {
    /// An example of a package of this workspace.
    Example { package: &'static str, example: &'static str },
    /// In the bench's own program.
    Here(fn(SocketAddr) -> Result<(), Failure>),
}

impl Contender {
    pub const fn ours(package: &'static str, example: &'static str) -> Self {
        let program = Program::Example { package, example };
        Self { name: package, standing: Standing::Ours, program }
    }

    pub const fn here(
        name: &'static str,
        standing: Standing,
        serve: fn(SocketAddr) -> Result<(), Failure>,
    ) -> Self {
        Self { name, standing, program: Program::Here(serve) }
    }

    /// Those among all that take part. One that can't be built is reported and left out.
    fn chosen(all: &'static [Self], names: &[String]) -> Vec<&'static Self> {
        let is_chosen = |contender: &&Self| {
            names.is_empty() || names.iter().any(|name| contender.name.contains(name))
        };
        let is_built = |contender: &&Self| {
            let Program::Example { package, example } = contender.program else { return true };
            let built = examples::build(package, example);
            if let Err(failure) = &built {
                println!("MISSING: {} is left out: {failure}\n", contender.name);
            }
            built.is_ok()
        };
        all.iter().filter(is_chosen).filter(is_built).collect()
    }
}

#[derive(Args)]
struct Serve {
    contender: String,
    address: SocketAddr,
    /// The only CPU to run on
    #[arg(long)]
    cpu: Option<usize>,
}

impl Serve {
    /// Serves, as one of all, until it is killed or its parent has ended.
    fn run(&self, all: &'static [Contender]) -> Result<(), Failure> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if let Some(cpu) = self.cpu {
            bind_to_cpu(cpu)?;
        }
        let contender = all.iter().find(|contender| contender.name == self.contender);
        match contender.ok_or("no such contender")?.program {
            Program::Here(serve) => serve(self.address),
            Program::Example { package, example } => {
                let mut example = Command::new(examples::path(package, example));
                Err(example.arg(self.address.to_string()).exec().into())
            }
        }
    }
}
