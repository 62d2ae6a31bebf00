use tokio::signal;

/// Ready at Ctrl-C or SIGTERM.
pub(crate) async fn end_signal() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler for it, the system ends the program at Ctrl-C by itself.
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
