//! `footbridge demo`: a server and three sample apps in one process, which show four steps.
//!
//! All requests use real sockets and the credentials of the apps; nothing calls the engine directly. A step with an
//! unexpected result ends the demo with an error that names the step. After the steps, the pages of the apps are open.

mod account;
mod api_client;
mod apps;
mod backends;
mod check;
mod error;
mod examples;
mod handlers;
mod page_state;
mod pages;
mod printer;
mod received;
mod receiver;
mod steps;

use std::{
    io::{self, IsTerminal as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::ExitCode,
    rc::Rc,
};

use tokio::{
    sync::mpsc,
    task::{LocalSet, spawn_local},
};

use self::{
    api_client::ApiClient,
    apps::SampleApps,
    error::DemoError,
    page_state::{OpenPages, PageState},
    printer::Printer,
    received::ReceivedRequests,
    steps::RunningDemo,
};
use super::{args::DemoArgs, browser, failure::Failure};
use crate::{
    config::{self, Config, LoadArgs, env::Env},
    entropy::SystemEntropy,
    shutdown::{self, Drain, DrainTrigger},
    telemetry,
    wire::{self, Built, ServeError},
};

/// The default address of a server. The demo uses it if it is free.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4400);
/// The default address of a console. The demo uses it if it is free.
const USUAL_CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4401);
/// An address whose port the system chooses.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Most requests of the sample apps that wait to be printed.
const QUEUED: usize = 256;

/// Runs the demo.
///
/// # Errors
/// The demo cannot start, or a step fails.
pub fn run(args: &DemoArgs, env: &Env, cores: usize) -> Result<ExitCode, Failure> {
    let other = |error: &dyn std::error::Error| Failure::other(format!("demo: {error}"));
    telemetry::init(&quiet(env)).map_err(|error| other(&error))?;
    // Made before the signal handlers and dropped last, so that the directory is removed in any case.
    let home =
        tempfile::Builder::new().prefix("footbridge-demo-").tempdir().map_err(|error| other(&error))?;
    let signals = shutdown::by_signals().map_err(|error| other(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| other(&error))?;
    let open = args.open && io::stdout().is_terminal();
    let demo = Demo { once: args.once, open, printer: Printer::of_terminal(env), cores, env };
    let ended = LocalSet::new().block_on(&runtime, demo.run(home.path(), signals));
    drop(runtime);
    home.close().map_err(|error| other(&error))?;
    ended.map(|()| ExitCode::SUCCESS).map_err(|error| other(&error))
}

/// Limits the log to errors, unless the environment sets a filter: the steps are printed on standard output.
fn quiet(env: &Env) -> Env {
    let mut env = env.clone();
    if !env.contains_key("FOOTBRIDGE_LOG") && !env.contains_key("RUST_LOG") {
        env.insert("FOOTBRIDGE_LOG".to_owned(), "error".to_owned());
    }
    env
}

/// One run of the demo.
struct Demo<'a> {
    once: bool,
    /// True to open the console in the browser.
    open: bool,
    printer: Printer,
    cores: usize,
    /// The environment of which started apps may inherit parts.
    env: &'a Env,
}

impl Demo<'_> {
    async fn run(&self, home: &Path, signals: (DrainTrigger, Drain)) -> Result<(), DemoError> {
        let (trigger, mut drain) = signals;
        let (sender, receiver) = mpsc::channel(QUEUED);
        let page_state = Rc::new(PageState::default());
        let apps = backends::start(SampleApps::new(&SystemEntropy), &sender, &page_state, !self.once).await?;
        let built = self.build(home, &apps).await?;
        let (address, url) = (built.address, built.public_url.clone());
        let admin = built.admin_token.clone();
        let setup = built.console.as_ref().and_then(|console| console.setup.clone());
        let sign_in = setup.map(|(link, _)| link);
        let mut server = spawn_local(wire::run(built, drain.clone()));
        let mut received = ReceivedRequests::new(receiver);
        let demo =
            RunningDemo { apps: &apps, url: &url, address, admin: &admin, sign_in: sign_in.as_deref() };
        let outcome = tokio::select! {
            outcome = self.run_steps(demo, &mut received, &page_state) => outcome,
            () = drain.started() => self.interrupted(),
            ended = &mut server => return Err(ended.map_or(DemoError::Server, DemoError::ended)),
        };
        trigger.start();
        let ended = server.await.map_err(|_| DemoError::Server)?;
        outcome?;
        ended.map(drop).map_err(DemoError::Serve)
    }

    /// Builds a server on the default address if it is free, else on any.
    async fn build(&self, home: &Path, apps: &SampleApps) -> Result<Built, DemoError> {
        match wire::build(self.config(home, apps, USUAL)?, self.env).await {
            Err(ServeError::Listen { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
                Ok(wire::build(self.config(home, apps, ANY)?, self.env).await?)
            }
            built => Ok(built?),
        }
    }

    /// Writes a configuration file and loads it. The environment does not change it.
    fn config(&self, home: &Path, apps: &SampleApps, listen: SocketAddr) -> Result<Config, DemoError> {
        let file = home.join("footbridge.toml");
        let console = if TcpListener::bind(USUAL_CONSOLE).is_ok() { USUAL_CONSOLE } else { ANY };
        let console = (!self.once).then_some(console);
        std::fs::write(&file, apps.configuration(listen, console, home))?;
        let from = LoadArgs { file: Some(file), cores: self.cores, ..LoadArgs::default() };
        config::load(&from).map_err(|error| DemoError::Config(error.to_string()))
    }

    async fn run_steps(
        &self,
        demo: RunningDemo<'_>,
        received: &mut ReceivedRequests,
        page_state: &PageState,
    ) -> Result<(), DemoError> {
        let printer = &self.printer;
        let client = Rc::new(ApiClient::new(demo.url, demo.admin.clone()));
        client.ready().await?;
        steps::run(printer, &demo, &client, received).await?;
        if self.once {
            return Ok(());
        }
        page_state.open(OpenPages { client, server: demo.url.to_owned(), apps: demo.apps.clone() });
        examples::print(printer, &demo);
        if let Some(link) = demo.sign_in.filter(|_| self.open) {
            let link = link.to_owned();
            // A program that opens a browser may last as long as it. The demo waits for neither.
            drop(std::thread::spawn(move || browser::open(&link)));
        }
        loop {
            let request = received.next().await?;
            page_state.show(&request);
            printer.received(&request);
        }
    }

    /// Handles Ctrl-C: it is the usual end, unless `--once` waits for the end of the steps.
    fn interrupted(&self) -> Result<(), DemoError> {
        if self.once {
            return Err(DemoError::Interrupted);
        }
        self.printer.ending();
        Ok(())
    }
}
