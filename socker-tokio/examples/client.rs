//! A client: sends what it is given, and prints what comes back.
//!
//! `cargo run -p socker-tokio --example client -- ws://127.0.0.1:8080/echo hello world`

use std::io::{self, Write};

use socker_core::{CloseCode, Message};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(address) = arguments.next() else {
        eprintln!("usage: client <ws:// address> <message>...");
        std::process::exit(2);
    };
    let mut connection = socker_tokio::connect(&address).await?;
    for text in arguments {
        connection.send(Message::text(text)).await?;
        match connection.recv().await.transpose()? {
            Some(Message::Text(text)) => writeln!(io::stdout(), "{text}")?,
            Some(Message::Binary(bytes)) => writeln!(io::stdout(), "{} bytes", bytes.len())?,
            None => break,
        }
    }
    println!("{}", connection.close(CloseCode::Normal, "done").await);
    Ok(())
}
