//! The inputs of both commands: a secret and a body.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use footbridge_model::{secret::Secret, time::Millis};

use crate::{
    cmd::failure::Failure,
    config::{env::Env, secret::SecretSource},
};

/// Largest body read, 64 MiB. The server's own limits are lower.
const LARGEST_BODY: u64 = 64 << 20;

/// The protocol whose requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Protocol {
    /// Deliveries of events: Standard Webhooks headers, made with the signing secret
    Event,
    /// Exchanges: the header `Authorization`, made with the app's name and secret key
    Exchange,
}

/// Reads a secret: the text itself, `env:NAME` or `file:PATH`.
pub(super) fn secret(written: &str, env: &Env) -> Result<Secret, Failure> {
    let source = SecretSource { env, base: Path::new("") };
    source.find(written).map_err(|message| Failure::other(format!("--secret: {message}")))
}

/// Reads a body byte for byte, from a file or, for `-`, from standard input.
pub(super) fn body(file: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: &io::Error| {
        let from = if file == "-" { "standard input" } else { file };
        Failure::other(format!("cannot read the body from {from}: {error}"))
    };
    let mut bytes = Vec::new();
    let read = if file == "-" {
        io::stdin().lock().take(LARGEST_BODY + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|file| file.take(LARGEST_BODY + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LARGEST_BODY {
        return Err(Failure::other("the body is larger than 64 MiB"));
    }
    Ok(bytes)
}

/// Returns the seconds since 1970.
pub(super) const fn seconds(now: Millis) -> i64 {
    now.0.div_euclid(1000)
}
