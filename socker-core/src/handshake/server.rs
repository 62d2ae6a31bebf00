use std::net::IpAddr;

use http::{
    HeaderValue, Method, StatusCode, Uri, Version,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};

use super::{
    Acceptance, HandshakeError, Rejection, Request, SubprotocolError,
    answer::{encode_headers, encode_line},
    head::Head,
    headers::Headers,
    judge::{Key, judge},
    scanner::StartLine,
};
use crate::Config;

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
    key: Key,
}

impl Incoming {
    /// Judges a request that another HTTP server has parsed, say hyper.
    ///
    /// # Errors
    /// It is not a WebSocket opening request; [`Rejection::from`] has the answer.
    pub fn new(request: http::Request<()>) -> Result<Self, HandshakeError> {
        if request.method() != Method::GET {
            return Err(HandshakeError::Method);
        }
        if request.version() != Version::HTTP_11 {
            return Err(HandshakeError::HttpVersion);
        }
        Self::judged(Request::parsed(request))
    }

    fn judged(request: Request) -> Result<Self, HandshakeError> {
        let key = judge(&request)?;
        Ok(Self { request: Box::new(request), key })
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
        if let Ok(accept_key) = HeaderValue::from_str(&self.key.accept()) {
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
        encode_line(&mut bytes, &SEC_WEBSOCKET_ACCEPT, self.key.accept().as_bytes());
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

    pub(crate) fn key(&self) -> Key {
        self.key
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
        let Some(whole) = self.head.read(input)? else { return Ok(None) };
        let target = Uri::try_from(&whole.bytes[whole.target])
            .map_err(|_| HandshakeError::Malformed("request target"))?;
        let headers = Headers::new(whole.bytes, whole.lines);
        Incoming::judged(Request::new(target, headers)).map(Some)
    }
}

/// The answer to a request that can't be decided in time.
pub(crate) fn refusal(status: StatusCode, text: &str) -> Rejection {
    Rejection::new(status).with_text(format!("{text}\n"))
}
