//! The listener, the HTTP connections, and a graceful end.

use std::{
    io::{self, Write},
    pin::pin,
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal, time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use crate::{app, game};

/// From a connection's first byte to the end of its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Most header lines of a request.
const HEADER_LIMIT: usize = 100;
/// Most bytes of a request's head.
const HEAD_LIMIT: usize = 16 << 10;
/// From a connection's begin to its upgrade or its end, so that one which does not read its answer
/// ends too.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);
/// How long connections may take to end once the server ends.
const DRAIN: Duration = Duration::from_secs(5);
/// The pause after a connection that could not be accepted, for example for want of file
/// descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn run(listen: &str) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(listen))
}

/// Why serving failed, in one line.
pub(crate) fn explain(listen: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{listen} is in use by another program; choose another with --listen")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{listen} is not an address of this machine; choose another with --listen")
        }
        io::ErrorKind::PermissionDenied => {
            format!("no permission to listen on {listen}; choose another with --listen")
        }
        io::ErrorKind::InvalidInput => {
            format!(
                "{listen:?} is not an address; --listen takes a host and a port, as in 127.0.0.1:8080"
            )
        }
        _ => format!("can't serve on {listen}: {error}"),
    }
}

async fn serve(listen: &str) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let ending = CancellationToken::new();
    let tasks = TaskTracker::new();
    let game = game::start()?;
    let app = app::routes(app::State { game, ending: ending.clone(), tasks: tasks.clone() });
    // Nobody has to read it.
    let _ = writeln!(io::stdout(), "Socker is at http://{address}/ (Ctrl-C ends it)");

    let mut end = pin!(end_signal());
    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    debug!(%peer, "connected");
                    tasks.spawn(serve_http(stream, app.clone(), ending.clone()));
                }
                Err(error) => {
                    warn!(%error, "can't accept a connection");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    info!("ending: closing all connections");
    ending.cancel();
    tasks.close();
    tokio::select! {
        ended = time::timeout(DRAIN, tasks.wait()) => if ended.is_err() {
            warn!("cut the connections that did not end in {DRAIN:?}");
        },
        () = end_signal() => warn!("cut the connections that had not ended"),
    }
    Ok(())
}

/// One HTTP connection, which may become a WebSocket.
async fn serve_http(stream: TcpStream, app: Router, ending: CancellationToken) {
    // Small messages should leave at once. A failure shows at the first read.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_headers(HEADER_LIMIT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = time::timeout(HTTP_TIMEOUT, async {
        tokio::select! {
            ended = &mut connection => ended,
            () = ending.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    });
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "HTTP connection failed"),
        Err(_) => debug!("HTTP connection took too long"),
    }
}

/// Ready at Ctrl-C or SIGTERM.
async fn end_signal() {
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
