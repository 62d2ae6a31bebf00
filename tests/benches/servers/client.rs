//! A client's side of the opening.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use super::Standing;

/// Nothing on loopback takes this long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The key and the answer to it are the RFC's own (section 1.3).
const HEADERS: &str = " HTTP/1.1\r\n\
    Host: 127.0.0.1\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Opens a connection, through a WebSocket handshake unless the server is the floor. Dropped, it is
/// reset, so that its port is free again.
pub fn open(address: SocketAddr, path: &str, standing: Standing) -> io::Result<TcpStream> {
    let mut stream = connect(address)?;
    if standing != Standing::Floor {
        request(&mut stream, path)?;
        upgraded(&mut stream)?;
    }
    Ok(stream)
}

/// Opens a connection without a handshake.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    set_socket_linger(&stream, Some(Duration::ZERO))?;
    Ok(stream)
}

/// Asks for the upgrade.
pub fn request(stream: &mut TcpStream, path: &str) -> io::Result<()> {
    stream.write_all(format!("GET {path}{HEADERS}").as_bytes())
}

/// Waits for the upgrade.
pub fn upgraded(stream: &mut TcpStream) -> io::Result<()> {
    let answer = head(stream)?;
    if answer.starts_with("HTTP/1.1 101 ") && answer.contains(ACCEPT) {
        Ok(())
    } else {
        Err(Error::other(format!("not the handshake's answer: {answer}")))
    }
}

/// Waits for an answer up to its empty line: the server may have more to say at once.
pub fn head(stream: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            _ => head.extend(byte),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
