//! A client by hand, on a blocking socket, for what a machine would not do.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    time::Duration,
};

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt::set_socket_linger,
};
use socker_tests::frames::{Frame, opcode};

use crate::server::PATIENCE;

const KEY: [u8; 4] = [1, 2, 3, 4];

pub(crate) struct Peer(pub(crate) TcpStream);

impl Peer {
    /// Connects from 127.0.0.`host`: all of that net is this computer.
    pub(crate) fn connect(server: SocketAddr, host: u8) -> io::Result<Self> {
        let SocketAddr::V4(server) = server else { panic!("{server}") };
        let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, host), 0))?;
        connect(&socket, &server)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// An open connection.
    pub(crate) fn open(server: SocketAddr, host: u8) -> Self {
        let mut peer = Self::connect(server, host).unwrap();
        peer.ask("/").unwrap();
        assert_eq!(peer.answered().unwrap(), 101);
        peer
    }

    pub(crate) fn ask(&mut self, path: &str) -> io::Result<()> {
        self.0.write_all(request(path).as_bytes())
    }

    /// Reads the answer's head, and returns its status.
    pub(crate) fn answered(&mut self) -> io::Result<u16> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        Ok(status(&head).expect("it is an answer"))
    }

    pub(crate) fn send(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        self.send_frame(Frame::new(opcode, payload))
    }

    pub(crate) fn send_frame(&mut self, frame: Frame) -> io::Result<()> {
        self.0.write_all(&frame.masked(KEY).encode())
    }

    /// The next frame; pings are answered.
    pub(crate) fn receive(&mut self) -> io::Result<Frame> {
        loop {
            let frame = self.receive_any()?;
            if frame.opcode != opcode::PING {
                return Ok(frame);
            }
            self.send(opcode::PONG, &frame.payload)?;
        }
    }

    fn receive_any(&mut self) -> io::Result<Frame> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head)?;
        let mut len = [0; 8];
        let extended = match head[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        self.0.read_exact(&mut len[8 - extended..])?;
        let len = if extended == 0 { u64::from(head[1]) } else { u64::from_be_bytes(len) };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut payload)?;
        Ok(Frame::fragment(head[0] & 0x80 != 0, head[0] & 0x0F, &payload))
    }

    /// Sends a text, and awaits it.
    pub(crate) fn echo(&mut self, text: &str) -> io::Result<()> {
        self.send(opcode::TEXT, text.as_bytes())?;
        let echo = self.receive()?;
        if echo.opcode == opcode::CLOSE {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        assert_eq!(echo, Frame::new(opcode::TEXT, text.as_bytes()));
        Ok(())
    }

    /// Closes the connection, until the server has ended it as well.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.send(opcode::CLOSE, &1000u16.to_be_bytes())?;
        let answer = self.receive()?;
        assert_eq!(answer.close_code(), Some(1000), "{answer:?}");
        self.ended()
    }

    /// Awaits the end of the server's side.
    pub(crate) fn ended(&mut self) -> io::Result<()> {
        match self.0.read(&mut [0])? {
            0 => Ok(()),
            _ => panic!("there is more than the end"),
        }
    }

    /// Ends the connection with a reset, whatever is on its way.
    pub(crate) fn reset(self) {
        set_socket_linger(&self.0, Some(Duration::ZERO)).unwrap();
    }
}

/// A request for a path.
pub(crate) fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// The status of an answer, as far as it has come.
pub(crate) fn status(answer: &[u8]) -> Option<u16> {
    let digits = answer.strip_prefix(b"HTTP/1.1 ")?.first_chunk::<3>()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
