//! Starting: once, however many wait for it.

use super::bodies::{ContextObject, RouterLoaded, Starting};
use super::error::AppsError;
use super::state::{Apps, life};
use super::view::LiveApp;
use crate::drain::Draining;
use crate::life::{Phase, Run};
use crate::registry::AppEntry;
use footbridge_model::name::AppName;
use footbridge_model::package::Package;
use footbridge_model::run::{StartFailure, StartOrder};
use footbridge_model::secret::Secret;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What run tokens begin with, so that scanners can tell a leaked one.
const TOKEN_MARK: &str = "fbr_";
/// What run secrets begin with.
const SECRET_MARK: &str = "fbs_";
/// How soon a start that failed for another reason than the app's own is tried again.
const SOON: Duration = Duration::from_secs(1);

impl Apps {
    /// Starts an app unless it runs, and gives its run. The start is made whole even when whoever asked
    /// for it goes away.
    pub(crate) async fn start(self: &Arc<Self>, name: &str) -> Result<LiveApp, AppsError> {
        let entry = self.installed(name)?;
        if let Some(run) = life(&entry).needed().filter(|_| entry.app.enabled) {
            return Ok(LiveApp { running: run.running, entry });
        }
        let (apps, name) = (Arc::clone(self), entry.app.name.clone());
        let started = tokio::spawn(async move { apps.start_whole(&name).await });
        started.await.unwrap_or(Err(AppsError::Draining(Draining)))
    }

    /// Whether there is anything to start.
    pub(crate) fn runnable(&self, name: &str) -> Result<(), AppsError> {
        let entry = self.installed(name)?;
        let runs = entry.app.package.as_deref().is_some_and(Package::can_run);
        if runs { Ok(()) } else { Err(AppsError::NothingToRun(entry.app.name.clone())) }
    }

    async fn start_whole(&self, name: &AppName) -> Result<LiveApp, AppsError> {
        let (entry, _turn) = self.turn(name).await?;
        if !entry.app.enabled {
            let failure = StartFailure { why: "it is switched off".to_owned(), again_in: SOON };
            return Err(AppsError::Start { app: name.clone(), failure });
        }
        match life(&entry).phase() {
            Phase::Up(run) => return Ok(LiveApp { running: run.running, entry }),
            Phase::Failed { why, until } if Instant::now() < until => {
                let failure = StartFailure { why, again_in: until.saturating_duration_since(Instant::now()) };
                return Err(AppsError::Start { app: name.clone(), failure });
            }
            _ => {}
        }
        let _under_way = self.publisher.drain.enter()?;
        match self.launch(&entry).await {
            Ok(run) => self.greet(&entry, run).await,
            Err(failure) => {
                let until = Instant::now() + failure.again_in.max(SOON);
                life(&entry).set(Phase::Failed { why: failure.why.clone(), until });
                self.registry.stir(name);
                tracing::warn!(app = %name, why = failure.why, "an app did not start");
                Err(AppsError::Start { app: name.clone(), failure })
            }
        }
    }

    async fn launch(&self, entry: &AppEntry) -> Result<Arc<Run>, StartFailure> {
        let package = entry.app.package.as_deref().filter(|package| package.can_run());
        let Some(package) = package else {
            let why = AppsError::NothingToRun(entry.app.name.clone()).to_string();
            return Err(StartFailure { why, again_in: Duration::from_mins(5) });
        };
        life(entry).set(Phase::Launching);
        let token = Secret::make(TOKEN_MARK, &*self.entropy);
        let secret = Secret::make(SECRET_MARK, &*self.entropy);
        let order = StartOrder {
            app: entry.app.name.clone(),
            package: package.clone(),
            token: token.clone(),
            secret: secret.clone(),
        };
        let running = self.launcher.start(order).await?;
        Ok(Arc::new(Run::new(token, secret, running)))
    }

    /// From here on it counts as running: it is told, it may answer, then the events follow.
    async fn greet(&self, entry: &AppEntry, run: Arc<Run>) -> Result<LiveApp, AppsError> {
        let name = &entry.app.name;
        let ended = || {
            let why = "it ended right after its start; see its output".to_owned();
            Err(AppsError::Start { app: name.clone(), failure: StartFailure { why, again_in: SOON } })
        };
        if !life(entry).begin(&run) {
            return ended();
        }
        self.registry.refresh(name).await;
        let (protocol, host, port) = parts_of(&self.public_url);
        let starting = Starting {
            app_name: name.as_str(),
            app_port: run.running.address.port(),
            protocol: &protocol,
            host: &host,
            port,
        };
        self.tell_itself("app-starting", &starting, name).await;
        if !life(entry).advance(run.running.run, Phase::Up(Arc::clone(&run))) {
            return ended();
        }
        self.registry.refresh(name).await;
        let entry = self.installed(name.as_str())?;
        if let Some(context) = ContextObject::of(&entry, &run.running) {
            self.tell("app-started", &context, None).await;
        }
        self.tell_routers(&entry).await;
        Ok(LiveApp { running: run.running, entry })
    }

    async fn tell_routers(&self, entry: &AppEntry) {
        let Some(package) = entry.app.package.as_deref() else { return };
        for (name, router) in &package.routers {
            let loaded = RouterLoaded {
                name,
                app: entry.app.name.as_str(),
                path: &package.path,
                main: &router.main,
                root: &router.root,
                order: router.order,
            };
            self.tell("app-router-loaded", &loaded, None).await;
        }
    }
}

/// Protocol, host and port of our own address.
fn parts_of(public_url: &str) -> (String, String, String) {
    let (protocol, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
    let authority = rest.split('/').next().unwrap_or(rest);
    let split = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let usual = if protocol == "https" { "443" } else { "80" };
    let (host, port) = split.unwrap_or((authority, usual));
    (protocol.to_owned(), host.to_owned(), port.to_owned())
}

#[cfg(test)]
mod tests {
    use super::parts_of;

    #[test]
    fn our_address_in_parts() {
        for (url, protocol, host, port) in [
            ("http://127.0.0.1:4400", "http", "127.0.0.1", "4400"),
            ("https://a.example", "https", "a.example", "443"),
            ("http://a.example/base", "http", "a.example", "80"),
            ("http://[::1]:4400", "http", "[::1]", "4400"),
        ] {
            assert_eq!(parts_of(url), (protocol.into(), host.into(), port.into()), "{url}");
        }
    }
}
