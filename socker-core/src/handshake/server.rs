use std::net::IpAddr;

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
};
use tungstenite::{
    Error,
    error::CapacityError,
    handshake::{derive_accept_key, machine::TryParse, server::Request as ParsedRequest},
};

use super::{
    Acceptance, HandshakeError, Rejection, Request, SubprotocolError,
    answer::encode_head,
    has_token,
    head::{Head, StartLine},
};
use crate::Config;

/// A request that waits for a server's decision.
///
/// It is consumed by [`Machine::accept`](crate::Machine::accept) or
/// [`Machine::reject`](crate::Machine::reject). Dropped, the client is refused when the opening
/// time is over.
#[derive(Debug)]
pub struct Incoming {
    request: Box<Request>,
    accept_key: String,
}

impl Incoming {
    /// Judges a request that another HTTP server has parsed, say hyper.
    ///
    /// # Errors
    /// It is not a WebSocket opening request; [`Rejection::from`] has the answer.
    pub fn new(request: http::Request<()>) -> Result<Self, HandshakeError> {
        let request = Box::new(Request::parsed(request));
        let accept_key = judge(&request)?;
        Ok(Self { request, accept_key })
    }

    /// What the client asks for.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Tells from which network address the request came.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        *self.request = self.request.with_address(address);
        self
    }

    /// The accepting response, for an HTTP server that sends it itself.
    ///
    /// # Errors
    /// The subprotocol was not offered.
    pub fn response(&self, acceptance: Acceptance) -> Result<http::Response<()>, SubprotocolError> {
        let Acceptance { subprotocol, mut headers } = acceptance;
        if let Some(name) = subprotocol {
            let offered = self.request.subprotocols().any(|offered| offered == name);
            let value = HeaderValue::from_str(&name).ok().filter(|_| offered);
            let Some(value) = value else { return Err(SubprotocolError { name }) };
            headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
        }
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        // Base64 is always a header value.
        if let Ok(accept_key) = HeaderValue::from_str(&self.accept_key) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept_key);
        }
        let mut response = http::Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers;
        Ok(response)
    }

    pub(crate) fn encode(&self, acceptance: Acceptance) -> Result<Vec<u8>, SubprotocolError> {
        let response = self.response(acceptance)?;
        Ok(encode_head(response.status(), response.headers()))
    }

    pub(crate) fn accept_key(&self) -> &str {
        &self.accept_key
    }
}

/// The server's side: gathers the head.
#[derive(Debug)]
pub(crate) struct ServerOpening {
    head: Head,
}

impl ServerOpening {
    pub(crate) fn new(config: &Config) -> Self {
        let head = Head::new(StartLine::Request, config.opening_limit, config.header_limit);
        Self { head }
    }

    pub(crate) fn read(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<Incoming>, HandshakeError> {
        match self.head.read(input)? {
            None => Ok(None),
            Some(head) => match ParsedRequest::try_parse(&head) {
                Ok(Some((_, request))) => Incoming::new(request).map(Some),
                Ok(None) => Err(HandshakeError::Malformed("its end")),
                Err(error) => Err(parse_error(&error)),
            },
        }
    }
}

/// The answer to a request that can't be decided in time.
pub(crate) fn refusal(status: StatusCode, text: &str) -> Rejection {
    Rejection::new(status).with_text(format!("{text}\n"))
}

/// What the parser found that the scanner lets pass.
pub(super) fn parse_error(error: &Error) -> HandshakeError {
    match error {
        Error::Capacity(CapacityError::TooManyHeaders) => HandshakeError::TooManyHeaders,
        Error::HttpFormat(_) => HandshakeError::Malformed("request target"),
        _ => HandshakeError::Malformed("header line"),
    }
}

/// Checks an opening request and derives its accept key (RFC 6455, section 4.2.1).
fn judge(request: &Request) -> Result<String, HandshakeError> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(HandshakeError::Method);
    }
    if request.as_http().version() != Version::HTTP_11 {
        return Err(HandshakeError::HttpVersion);
    }
    // Nothing but a path, or a URI with one: `*` and a bare host are for other methods (RFC 9112,
    // section 3.2).
    if !request.path().starts_with('/') {
        return Err(HandshakeError::Malformed("request target"));
    }
    // Its body would be read as frames.
    let length = headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    if length || headers.contains_key(TRANSFER_ENCODING) {
        return Err(HandshakeError::Malformed("a body"));
    }
    one(headers, HOST.as_str()).and_then(|host| host.to_str().ok()).ok_or(HandshakeError::Host)?;
    if !has_token(headers, CONNECTION, "upgrade") {
        return Err(HandshakeError::Connection);
    }
    if !has_token(headers, UPGRADE, "websocket") {
        return Err(HandshakeError::Upgrade);
    }
    if one(headers, SEC_WEBSOCKET_VERSION.as_str()).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    let key = one(headers, SEC_WEBSOCKET_KEY.as_str()).ok_or(HandshakeError::Key)?;
    match data_encoding::BASE64.decode(key.as_bytes()) {
        Ok(bytes) if bytes.len() == 16 => Ok(derive_accept_key(key.as_bytes())),
        _ => Err(HandshakeError::Key),
    }
}

/// The value of a header that is there exactly once.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}
