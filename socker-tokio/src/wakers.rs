use std::{
    sync::Arc,
    task::{Context, Wake, Waker},
};

/// The tasks that wait on a connection: one may receive while another sends, and the stream below
/// remembers a single one for each direction.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

/// Which half of a connection a task uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Receiver,
    Sender,
}

impl Wakers {
    /// A waker for every task that waits, `cx`'s among them.
    pub(crate) fn join(&mut self, half: Half, cx: &Context<'_>) -> Waker {
        let (own, other) = match half {
            Half::Receiver => (&mut self.receiver, &self.sender),
            Half::Sender => (&mut self.sender, &self.receiver),
        };
        match own {
            Some(own) => own.clone_from(cx.waker()),
            None => *own = Some(cx.waker().clone()),
        }
        match other {
            Some(other) if !other.will_wake(cx.waker()) => {
                Waker::from(Arc::new(Both(cx.waker().clone(), other.clone())))
            }
            _ => cx.waker().clone(),
        }
    }

    /// This half does not wait any more.
    pub(crate) fn leave(&mut self, half: Half) {
        match half {
            Half::Receiver => self.receiver = None,
            Half::Sender => self.sender = None,
        }
    }

    /// What one half did may let the other go on.
    pub(crate) fn wake_other(&mut self, half: Half) {
        let other = match half {
            Half::Receiver => self.sender.take(),
            Half::Sender => self.receiver.take(),
        };
        if let Some(other) = other {
            other.wake();
        }
    }
}

struct Both(Waker, Waker);

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
        self.1.wake_by_ref();
    }
}
