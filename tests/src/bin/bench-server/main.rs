//! The provider of the benchmark: a TLS server that is not on libssl, so no probe sees it, and
//! that costs as little as it can, because it shares the machine with what is measured.
//!
//! Answers are templates with the id patched in. The id is a number that no two answers of one
//! server share; `prompt_tokens` is `1000 + id % 1000` and `completion_tokens` is
//! `2000 + id % 500`, so a report of a call can be checked from the id alone.

mod answer;
mod connection;

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
};

use anyhow::Context;
use clap::Parser;
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

/// Serves on loopback until it is ended; the first line says where.
#[derive(Parser)]
struct Options {
    /// Port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let config = Arc::new(tls_config()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).with_context(|| {
        format!(
            "cannot listen on port {}: choose another --port",
            options.port
        )
    })?;
    writeln!(
        std::io::stdout(),
        "listening {}",
        listener.local_addr()?.port()
    )?;
    let templates = answer::Templates::new();
    for stream in listener.incoming() {
        let (stream, config, templates) = (stream?, Arc::clone(&config), templates.clone());
        stream.set_nodelay(true)?;
        // A connection that fails is the client's business: it reports its own errors.
        thread::spawn(move || connection::serve(Box::new(stream), config, templates));
    }
    Ok(())
}

fn tls_config() -> anyhow::Result<ServerConfig> {
    let certified = rcgen::generate_simple_self_signed(vec!["api.openai.com".to_owned()])?;
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .map_err(anyhow::Error::msg)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)?;
    config.send_tls13_tickets = 0;
    Ok(config)
}
