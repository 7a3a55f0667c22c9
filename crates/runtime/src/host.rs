//! The Node host: a small program of ours that loads an app's handler and routers and listens for them.

use crate::fingerprint::fingerprint;
use crate::user::Account;
use footbridge_model::package::{Package, Program};
use footbridge_model::run::StartOrder;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{fs, io};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

const SOURCE: &str = include_str!("node/host.mjs");
const FILE: &str = "host.mjs";

/// A host has no longer line to say.
const LONGEST: usize = 64 * 1024;

/// Puts the host where whoever runs apps can read it: into the state directory, or, when that is closed to
/// the apps' user, into a directory of its own below `temporary`.
pub(crate) fn place(state: &Path, temporary: &Path, account: &Account) -> io::Result<PathBuf> {
    if account.reaches(state)? {
        return write(state);
    }
    let mut refused = io::Error::new(io::ErrorKind::PermissionDenied, "no directory that the user can enter");
    if !account.reaches(temporary)? {
        return Err(refused);
    }
    for number in 0..100 {
        match own(&temporary.join(format!("footbridge-host-{:016x}-{number}", fingerprint(SOURCE.as_bytes()))))
        {
            Ok(dir) => return write(&dir),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// A directory that only the server writes to, though everybody may write beside it.
fn own(dir: &Path) -> io::Result<PathBuf> {
    match DirBuilder::new().mode(0o755).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(dir)?;
    let ours =
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0;
    if !ours {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the directory belongs to somebody else"));
    }
    fs::set_permissions(dir, Permissions::from_mode(0o755))?;
    Ok(dir.to_owned())
}

fn write(dir: &Path) -> io::Result<PathBuf> {
    let (file, unfinished) = (dir.join(FILE), dir.join("host.mjs.new"));
    fs::write(&unfinished, SOURCE)?;
    fs::set_permissions(&unfinished, Permissions::from_mode(0o644))?;
    fs::rename(unfinished, &file)?;
    Ok(file)
}

/// Whether an app is run by the host.
pub(crate) fn runs(package: &Package) -> bool {
    matches!(package.program, Program::Node(_)) || !package.routers.is_empty()
}

/// The first line of a host's channel.
#[derive(Serialize)]
struct Order<'a> {
    app: &'a str,
    dir: &'a str,
    main: Option<&'a str>,
    /// Where Bolt mounts it, for a system app.
    mount: Option<String>,
    routers: Vec<RouterOrder<'a>>,
    token: &'a str,
    /// What every request of the server's carries.
    secret: &'a str,
    address: &'a str,
}

#[derive(Serialize)]
struct RouterOrder<'a> {
    name: &'a str,
    main: &'a str,
    root: &'a str,
    order: i64,
}

/// What a host tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HostWord {
    /// It listens.
    Ready { port: u16 },
    /// It cannot listen.
    Failed { message: String },
    /// An exception nobody caught; it ends.
    Crashed {
        message: String,
        #[serde(default)]
        stack: String,
    },
}

/// The server's end of a host's channel.
#[derive(Debug)]
pub(crate) struct HostWire {
    socket: UnixStream,
    read: Vec<u8>,
    /// Whether nothing more will come.
    closed: bool,
}

impl HostWire {
    pub(crate) const fn new(socket: UnixStream) -> Self {
        Self { socket, read: Vec::new(), closed: false }
    }

    /// Tells the host what to load.
    pub(crate) async fn order(&mut self, order: &StartOrder, address: &str) -> io::Result<()> {
        let package = &order.package;
        let main = if let Program::Node(main) = &package.program { Some(main.as_str()) } else { None };
        let routers = package.routers.iter().map(|(name, router)| RouterOrder {
            name,
            main: &router.main,
            root: &router.root,
            order: router.order,
        });
        let order = Order {
            app: order.app.as_str(),
            dir: &package.path,
            main,
            mount: package.mount(&order.app),
            routers: routers.collect(),
            token: order.token.expose(),
            secret: order.secret.expose(),
            address,
        };
        let mut line = serde_json::to_vec(&order)?;
        line.push(b'\n');
        self.socket.write_all(&line).await
    }

    /// The next word; never resolves once the channel is closed. What is no word of a host's is passed over.
    pub(crate) async fn next(&mut self) -> HostWord {
        loop {
            while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if let Ok(word) = serde_json::from_slice(&line) {
                    return word;
                }
            }
            if self.closed || self.read.len() > LONGEST || !self.fill().await {
                self.closed = true;
                return std::future::pending().await;
            }
        }
    }

    /// Waits for bytes without losing any when it is dropped meanwhile.
    async fn fill(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            let ready = self.socket.readable().await;
            match ready.and_then(|()| self.socket.try_read(&mut buffer)) {
                Ok(0) => return false,
                Ok(read) => {
                    self.read.extend_from_slice(buffer.get(..read).unwrap_or_default());
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }
}
