use bytes::Bytes;
use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
        UPGRADE,
    },
};
use tungstenite::{
    Error,
    handshake::{
        client::{Response as ParsedResponse, generate_request},
        derive_accept_key,
        machine::TryParse,
    },
};

use super::{HandshakeError, Request, Response, head::Head, headers::lists, scanner::StartLine};
use crate::Config;

/// The client's side: awaits the answer to its request.
#[derive(Debug)]
pub(crate) struct ClientOpening {
    head: Head,
    accept_key: String,
    subprotocols: Vec<String>,
    refused: Option<Refused>,
}

/// A refusing answer whose body is still coming.
#[derive(Debug)]
struct Refused {
    response: http::Response<Bytes>,
    body: Vec<u8>,
    missing: usize,
}

/// How far the client's opening has come.
#[derive(Debug)]
pub(crate) enum ClientStep {
    Waiting,
    Opened(Response),
    Refused(Response),
}

impl ClientOpening {
    /// The opening and the request's bytes. `key` are 16 unpredictable bytes.
    pub(crate) fn new(config: &Config, request: &Request, key: [u8; 16]) -> (Self, Vec<u8>) {
        let key = BASE64.encode(&key);
        let opening = Self {
            head: begin_head(config),
            accept_key: derive_accept_key(key.as_bytes()),
            subprotocols: request.subprotocols().map(str::to_owned).collect(),
            refused: None,
        };
        (opening, encode(request, &key))
    }

    pub(crate) fn read(
        &mut self,
        config: &Config,
        input: &mut &mut [u8],
    ) -> Result<ClientStep, HandshakeError> {
        if self.refused.is_some() {
            return Ok(self.read_body(input));
        }
        let (head, response) = loop {
            let Some(head) = self.head.read(input)? else { return Ok(ClientStep::Waiting) };
            let response = match ParsedResponse::try_parse(&head.bytes) {
                Ok(Some((_, response))) => response.map(|_| Bytes::new()),
                Ok(None) => return Err(HandshakeError::Malformed("its end")),
                Err(error) => return Err(parse_error(&error)),
            };
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                self.judge(response.headers())?;
                return Ok(ClientStep::Opened(Response(response.into())));
            }
            // The answer proper follows an interim one (RFC 9110, section 15.2).
            if !response.status().is_informational() {
                break (head, response);
            }
            self.head = begin_head(config);
        };
        let missing =
            body_len(&response).min(config.opening_limit.saturating_sub(head.bytes.len()));
        self.refused = Some(Refused { response, body: Vec::new(), missing });
        Ok(self.read_body(input))
    }

    /// The refusing answer as far as it has come: its time is over, or the connection.
    pub(crate) fn finish(&mut self) -> Option<Response> {
        let Refused { response, body, .. } = self.refused.take()?;
        Some(Response(response.map(|_| body.into()).into()))
    }

    fn read_body(&mut self, input: &mut &mut [u8]) -> ClientStep {
        if let Some(refused) = &mut self.refused {
            let taken = refused.missing.min(input.len());
            refused.body.extend_from_slice(&input[..taken]);
            refused.missing -= taken;
            *input = &mut std::mem::take(input)[taken..];
            if refused.missing > 0 {
                return ClientStep::Waiting;
            }
        }
        self.finish().map_or(ClientStep::Waiting, ClientStep::Refused)
    }

    /// Checks an answer with status 101 (RFC 6455, section 4.1).
    fn judge(&self, headers: &HeaderMap) -> Result<(), HandshakeError> {
        if !has_token(headers, &CONNECTION, "upgrade") {
            return Err(HandshakeError::Connection);
        }
        if !has_token(headers, &UPGRADE, "websocket") {
            return Err(HandshakeError::Upgrade);
        }
        let accept_key = one(headers, &SEC_WEBSOCKET_ACCEPT);
        if accept_key.is_none_or(|key| key.as_bytes() != self.accept_key.as_bytes()) {
            return Err(HandshakeError::Accept);
        }
        let mut extensions = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).into_iter();
        if extensions.any(|line| line.as_bytes().iter().any(|byte| !b" \t,".contains(byte))) {
            return Err(HandshakeError::Extension);
        }
        let mut chosen = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
        let offered = chosen.next().is_none_or(|chosen| {
            self.subprotocols.iter().any(|offered| offered.as_bytes() == chosen.as_bytes())
        });
        if offered && chosen.next().is_none() { Ok(()) } else { Err(HandshakeError::Subprotocol) }
    }
}

fn begin_head(config: &Config) -> Head {
    Head::new(StartLine::Response, config.opening_limit, config.header_limit)
}

/// What the parser found that the scanner lets pass.
fn parse_error(error: &Error) -> HandshakeError {
    match error {
        Error::HttpFormat(_) => HandshakeError::Malformed("request target"),
        _ => HandshakeError::Malformed("header line"),
    }
}

/// How many bytes of body an answer announces; one without a length lasts until the connection
/// ends. A body in chunks is not read: why a server refuses is mostly in its status.
fn body_len(response: &http::Response<Bytes>) -> usize {
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || response.headers().contains_key(TRANSFER_ENCODING)
    {
        return 0;
    }
    one(response.headers(), &CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .filter(|length| length.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|length| length.parse().ok())
        .unwrap_or(usize::MAX)
}

/// The value of a header that is there exactly once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    values.next().filter(|_| values.next().is_none())
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).into_iter().any(|value| lists(value.as_bytes(), token))
}

fn encode(request: &Request, key: &str) -> Vec<u8> {
    let mut http = request.to_http();
    let headers = http.headers_mut();
    // A request that came from elsewhere may offer what this side does not speak.
    headers.remove(SEC_WEBSOCKET_EXTENSIONS);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
    // Fails only for what `Request::get` and a server's checks refuse: each request has a host, and
    // each header that the handshake sets is ASCII and there once.
    generate_request(http).map(|(bytes, _)| bytes).unwrap_or_default()
}
