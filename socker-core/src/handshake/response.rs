use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};

/// A server's answer as the client sees it.
#[derive(Clone, Debug)]
pub struct Response(pub(super) Box<http::Response<Bytes>>);

impl Response {
    /// The status: 101 if the connection is open.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// A header's first value, if it is visible ASCII. The name's case does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The subprotocol that the server chose.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.header(SEC_WEBSOCKET_PROTOCOL.as_str())
    }

    /// What a refusing server says: empty if it comes in chunks, and cut at
    /// [`Config::opening_limit`](crate::Config::opening_limit).
    #[must_use]
    pub fn body(&self) -> &Bytes {
        self.0.body()
    }
}
