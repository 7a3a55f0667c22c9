//! The console's listener, and the link for the first sign-in.

use super::error::ServeError;
use super::threads::{self, Running};
use crate::config::{Config, ConsoleConfig};
use crate::first_run;
use footbridge_engine::{CourierShared, Engine};
use footbridge_model::audit::Actor;
use footbridge_oidc::Provider;
use footbridge_server::listen::{self, ConnectionSlots, Listener, Shard, ShardOptions};
use footbridge_server::{ConsoleSettings, Proxies, ServerState};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// The most connections to the console.
const CONNECTIONS: usize = 1000;

/// The console's bound listener and its settings.
#[derive(Debug)]
pub(super) struct ConsoleListener {
    pub(super) listener: Listener,
    pub(super) settings: ConsoleSettings,
    /// The addresses that it listens on.
    pub(super) addresses: Vec<SocketAddr>,
}

/// How the operator gets into the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleEntry {
    /// The URL of the console.
    pub url: String,
    /// The link for the first sign-in and the file that has it too; `None` once there is a user.
    pub setup: Option<(String, PathBuf)>,
}

/// Binds the console's listener. Returns a warning instead if nobody chose the address and it is taken: a second server on a
/// machine then runs without a console.
///
/// # Errors
/// [`ServeError::ListenConsole`]
pub(super) fn bind(config: &ConsoleConfig) -> Result<(Option<ConsoleListener>, Option<String>), ServeError> {
    let Some(address) = config.listen else { return Ok((None, None)) };
    let listener = match listen::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && config.has_default_address() => {
            let warning = format!(
                "the console is off: another program listens on {address}; set [console] listen to another address or to \"off\""
            );
            return Ok((None, Some(warning)));
        }
        bound => bound.map_err(|source| ServeError::ListenConsole { address, source })?,
    };
    let unknown = |source| ServeError::ListenConsole { address, source };
    let addresses = listener.addresses().map_err(unknown)?;
    let url = config.url_at(listener.local_addr().map_err(unknown)?);
    let redirect = format!("{url}/api/v1/oidc/callback");
    let settings = ConsoleSettings {
        oidc: config.oidc.clone().map(|settings| Arc::new(Provider::new(settings, redirect))),
        url,
        base: config.base.clone(),
        insecure: config.insecure,
        apps_url: config.apps_url.clone(),
        assets: footbridge_console::assets::serve,
    };
    Ok((Some(ConsoleListener { listener, settings, addresses }), None))
}

/// Serves the console on a thread of its own, so that no screen delays an event. Must run on the main runtime.
///
/// # Errors
/// [`ServeError::Thread`]
pub(super) fn serve(
    server: Option<(Listener, Arc<ServerState>)>,
    config: &Config,
    courier: &Arc<CourierShared>,
    stopped: &watch::Receiver<bool>,
) -> Result<Option<Running>, ServeError> {
    let Some((listener, shared)) = server else { return Ok(None) };
    let proxies = Proxies::new(config.server.trusted_proxies.clone());
    let slots = ConnectionSlots::new(CONNECTIONS, proxies, Arc::clone(&shared.metrics));
    let (shard, handle) = Shard::new(ShardOptions { shared, courier: Arc::clone(courier) });
    let until = stopped.clone();
    let thread = threads::spawn("console", move || Box::pin(shard.run(until)))?;
    tokio::spawn(listener.accept(vec![handle], slots, stopped.clone()));
    Ok(Some(thread))
}

/// Makes the link for the first sign-in, unless there is a user or the console is off, and writes it to a file that only its owner can read.
///
/// # Errors
/// The journal or the file cannot be written.
pub(super) async fn entry(
    console: Option<&ConsoleListener>,
    engine: &Engine,
    database: &Path,
) -> Result<Option<ConsoleEntry>, ServeError> {
    let Some(ConsoleListener { settings, .. }) = console else { return Ok(None) };
    let url = settings.url.clone();
    let people = engine.people();
    let failed = |error: footbridge_engine::PeopleError| ServeError::FirstLink(error.to_string());
    let first_run = people.is_empty().await.map_err(|error| failed(error.into()))?;
    if !first_run {
        first_run::forget_setup_link(database)?;
        return Ok(Some(ConsoleEntry { url, setup: None }));
    }
    let link = settings.setup_url(&people.make_link(Actor::system(), None).await.map_err(failed)?.code);
    let file = first_run::write_setup_link(database, &link)?;
    Ok(Some(ConsoleEntry { url, setup: Some((link, file)) }))
}
