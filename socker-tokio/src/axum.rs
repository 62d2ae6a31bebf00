//! WebSocket connections on an axum server: a service at a route, or a handler of your own.
//!
//! ```no_run
//! use axum::Router;
//! use socker_core::Message;
//! use socker_core::service::{Context, PeerId, Service};
//! use socker_tokio::Server;
//!
//! struct Echo;
//!
//! impl Service for Echo {
//!     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
//!         cx.send(peer, message);
//!     }
//! }
//!
//! # async fn run() -> std::io::Result<()> {
//! let server = Server::new(Echo).start();
//! let app: Router = Router::new().route("/echo", socker_tokio::axum::mount(server));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app).await
//! # }
//! ```
//!
//! A handler has one connection for itself:
//!
//! ```no_run
//! use axum::{Router, response::Response, routing::get};
//! use socker_tokio::axum::Upgrade;
//!
//! async fn echo(upgrade: Upgrade) -> Response {
//!     upgrade.on_open(|mut connection| async move {
//!         while let Some(Ok(message)) = connection.recv().await {
//!             if connection.send(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     })
//! }
//!
//! # async fn run() -> std::io::Result<()> {
//! let app: Router = Router::new().route("/echo", get(echo));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! axum::serve(listener, app).await
//! # }
//! ```

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequestParts},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use socker_core::{
    Config, Role,
    handshake::{Acceptance, HandshakeError, Incoming, Rejection, Request},
    http::{self, request::Parts},
    service::{Service, host::not_offered},
};

use crate::{connection::Connection, service::Handle};

/// The stream of a connection that axum has upgraded.
pub type Stream = TokioIo<Upgraded>;

/// A route at which a service is served; each peer's address is known to it if the app was made with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn mount<S, State>(server: Handle<S>) -> MethodRouter<State>
where
    S: Service + Send + 'static,
    State: Clone + Send + Sync + 'static,
{
    get(move |upgrade: Upgrade| async move { upgrade.serve(&server).await })
}

/// A WebSocket request, as an axum extractor. A request that is none is answered by the extractor.
#[derive(Debug)]
pub struct Upgrade {
    incoming: Incoming,
    on_upgrade: OnUpgrade,
    config: Arc<Config>,
    acceptance: Acceptance,
}

impl Upgrade {
    /// Lets a service decide on the request, and gives it the connection. What this was given
    /// (limits, an acceptance) does not count: the server has its own.
    ///
    /// On a server that is ticked, the response waits for the tick.
    pub async fn serve<S>(self, server: &Handle<S>) -> Response
    where
        S: Service + Send + 'static,
    {
        match server.upgrade(self.incoming).await {
            Err(rejection) => into_response(&rejection),
            Ok((response, begin)) => {
                // A client that went away meanwhile is nobody's error.
                let stream = async move { self.on_upgrade.await.ok().map(TokioIo::new) };
                tokio::spawn(begin.run(stream));
                response.map(|()| Body::empty())
            }
        }
    }

    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.incoming.request()
    }

    /// The limits and times of the connection; the opening's own are the HTTP server's.
    #[must_use]
    pub fn config(self, config: Arc<Config>) -> Self {
        Self { config, ..self }
    }

    /// Chooses a subprotocol, and adds headers.
    #[must_use]
    pub fn acceptance(self, acceptance: Acceptance) -> Self {
        Self { acceptance, ..self }
    }

    /// Opens the connection and runs `serve` on it, in a task of its own.
    ///
    /// The response is 500 if the subprotocol that was chosen was not offered.
    pub fn on_open<F, Task>(self, serve: F) -> Response
    where
        F: FnOnce(Connection<Stream>) -> Task + Send + 'static,
        Task: Future<Output = ()> + Send + 'static,
    {
        let Self { incoming, on_upgrade, config, acceptance } = self;
        let response = match incoming.response(acceptance) {
            Ok(response) => response,
            Err(error) => return into_response(&not_offered(&error)),
        };
        tokio::spawn(async move {
            // A client that went away meanwhile is nobody's error.
            if let Ok(upgraded) = on_upgrade.await
                && let Ok(connection) =
                    Connection::upgraded(TokioIo::new(upgraded), Role::Server, config)
            {
                serve(connection).await;
            }
        });
        response.map(|()| Body::empty())
    }

    /// Answers with an HTTP status instead.
    #[must_use]
    pub fn reject(self, rejection: &Rejection) -> Response {
        into_response(rejection)
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = NotWebSocket;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotWebSocket> {
        let mut request = http::Request::new(());
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.version_mut() = parts.version;
        *request.headers_mut() = parts.headers.clone();
        let mut incoming = Incoming::new(request).map_err(NotWebSocket)?;
        if let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            incoming = incoming.with_address(address.ip());
        }
        let on_upgrade =
            parts.extensions.remove().ok_or(NotWebSocket(HandshakeError::Connection))?;
        Ok(Self { incoming, on_upgrade, config: Arc::default(), acceptance: Acceptance::default() })
    }
}

/// The request does not open a WebSocket connection; as a response it says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotWebSocket(pub HandshakeError);

impl IntoResponse for NotWebSocket {
    fn into_response(self) -> Response {
        into_response(&self.0.into())
    }
}

fn into_response(rejection: &Rejection) -> Response {
    let mut response = Response::new(Body::from(rejection.body().clone()));
    *response.status_mut() = rejection.status();
    *response.headers_mut() = rejection.headers().clone();
    response
}

/// An extractor in an `Option` tells requests that are none apart.
impl<S: Sync> axum::extract::OptionalFromRequestParts<S> for Upgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Infallible> {
        Ok(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await.ok())
    }
}
