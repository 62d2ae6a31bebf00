use std::{error, fmt, net::IpAddr};

use http::{
    Extensions, HeaderName, HeaderValue, Uri,
    header::{COOKIE, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL},
    uri::PathAndQuery,
};

use super::{
    answer::is_ours,
    headers::{Headers, ascii, elements},
};

/// A WebSocket opening request: what a client sends and a server judges.
///
/// ```
/// use socker_core::handshake::Request;
///
/// let request = Request::get("ws://play.example/arena?team=red")?
///     .with_subprotocol("arena-1")?
///     .with_header("Cookie", "name=Ada")?;
/// assert_eq!((request.path(), request.query()), ("/arena", Some("team=red")));
/// assert_eq!(request.cookie("name"), Some("Ada"));
/// assert_eq!(request.host(), Some("play.example"));
/// # Ok::<(), socker_core::handshake::RequestError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    uri: Uri,
    headers: Headers,
    extensions: Extensions,
}

/// Travels with the request.
#[derive(Clone, Copy, Debug)]
struct Address(IpAddr);

/// Why a [`Request`] can't be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Not a URI (RFC 3986).
    Uri,
    /// The scheme is not `ws` or `wss`.
    Scheme,
    /// The URI names no host.
    Host,
    /// Not a header's name or value (RFC 9110, section 5).
    Header,
    /// The handshake sets this header itself.
    ReservedHeader,
    /// Not a token, or offered already (RFC 6455, section 4.1).
    Subprotocol,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uri => "not a URI; it should look like ws://host:port/path",
            Self::Scheme => "the URI must begin with ws:// or wss://",
            Self::Host => "the URI names no host",
            Self::Header => "not a header's name or value",
            Self::ReservedHeader => "the handshake sets this header itself",
            Self::Subprotocol => "the subprotocol is not a token, or is offered already",
        })
    }
}

impl error::Error for RequestError {}

/// For clients.
impl Request {
    /// A request for a `ws://` or `wss://` URI (RFC 6455, section 3).
    ///
    /// # Errors
    /// What is no such URI.
    pub fn get(uri: &str) -> Result<Self, RequestError> {
        // A fragment has no meaning here (RFC 6455, section 3), and `Uri` would drop it.
        if uri.contains('#') {
            return Err(RequestError::Uri);
        }
        let uri: Uri = uri.parse().map_err(|_| RequestError::Uri)?;
        match uri.scheme_str() {
            None => return Err(RequestError::Uri),
            Some("ws" | "wss") => {}
            Some(_) => return Err(RequestError::Scheme),
        }
        let authority = uri.authority().ok_or(RequestError::Host)?.as_str();
        // A user name and password are not sent (RFC 9110, section 4.2.4).
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        if host.is_empty() || host.starts_with(':') {
            return Err(RequestError::Host);
        }
        let host = HeaderValue::from_str(host).map_err(|_| RequestError::Host)?;
        let mut headers = Headers::default();
        headers.push(&HOST, &host);
        Ok(Self::new(with_path(uri)?, headers))
    }

    /// Offers a subprotocol, after those offered already (RFC 6455, section 1.9).
    ///
    /// # Errors
    /// It is not a token, or is offered already.
    pub fn with_subprotocol(mut self, name: &str) -> Result<Self, RequestError> {
        // A header's name has the grammar of a token; it is kept as it was written.
        let token = HeaderName::from_bytes(name.as_bytes()).is_ok();
        if !token || self.subprotocols().any(|offered| offered == name) {
            return Err(RequestError::Subprotocol);
        }
        let offers = self.subprotocols().chain([name]).collect::<Vec<_>>().join(", ");
        let offers = HeaderValue::from_str(&offers).map_err(|_| RequestError::Subprotocol)?;
        self.headers.remove(&SEC_WEBSOCKET_PROTOCOL);
        self.headers.push(&SEC_WEBSOCKET_PROTOCOL, &offers);
        Ok(self)
    }

    /// Adds a header, such as `Cookie`, `Origin` or `Authorization`.
    ///
    /// # Errors
    /// It is not a header, or one that the handshake sets.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, RequestError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| RequestError::Header)?;
        if is_ours(&name) || name == HOST {
            return Err(RequestError::ReservedHeader);
        }
        let value = HeaderValue::from_str(value).map_err(|_| RequestError::Header)?;
        self.headers.push(&name, &value);
        Ok(self)
    }

    /// Whether the URI asks for TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.uri.scheme_str() == Some("wss")
    }
}

/// The URI as its target goes out: it begins with `/` (RFC 6455, section 3), and is ASCII, which
/// `Uri` does not see to.
fn with_path(uri: Uri) -> Result<Uri, RequestError> {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if !target.is_ascii() {
        return Err(RequestError::Uri);
    }
    if target.starts_with('/') {
        return Ok(uri);
    }
    let target = format!("/{target}").parse().map_err(|_| RequestError::Uri)?;
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| RequestError::Uri)
}

/// For both sides.
impl Request {
    /// The URI: whole in a client's request, and mostly path and query alone at a server.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The path, as it was sent: not percent-decoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// What follows `?`, as it was sent: not percent-decoded.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// All headers in the order of their lines. Names have the case in which they were sent, and values
    /// need not be ASCII.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (ascii(name).unwrap_or_default(), value))
    }

    /// A header's first value, if it is visible ASCII. The name's case does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        ascii(self.headers.all(name).next()?)
    }

    /// The `Host` header: host and perhaps port.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.header(HOST.as_str())
    }

    /// The page that a browser asks for (RFC 6455, section 10.2).
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.header(ORIGIN.as_str())
    }

    /// The cookies, name and value as they were sent (RFC 6265, section 4.2.1).
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .all(COOKIE.as_str())
            .filter_map(ascii)
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
    }

    /// The first cookie of this name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// The subprotocols that are offered, the client's favourite first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        self.headers.all(SEC_WEBSOCKET_PROTOCOL.as_str()).flat_map(elements)
    }

    /// The network address that it came from, where the host has told it.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.extensions.get::<Address>().map(|address| address.0)
    }

    /// Tells from which network address it came.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.extensions.insert(Address(address));
        self
    }

    /// The request as the `http` crate has it, with a map of all headers.
    #[must_use]
    pub fn to_http(&self) -> http::Request<()> {
        let mut request = http::Request::new(());
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.to_map();
        *request.extensions_mut() = self.extensions.clone();
        request
    }
}

impl Request {
    pub(super) fn new(uri: Uri, headers: Headers) -> Self {
        Self { uri, headers, extensions: Extensions::new() }
    }

    /// A GET that an HTTP parser has read.
    pub(crate) fn parsed(request: http::Request<()>) -> Self {
        let (parts, ()) = request.into_parts();
        let headers = Headers::from(&parts.headers);
        Self { uri: parts.uri, headers, extensions: parts.extensions }
    }

    pub(super) fn lines(&self) -> &Headers {
        &self.headers
    }
}
