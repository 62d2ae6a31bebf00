use std::{mem::MaybeUninit, net::IpAddr};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
};
use httparse::Status;
use tungstenite::handshake::derive_accept_key;

use super::{
    Acceptance, HandshakeError, Rejection, Request, SubprotocolError,
    answer::{encode_headers, encode_line},
    has_token,
    head::{Head, StartLine},
};
use crate::Config;

/// As many as [`Config::header_limit`] may allow.
const MAX_HEADERS: usize = 124;

/// An answer without further headers, and some of them.
const ANSWER: usize = 256;

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
        let chosen = self.chosen(&acceptance)?;
        let mut headers = acceptance.headers;
        headers.extend(chosen.map(|chosen| (SEC_WEBSOCKET_PROTOCOL, chosen)));
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

    /// The same as bytes.
    pub(crate) fn encode(&self, acceptance: &Acceptance) -> Result<Vec<u8>, SubprotocolError> {
        let chosen = self.chosen(acceptance)?;
        let mut bytes = Vec::with_capacity(ANSWER);
        bytes.extend_from_slice(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n",
        );
        encode_line(&mut bytes, &SEC_WEBSOCKET_ACCEPT, self.accept_key.as_bytes());
        if let Some(chosen) = chosen {
            encode_line(&mut bytes, &SEC_WEBSOCKET_PROTOCOL, chosen.as_bytes());
        }
        encode_headers(&mut bytes, &acceptance.headers);
        Ok(bytes)
    }

    /// The subprotocol, which has to be one of those that were offered.
    fn chosen(&self, acceptance: &Acceptance) -> Result<Option<HeaderValue>, SubprotocolError> {
        let Some(name) = &acceptance.subprotocol else { return Ok(None) };
        let offered = self.request.subprotocols().any(|offered| offered == name);
        match HeaderValue::from_str(name) {
            Ok(chosen) if offered => Ok(Some(chosen)),
            _ => Err(SubprotocolError { name: name.clone() }),
        }
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
            Some(head) => Incoming::new(parse(head.into())?).map(Some),
        }
    }
}

/// A whole head, whose values stay where they are.
fn parse(head: Bytes) -> Result<http::Request<()>, HandshakeError> {
    let mut lines = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(&head, &mut lines) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return Err(HandshakeError::Malformed("its end")),
        Err(httparse::Error::TooManyHeaders) => return Err(HandshakeError::TooManyHeaders),
        Err(_) => return Err(HandshakeError::Malformed("header line")),
    }
    let target = head.slice_ref(parsed.path.unwrap_or_default().as_bytes());
    let mut request = http::Request::new(());
    *request.uri_mut() =
        Uri::from_maybe_shared(target).map_err(|_| HandshakeError::Malformed("request target"))?;
    let headers = request.headers_mut();
    headers.reserve(parsed.headers.len());
    for line in parsed.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_maybe_shared(head.slice_ref(line.value));
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(HandshakeError::Malformed("header line"));
        };
        headers.append(name, value);
    }
    Ok(request)
}

/// The answer to a request that can't be decided in time.
pub(crate) fn refusal(status: StatusCode, text: &str) -> Rejection {
    Rejection::new(status).with_text(format!("{text}\n"))
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
    one(headers, &HOST).and_then(|host| host.to_str().ok()).ok_or(HandshakeError::Host)?;
    if !has_token(headers, CONNECTION, "upgrade") {
        return Err(HandshakeError::Connection);
    }
    if !has_token(headers, UPGRADE, "websocket") {
        return Err(HandshakeError::Upgrade);
    }
    if one(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    let key = one(headers, &SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Key)?;
    match data_encoding::BASE64.decode(key.as_bytes()) {
        Ok(bytes) if bytes.len() == 16 => Ok(derive_accept_key(key.as_bytes())),
        _ => Err(HandshakeError::Key),
    }
}

/// The value of a header that is there exactly once.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}
