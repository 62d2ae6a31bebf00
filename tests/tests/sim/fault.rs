//! What may go wrong, and where.

use socker_core::service::Service;

use crate::lines::Lines;

/// What goes wrong, for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Behind so many bytes of one direction the connection is gone.
    Cut { client: usize, up: bool, at: usize, how: How },
    /// After so many acts something happens.
    After { act: usize, client: usize, what: What },
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The client is gone: what it has written is read, then comes the end.
    Eof,
    /// Both sides learn that it broke.
    Broken,
    /// Nobody learns anything.
    Silent,
}

/// What happens between two acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The client sends a frame without a mask.
    ClientViolates,
    /// The client is sent a frame with a mask.
    HostViolates,
    /// The client's socket takes nothing and gives nothing.
    Stalls,
    /// The same, and after all acts the host learns that it broke.
    Breaks,
    /// The clock jumps by an hour.
    Hour,
    /// The host's time-outs come too early, and too often.
    Times,
}

pub(crate) const WHATS: [What; 6] =
    [What::ClientViolates, What::HostViolates, What::Stalls, What::Breaks, What::Hour, What::Times];

/// Each cut behind any byte, with so many bytes between two of them, and each other fault between any
/// two acts, of each of these clients.
pub(crate) fn faults<S: Service>(whole: &Lines<S>, stride: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (client, line) in whole.clients.iter().enumerate() {
        for (up, len) in [(true, line.up), (false, line.down)] {
            for how in [How::Eof, How::Broken, How::Silent] {
                let places = (0..=len).step_by(stride).chain([len]);
                faults.extend(places.map(|at| Fault::Cut { client, up, at, how }));
            }
        }
        for act in 1..=whole.acts {
            faults.extend(WHATS.map(|what| Fault::After { act, client, what }));
        }
    }
    faults
}

impl Fault {
    /// The client that it befalls.
    pub(crate) fn client(self) -> usize {
        match self {
            Self::Cut { client, .. } | Self::After { client, .. } => client,
        }
    }

    /// Whether it does nothing at all.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self, Self::After { what: What::Times, .. })
    }

    /// Whether the clock jumps for all.
    pub(crate) fn is_jump(self) -> bool {
        matches!(self, Self::After { what: What::Hour, .. })
    }
}
