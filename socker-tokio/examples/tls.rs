//! A connection over TLS: the stream is the caller's, and so are its certificates.
//!
//! `cargo run -p socker-tokio --example tls` talks to itself over loopback and ends.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use socker_core::{CloseCode, Message, handshake::Request};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{PrivateKeyDer, ServerName},
    },
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone())?;

    let tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls))));

    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let stream = TlsConnector::from(Arc::new(tls))
        .connect(ServerName::try_from("localhost")?, stream)
        .await?;
    let request = Request::get("wss://localhost/")?;
    let mut connection = socker_tokio::client(stream, &request, Arc::default()).await?;
    connection.send(Message::text("hello over TLS")).await?;
    if let Some(Message::Text(text)) = connection.recv().await.transpose()? {
        println!("echoed: {text}");
    }
    println!("{}", connection.close(CloseCode::Normal, "done").await);
    server.await?
}

/// Echoes one connection.
async fn serve(listener: TcpListener, tls: TlsAcceptor) -> Result<(), Failure> {
    let (stream, _) = listener.accept().await?;
    let mut connection = socker_tokio::accept(tls.accept(stream).await?).await?;
    while let Some(message) = connection.recv().await {
        connection.send(message?).await?;
    }
    Ok(())
}
