//! Ends a wait at a time.

use std::{io, time::Duration};

use mio::Registry;
use socker_core::Instant;

use self::timer::Timer;

/// Ends a wait at a time.
///
/// The times of connections mostly move on with every message. So a timer of the system is set only if
/// it would ring too late; where it rings too early, the loop looks again. A time-out for each wait would
/// be started and stopped with every message.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: Timer,
    /// When it rings; [`Instant::MAX`] is never.
    at: Instant,
}

impl Alarm {
    pub(crate) fn new(registry: &Registry) -> io::Result<Self> {
        Ok(Self { timer: Timer::new(registry)?, at: Instant::MAX })
    }

    /// It rings at `at`, or before. The time-out for the wait is given back, if it needs one.
    pub(crate) fn set(
        &mut self,
        at: Instant,
        now: impl FnOnce() -> Instant,
    ) -> io::Result<Option<Duration>> {
        if self.at <= at {
            return Ok(None);
        }
        let wait = at.since(now());
        if wait.is_zero() || !self.timer.set(wait)? {
            return Ok(Some(wait));
        }
        self.at = at;
        Ok(None)
    }

    /// It has rung.
    pub(crate) fn rang(&mut self) {
        self.at = Instant::MAX;
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod timer {
    use std::{
        io,
        os::fd::{AsRawFd, OwnedFd},
        time::Duration,
    };

    use mio::{Interest, Registry, unix::SourceFd};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    use crate::token::Source;

    /// A descriptor that becomes readable when its time has come. Each time is told once, whether or not
    /// it is read.
    #[derive(Debug)]
    pub(super) struct Timer(OwnedFd);

    impl Timer {
        pub(super) fn new(registry: &Registry) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let token = Source::Alarm.into();
            registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
            Ok(Self(timer))
        }

        /// Starts it anew, with a time that is not zero; whether the system has such timers.
        pub(super) fn set(&mut self, wait: Duration) -> io::Result<bool> {
            let time = Itimerspec {
                it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                it_value: Timespec::try_from(wait).map_err(io::Error::other)?,
            };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &time)?;
            Ok(true)
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod timer {
    use std::{io, time::Duration};

    use mio::Registry;

    /// None: each wait has its own time-out.
    #[derive(Debug)]
    pub(super) struct Timer;

    impl Timer {
        pub(super) fn new(_: &Registry) -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn set(&mut self, _: Duration) -> io::Result<bool> {
            Ok(false)
        }
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use mio::{Events, Poll};

    use super::*;
    use crate::token::Source;

    const NOW: Instant = Instant::START;

    fn at(millis: u64) -> Instant {
        NOW + Duration::from_millis(millis)
    }

    #[test]
    fn each_time_ends_a_wait() {
        let mut poll = Poll::new().unwrap();
        let mut alarm = Alarm::new(poll.registry()).unwrap();
        let mut events = Events::with_capacity(8);
        for _ in 0..3 {
            // An earlier time takes the place of a later one, and not the other way.
            for time in [at(3_600_000), at(1), at(7_200_000)] {
                assert_eq!(alarm.set(time, || NOW).unwrap(), None);
            }
            poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            let rung: Vec<_> = events.iter().map(|event| Source::from(event.token())).collect();
            assert_eq!(rung, [Source::Alarm]);
            alarm.rang();
        }
    }

    #[test]
    fn a_time_that_has_come_is_not_waited_for() {
        let poll = Poll::new().unwrap();
        let mut alarm = Alarm::new(poll.registry()).unwrap();
        assert_eq!(alarm.set(NOW, || NOW).unwrap(), Some(Duration::ZERO));
        assert_eq!(alarm.set(at(1), || at(2)).unwrap(), Some(Duration::ZERO));
    }
}
