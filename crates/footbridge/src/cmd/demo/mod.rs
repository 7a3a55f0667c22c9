//! `footbridge demo`: a server and three sample apps in one process, and a short story about them.
//!
//! Everything goes over real sockets with the apps' real credentials; nothing calls the engine directly. A step that
//! does not come out as it is told ends the demo with that step's name. Behind the story, the apps' pages are there to visit.

mod account;
mod backends;
mod caller;
mod cast;
mod check;
mod curl;
mod desk;
mod error;
mod front;
mod pages;
mod receive;
mod say;
mod seen;
mod story;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    rc::Rc,
};

use tokio::{
    sync::mpsc,
    task::{LocalSet, spawn_local},
};

use self::{
    caller::Caller,
    cast::Cast,
    error::DemoError,
    front::{Front, Open},
    say::Voice,
    seen::Watcher,
    story::Stage,
};
use super::{args::DemoArgs, failure::Failure};
use crate::{
    config::{self, Config, LoadArgs, env::Env},
    entropy::SystemEntropy,
    shutdown::{self, Drain, DrainTrigger},
    telemetry,
    wire::{self, Built, ServeError},
};

/// Where a server listens unless told otherwise; the demo takes the same address when it is free.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4400);

/// How many requests the sample apps may have got without anyone having told of them.
const UNTOLD: usize = 256;

/// Runs the demo.
///
/// # Errors
/// When it cannot start or a step fails.
pub fn run(args: &DemoArgs, env: &Env, cores: usize) -> Result<ExitCode, Failure> {
    let other = |error: &dyn std::error::Error| Failure::other(format!("demo: {error}"));
    telemetry::init(&quiet(env)).map_err(|error| other(&error))?;
    // Made before the signals are caught and dropped behind everything else: it goes away whatever happens.
    let home =
        tempfile::Builder::new().prefix("footbridge-demo-").tempdir().map_err(|error| other(&error))?;
    let signals = shutdown::by_signals().map_err(|error| other(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| other(&error))?;
    let show = Show { once: args.once, voice: Voice::of_terminal(env), cores, env };
    let played = LocalSet::new().block_on(&runtime, show.play(home.path(), signals));
    drop(runtime);
    home.close().map_err(|error| other(&error))?;
    played.map(|()| ExitCode::SUCCESS).map_err(|error| other(&error))
}

/// The story is on standard output; the log keeps quiet unless something is wrong or it was asked for.
fn quiet(env: &Env) -> Env {
    let mut env = env.clone();
    if !env.contains_key("FOOTBRIDGE_LOG") && !env.contains_key("RUST_LOG") {
        env.insert("FOOTBRIDGE_LOG".to_owned(), "error".to_owned());
    }
    env
}

/// One performance.
struct Show<'a> {
    once: bool,
    voice: Voice,
    cores: usize,
    /// What the server's own processes may inherit of.
    env: &'a Env,
}

impl Show<'_> {
    async fn play(&self, home: &Path, signals: (DrainTrigger, Drain)) -> Result<(), DemoError> {
        let (trigger, mut drain) = signals;
        let (heard, seen) = mpsc::channel(UNTOLD);
        let front = Rc::new(Front::default());
        let cast = backends::start(Cast::new(&SystemEntropy), &heard, &front, !self.once).await?;
        let built = self.build(home, &cast).await?;
        let (address, url) = (built.address, built.public_url.clone());
        let admin = built.admin_token.clone();
        let mut server = spawn_local(wire::run(built, drain.clone()));
        let mut seen = Watcher::new(seen);
        let stage = Stage { cast: &cast, url: &url, address, admin: &admin };
        let outcome = tokio::select! {
            outcome = self.perform(stage, &mut seen, &front) => outcome,
            () = drain.started() => self.interrupted(),
            ended = &mut server => return Err(ended.map_or(DemoError::Server, DemoError::ended)),
        };
        trigger.start();
        let ended = server.await.map_err(|_| DemoError::Server)?;
        outcome?;
        ended.map_err(DemoError::Serve)
    }

    /// The usual address if it is free, else any.
    async fn build(&self, home: &Path, cast: &Cast) -> Result<Built, DemoError> {
        match wire::build(self.config(home, cast, USUAL)?, self.env).await {
            Err(ServeError::Listen { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
                let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Ok(wire::build(self.config(home, cast, any)?, self.env).await?)
            }
            built => Ok(built?),
        }
    }

    /// A configuration file as anyone would write it; the environment has no say in it.
    fn config(&self, home: &Path, cast: &Cast, listen: SocketAddr) -> Result<Config, DemoError> {
        let file = home.join("footbridge.toml");
        std::fs::write(&file, cast.configuration(listen, home))?;
        let from = LoadArgs { file: Some(file), cores: self.cores, ..LoadArgs::default() };
        config::load(&from).map_err(|error| DemoError::Config(error.to_string()))
    }

    async fn perform(&self, stage: Stage<'_>, seen: &mut Watcher, front: &Front) -> Result<(), DemoError> {
        let voice = &self.voice;
        let caller = Rc::new(Caller::new(stage.url, stage.admin.clone()));
        caller.ready().await?;
        story::tell(voice, &stage, &caller, seen).await?;
        if self.once {
            return Ok(());
        }
        front.open(Open { caller, server: stage.url.to_owned(), cast: stage.cast.clone() });
        curl::say(voice, &stage);
        loop {
            let got = seen.next().await?;
            front.show(&got);
            voice.heard(&got);
        }
    }

    /// Ctrl-C after the story is the way to end it; before, a caller who waits for the steps must learn of it.
    fn interrupted(&self) -> Result<(), DemoError> {
        if self.once {
            return Err(DemoError::Interrupted);
        }
        self.voice.ending();
        Ok(())
    }
}
