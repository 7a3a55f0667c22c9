//! The Node host: a small JavaScript program that loads an app's handler and routers and serves HTTP for them.

use crate::fingerprint::fingerprint;
use crate::user::Account;
use footbridge_model::package::{Package, Program};
use footbridge_model::run::StartOrder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{fs, io};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

const FILE: &str = "host.mjs";

/// The modules of the host. Each one comes after the modules that it imports.
const MODULES: [&str; 7] = [
    include_str!("node/cause.mjs"),
    include_str!("node/channel.mjs"),
    include_str!("node/request.mjs"),
    include_str!("node/load.mjs"),
    include_str!("node/router.mjs"),
    include_str!("node/serve.mjs"),
    include_str!("node/host.mjs"),
];

/// The most bytes of unread input from a host; longer than any valid message.
const LINE_MAX: usize = 64 * 1024;

/// Joins the modules into one file, because Node loads one file faster than seven. The modules share one scope there:
/// imports between them and the word `export` are removed, and imports of Node's modules come first, each once.
fn bundle() -> String {
    let (mut imports, mut code) = (BTreeSet::new(), String::new());
    for line in MODULES.iter().flat_map(|module| module.lines()) {
        if line.starts_with("import ") {
            if !line.ends_with(".mjs\";") {
                imports.insert(line);
            }
        } else {
            code.push_str(line.strip_prefix("export ").unwrap_or(line));
            code.push('\n');
        }
    }
    imports.into_iter().flat_map(|line| [line, "\n"]).chain([code.as_str()]).collect()
}

/// Writes the host where the user of the apps can read it: into the state directory, or, if that user cannot enter
/// it, into a new directory below `temporary`. Returns the path of the file.
pub(crate) fn place(state: &Path, temporary: &Path, account: &Account) -> io::Result<PathBuf> {
    let source = bundle();
    if account.reaches(state)? {
        return write(state, &source);
    }
    let mut refused =
        io::Error::new(io::ErrorKind::PermissionDenied, "that user can enter no suitable directory");
    if !account.reaches(temporary)? {
        return Err(refused);
    }
    let version = fingerprint(source.as_bytes());
    for number in 0..100 {
        match create_private_dir(&temporary.join(format!("footbridge-host-{version:016x}-{number}"))) {
            Ok(dir) => return write(&dir, &source),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Creates a directory that only the server can write to, inside one where other users may write too.
fn create_private_dir(dir: &Path) -> io::Result<PathBuf> {
    match DirBuilder::new().mode(0o755).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(dir)?;
    let ours =
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0;
    if !ours {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the directory belongs to another user"));
    }
    fs::set_permissions(dir, Permissions::from_mode(0o755))?;
    Ok(dir.to_owned())
}

/// Writes the host into `dir`, replacing an older one.
fn write(dir: &Path, source: &str) -> io::Result<PathBuf> {
    let (file, unfinished) = (dir.join(FILE), dir.join("host.mjs.new"));
    fs::write(&unfinished, source)?;
    fs::set_permissions(&unfinished, Permissions::from_mode(0o644))?;
    fs::rename(unfinished, &file)?;
    Ok(file)
}

/// Returns true if the Node host runs this app.
pub(crate) fn is_hosted(package: &Package) -> bool {
    matches!(package.program, Program::Node(_)) || !package.routers.is_empty()
}

/// The first line that the server sends to a host.
#[derive(Serialize)]
struct LoadRequest<'a> {
    app: &'a str,
    dir: &'a str,
    main: Option<&'a str>,
    /// The path under which a system app is mounted; `None` for other apps.
    mount: Option<String>,
    routers: Vec<RouterRequest<'a>>,
    token: &'a str,
    /// The secret that every request of the server carries.
    secret: &'a str,
    address: &'a str,
}

#[derive(Serialize)]
struct RouterRequest<'a> {
    name: &'a str,
    main: &'a str,
    root: &'a str,
    order: i64,
}

/// A message of a host to the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HostMessage {
    /// The host listens.
    Ready { port: u16 },
    /// The app could not be loaded.
    Failed { message: String },
    /// An uncaught exception; the host ends.
    Crashed {
        message: String,
        #[serde(default)]
        stack: String,
    },
}

/// The server's end of the connection to a host.
#[derive(Debug)]
pub(crate) struct HostChannel {
    socket: UnixStream,
    read: Vec<u8>,
    /// True after the end of input or an error.
    closed: bool,
}

impl HostChannel {
    pub(crate) const fn new(socket: UnixStream) -> Self {
        Self { socket, read: Vec::new(), closed: false }
    }

    /// Sends the host what to load.
    pub(crate) async fn send_order(&mut self, order: &StartOrder, address: &str) -> io::Result<()> {
        let package = &order.package;
        let main = if let Program::Node(main) = &package.program { Some(main.as_str()) } else { None };
        let routers = package.routers.iter().map(|(name, router)| RouterRequest {
            name,
            main: &router.main,
            root: &router.root,
            order: router.order,
        });
        let request = LoadRequest {
            app: order.app.as_str(),
            dir: &package.path,
            main,
            mount: package.mount(&order.app),
            routers: routers.collect(),
            token: order.token.expose(),
            secret: order.secret.expose(),
            address,
        };
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        self.socket.write_all(&line).await
    }

    /// Waits for the next message. Never resolves after the channel is closed. Skips lines that are no valid message.
    pub(crate) async fn next_message(&mut self) -> HostMessage {
        loop {
            while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if let Ok(message) = serde_json::from_slice(&line) {
                    return message;
                }
            }
            if self.closed || self.read.len() > LINE_MAX || !self.fill().await {
                self.closed = true;
                return std::future::pending().await;
            }
        }
    }

    /// Waits for bytes. Cancel-safe: dropping the future loses no bytes. Returns false at the end of input.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_imports_nodes_modules_once_and_exports_nothing() {
        let bundle = bundle();
        let imports: Vec<&str> = bundle.lines().take_while(|line| line.starts_with("import ")).collect();
        assert!(imports.len() > 5 && imports.iter().all(|line| line.ends_with("\";")), "{imports:?}");
        for line in bundle.lines().skip(imports.len()) {
            assert!(!line.starts_with("import") && !line.starts_with("export"), "{line}");
        }
        assert!(!bundle.contains(" from \"./"), "no file is beside it");
        assert_eq!(bundle.matches("import http from").count(), 1);
    }
}
