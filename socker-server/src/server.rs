//! The listener, the HTTP connections, and a graceful end.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    pin::pin,
    time::Duration,
};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socker_core::{directory::Directory, rooms::Rooms};
use socker_tokio::service::Handle;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use crate::{
    app, arena,
    arguments::Serve,
    directory,
    echo::{self, Echo},
    end_signal::end_signal,
    game::{self, Game},
    rooms,
};

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

/// What is told to everyone at the end.
const GOING_AWAY: &str = "the server is going away";

/// What is served beside the page.
pub(crate) struct Services {
    pub(crate) echo: Handle<Echo>,
    pub(crate) game: Handle<Game>,
    pub(crate) rooms: Handle<Rooms>,
    pub(crate) directory: Handle<Directory>,
}

/// Why nothing is served.
pub(crate) enum Failure {
    Listen(String, io::Error),
    Record(PathBuf, io::Error),
    Start(io::Error),
}

/// In one line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(listen, error) => match error.kind() {
                io::ErrorKind::AddrInUse => {
                    write!(f, "{listen} is in use by another program; choose another with --listen")
                }
                io::ErrorKind::AddrNotAvailable => write!(
                    f,
                    "{listen} is not an address of this machine; choose another with --listen"
                ),
                io::ErrorKind::PermissionDenied => {
                    write!(f, "no permission to listen on {listen}; choose another with --listen")
                }
                io::ErrorKind::InvalidInput => write!(
                    f,
                    "{listen:?} is not an address; --listen takes a host and a port, as in \
                     127.0.0.1:8080"
                ),
                _ => write!(f, "can't serve on {listen}: {error}"),
            },
            Self::Record(path, error) => {
                write!(f, "can't record to {}: {error}; choose another file", path.display())
            }
            Self::Start(error) => write!(f, "can't start: {error}"),
        }
    }
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn run(arguments: &Serve) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Start)?;
    runtime.block_on(serve(arguments))
}

async fn serve(Serve { listen, record, no_arena, announce }: &Serve) -> Result<(), Failure> {
    let not_listening = |error| Failure::Listen(listen.clone(), error);
    let listener = TcpListener::bind(listen).await.map_err(not_listening)?;
    let address = listener.local_addr().map_err(not_listening)?;
    let ending = CancellationToken::new();
    let tasks = TaskTracker::new();
    let record = match record {
        None => None,
        Some(path) => {
            let file = File::create(path);
            Some(file.map_err(|error| Failure::Record(path.clone(), error))?)
        }
    };
    let (game, game_thread) = game::start(record).map_err(Failure::Start)?;
    let rooms = rooms::start().map_err(Failure::Start)?;
    let directory = directory::start().map_err(Failure::Start)?;
    let services = Services { echo: echo::start(), game, rooms, directory };
    let app = app::routes(&services);
    if !no_arena {
        // It waits in the listener's queue until connections are accepted.
        tasks.spawn(arena::run_inside(address, *announce, ending.clone()));
    }
    let mut end = pin!(end_signal());
    // Nobody has to read it.
    let _ = writeln!(io::stdout(), "Socker is at http://{address}/ (Ctrl-C ends it)");

    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    debug!(%peer, "connected");
                    tasks.spawn(serve_http(stream, peer, app.clone(), ending.clone()));
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
    tasks.close();
    let Services { echo, game, rooms, directory } = services;
    echo.drain(DRAIN, GOING_AWAY);
    game.drain(DRAIN, GOING_AWAY);
    rooms.drain(DRAIN, GOING_AWAY);
    directory.drain(DRAIN, GOING_AWAY);
    // Last, so that pages hear that the directory goes, and not that its own arena leaves it.
    ending.cancel();
    let ended = async {
        tokio::join!(
            echo.drained(),
            game.drained(),
            rooms.drained(),
            directory.drained(),
            tasks.wait()
        );
        // Its last lines are recorded. It ends within a tick, and has no result.
        let _ = tokio::task::spawn_blocking(move || game_thread.join()).await;
    };
    tokio::select! {
        // What is cut at the deadline has still to be told.
        ended = time::timeout(DRAIN + Duration::from_secs(1), ended) => if ended.is_err() {
            warn!("cut the connections that did not end in {DRAIN:?}");
        },
        () = end_signal() => warn!("cut the connections that had not ended"),
    }
    Ok(())
}

/// One HTTP connection, which may become a WebSocket.
async fn serve_http(stream: TcpStream, peer: SocketAddr, app: Router, ending: CancellationToken) {
    // The services count connections by address.
    let app = app.layer(Extension(ConnectInfo(peer)));
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
