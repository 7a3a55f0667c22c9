//! The reasons why a server does not start, or stops.

use crate::first_run::FirstRunError;
use crate::steady_clock::ClockError;
use footbridge_courier::RootsError;
use footbridge_engine::StartError;
use footbridge_journal_sqlite::OpenError;
use footbridge_runtime::RuntimeError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Reason why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}: {source}; {}", listen_advice(source))]
    Listen { address: SocketAddr, source: io::Error },
    /// The console cannot listen on its address.
    #[error(
        "the console cannot listen on {address}: {source}; set `[console] listen` to another address or to \"off\""
    )]
    ListenConsole { address: SocketAddr, source: io::Error },
    /// The link for the first sign-in cannot be stored.
    #[error("the link for the first sign-in to the console cannot be stored: {0}")]
    FirstLink(String),
    /// The directory of the database does not exist.
    #[error("the directory {} of the database does not exist; create it, or set another `database`", .0.display())]
    NoFolder(PathBuf),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The machine's clock is wrong.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// A secret beside the database cannot be read or made.
    #[error(transparent)]
    FirstRun(#[from] FirstRunError),
    /// The certificates of `[egress] ca_file` cannot be read.
    #[error("egress.ca_file: {0}")]
    Roots(#[from] RootsError),
    /// This machine cannot run installed apps.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The engine did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system refuses a thread or a runtime.
    #[error("the system refuses a thread: {0}")]
    Thread(#[from] io::Error),
    /// The journal stopped after an error. The server stops too, because it acknowledges only what is stored.
    #[error("the journal has stopped: {0}; repair the disk and start again; no acknowledged event is lost")]
    Journal(String),
}

/// Returns advice for each reason why the server cannot listen on an address.
fn listen_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have the address: set `listen` to one that it has, or to 0.0.0.0 or [::] for all of them"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need root: set another `listen`, or give the program CAP_NET_BIND_SERVICE"
        }
        _ => "stop the program that uses it, or set another `listen`",
    }
}
