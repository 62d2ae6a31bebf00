use std::future::Future;

/// Ready at the first Ctrl-C or SIGTERM after this call. Where there can be no handler for one, the
/// system ends the program by itself.
#[cfg(unix)]
pub(crate) fn end_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    async fn come(signal: Option<Signal>) {
        match signal {
            Some(mut signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }
    let [interrupt, terminate] =
        [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    async {
        tokio::select! {
            () = come(interrupt) => {}
            () = come(terminate) => {}
        }
    }
}

/// Ready at the first Ctrl-C after this call. Where there can be no handler for it, the system ends the
/// program by itself.
#[cfg(not(unix))]
pub(crate) fn end_signal() -> impl Future<Output = ()> {
    let interrupt = tokio::signal::windows::ctrl_c();
    async {
        match interrupt {
            Ok(mut interrupt) => _ = interrupt.recv().await,
            Err(_) => std::future::pending().await,
        }
    }
}
