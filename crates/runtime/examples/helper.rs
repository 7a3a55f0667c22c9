//! A minimal server for tests of the runtime. With `__app-init` it runs as a helper process, as the product does.
//!
//! `helper STATE ADDRESS USER|- NAME DIR PROGRAM…` starts one app, prints its process id or the error, and waits
//! for the end of its standard input.

use footbridge_model::name::AppName;
use footbridge_model::package::{Package, Program};
use footbridge_model::run::StartOrder;
use footbridge_model::secret::Secret;
use footbridge_model::time::{Clock, Millis};
use footbridge_runtime::{Runtime, RuntimeOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Millis {
        Millis(0)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|word| word == "__app-init") {
        return footbridge_runtime::init_main(arguments.skip(1));
    }
    let words: Vec<String> = arguments.filter_map(|word| word.into_string().ok()).collect();
    if serve(&words).is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve(words: &[String]) -> Option<()> {
    let [state, address, user, name, dir, program @ ..] = words else { return None };
    let opened = Runtime::open(RuntimeOptions {
        state: state.into(),
        program: env::current_exe().ok()?,
        user: (user != "-").then(|| user.clone()),
        start_timeout: Duration::from_secs(20),
        environment: env::vars_os().collect(),
        pass_env: Vec::new(),
        bolt_address: address.clone(),
        clock: Arc::new(NoClock),
    });
    let runtime = opened.ok()?.runtime;
    let order = StartOrder {
        app: AppName::parse(name).ok()?,
        package: Package {
            path: dir.clone(),
            version: String::new(),
            description: String::new(),
            display_name: String::new(),
            index: "/".to_owned(),
            system: false,
            program: Program::Command(program.to_vec()),
            idle_timeout: None,
            routers: BTreeMap::new(),
            functions: BTreeMap::new(),
            page_events: BTreeSet::new(),
            public: BTreeMap::new(),
        },
        token: Secret::new("token"),
        secret: Secret::new("secret"),
    };
    let waiting = tokio::runtime::Builder::new_current_thread().build().ok()?;
    match waiting.block_on(runtime.start(order)) {
        Ok(running) => println!("{}", running.pid),
        Err(failure) => println!("{failure}"),
    }
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).ok()?;
    Some(())
}
