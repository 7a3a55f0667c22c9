//! The command line and the commands that it runs.

use std::{io, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};

use footbridge_model::time::Clock as _;

use crate::{
    clock::SystemClock,
    cmd::{
        api, app, args::DemoArgs, args::ServeArgs, audit, config, console, context, delivery, demo, doctor,
        event, exchange, exit, explain, failure::Failure, healthcheck, hook, job, lane, link, publish,
        receiver, remote::RemoteArgs, remote::Session, serve, shell, signature, stats,
    },
    config::env::Env,
    stdout,
    terminal::Terminal,
};

/// Event gateway: carries an event to an app that answers it, to every subscribed hook, and into web pages.
#[derive(Debug, Parser)]
#[command(name = "footbridge", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until a signal ends it
    Serve(ServeArgs),
    /// Run a server with three sample apps on a temporary database and show what happens
    Demo(DemoArgs),
    /// Check or print a configuration file
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Manage apps: those that run elsewhere, and installed apps, which the server starts
    App(Remote<app::AppCommand>),
    /// Manage links: which hosts and miniapps may exchange events
    Link(Remote<link::LinkCommand>),
    /// Manage hooks: which app gets which events
    Hook(Remote<hook::HookCommand>),
    /// Show the lanes of hooks and why they wait; pause, resume and skip
    Lane(Remote<lane::LaneCommand>),
    /// Show published events, or publish one
    Event(Remote<event::EventCommand>),
    /// Publish an event as an app: short for `event publish`
    Publish {
        #[command(flatten)]
        args: publish::PublishArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Show deliveries of events to hooks, and retry or replay them
    Delivery(Remote<delivery::DeliveryCommand>),
    /// Show and stop jobs, which retry, replay or cancel many deliveries in the background
    Job(Remote<job::JobCommand>),
    /// Show exchanges: events that one app sent to another for an answer
    Exchange(Remote<exchange::ExchangeCommand>),
    /// Show who changed what: the audit log, newest first
    Audit {
        #[command(flatten)]
        args: audit::AuditArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Try a receiver with test requests
    Receiver(Remote<receiver::ReceiverCommand>),
    /// Explain which hooks would get an event, and why the others would not
    Explain {
        #[command(flatten)]
        args: explain::ExplainArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Check a running server and its surroundings; exit code 0 if all is well, 1 for warnings, 2 for errors
    Doctor(RemoteArgs),
    /// Open the console in the browser, signed in
    Console {
        #[command(flatten)]
        args: console::ConsoleArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Say whether the server is ready, by the exit code too: for containers
    Healthcheck(RemoteArgs),
    /// Show traffic, latency and queues of now, app by app
    Stats {
        #[command(flatten)]
        args: stats::StatsArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Show the statistics again and again, until Ctrl-C
    Top {
        #[command(flatten)]
        args: stats::StatsArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Sign a request as the server does, offline
    Sign(signature::SignArgs),
    /// Check the signature of a request, offline, and say which part differs
    Verify(signature::VerifyArgs),
    /// Send any request to the server, with its credential, and print the answer
    Api {
        #[command(flatten)]
        args: api::ApiArgs,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Keep servers and their tokens under names
    #[command(subcommand)]
    Context(context::ContextCommand),
    /// Print the completion script for a shell
    Completion(shell::CompletionArgs),
    /// Print the manual page, or write the pages of all commands into a directory
    Man(shell::ManArgs),
}

#[derive(Debug, clap::Args)]
struct Remote<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Runs the command of the command line and prints its output.
pub fn run(cli: &Cli, env: &Env, cores: usize) -> ExitCode {
    let done = match &cli.command {
        Command::Serve(args) => serve::run(args, env, cores),
        Command::Demo(args) => demo::run(args, env, cores),
        Command::Config(command) => config::run(command, env, cores).and_then(|(text, warnings)| {
            for warning in warnings {
                print(&mut io::stderr(), format!("warning: {warning}\n"));
            }
            stdout::write(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }),
        command => output(command, env).and_then(|Output { bytes, code }| {
            stdout::write(&bytes)?;
            Ok(code)
        }),
    };
    done.unwrap_or_else(|failure| {
        match &failure {
            Failure::Nothing(text) => print(&mut io::stdout(), text),
            _ => print(&mut io::stderr(), format!("{failure}\n")),
        }
        ExitCode::from(exit::of(&failure))
    })
}

/// Prints the help, or why the command line is wrong. Returns false if that cannot be written.
pub fn print_usage(error: &clap::Error) -> bool {
    let Err(failed) = error.print() else { return true };
    if failed.kind() == io::ErrorKind::BrokenPipe {
        return true;
    }
    print(&mut io::stderr(), format!("{}\n", Failure::from(failed)));
    false
}

/// The output of a command, and its exit code.
struct Output {
    bytes: Vec<u8>,
    code: ExitCode,
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        (text, ExitCode::SUCCESS).into()
    }
}

impl From<(String, ExitCode)> for Output {
    fn from((text, code): (String, ExitCode)) -> Self {
        Self { bytes: text.into_bytes(), code }
    }
}

/// Runs a command that says by its exit code what it found.
fn output(command: &Command, env: &Env) -> Result<Output, Failure> {
    let open = |remote: &RemoteArgs| Session::open(remote, env);
    match command {
        Command::Doctor(remote) => doctor::run(&open(remote)?).map(Output::from),
        Command::Healthcheck(remote) => healthcheck::run(&open(remote)?).map(Output::from),
        Command::Verify(args) => signature::verify(args, env, SystemClock.now()).map(Output::from),
        Command::Api { args, remote } => api::run(args, &open(remote)?, env)
            .map(|(body, code)| Output { bytes: body.to_vec(), code: ExitCode::from(code) }),
        command => text(command, env).map(Output::from),
    }
}

/// Returns the output of a command that talks to a server or needs none.
fn text(command: &Command, env: &Env) -> Result<String, Failure> {
    let open = |remote: &RemoteArgs| Session::open(remote, env);
    let terminal = || Terminal::of_process(env);
    match command {
        Command::App(Remote { command, remote }) => {
            app::run(command, &open(remote)?, &mut Terminal::of_process(env))
        }
        Command::Link(Remote { command, remote }) => link::run(command, &open(remote)?),
        Command::Hook(Remote { command, remote }) => hook::run(command, &open(remote)?),
        Command::Lane(Remote { command, remote }) => lane::run(command, &open(remote)?),
        Command::Event(Remote { command, remote }) => {
            event::run(command, &open(remote)?, env, &mut terminal())
        }
        Command::Publish { args, remote } => publish::run(args, &open(remote)?, env),
        Command::Delivery(Remote { command, remote }) => {
            delivery::run(command, &open(remote)?, &mut Terminal::of_process(env))
        }
        Command::Job(Remote { command, remote }) => job::run(command, &open(remote)?),
        Command::Exchange(Remote { command, remote }) => exchange::run(command, &open(remote)?),
        Command::Audit { args, remote } => audit::run(args, &open(remote)?),
        Command::Receiver(Remote { command, remote }) => receiver::run(command, &open(remote)?),
        Command::Explain { args, remote } => explain::run(args, &open(remote)?),
        Command::Console { args, remote } => console::run(args, &open(remote)?),
        Command::Stats { args, remote } => stats::stats(args, &open(remote)?),
        Command::Top { args, remote } => stats::top(args, &open(remote)?, &mut terminal()),
        Command::Sign(args) => signature::sign(args, env, SystemClock.now()),
        Command::Context(command) => context::run(command, env),
        Command::Completion(args) => Ok(shell::completion(args, Cli::command())),
        Command::Man(args) => shell::man(args, Cli::command()),
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Config(_)
        | Command::Doctor(_)
        | Command::Healthcheck(_)
        | Command::Verify(_)
        | Command::Api { .. } => Ok(String::new()),
    }
}

/// Writes a message. If nobody reads it, nothing else can be done.
fn print(to: &mut dyn io::Write, text: impl AsRef<[u8]>) {
    let _ = to.write_all(text.as_ref()).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_valid() {
        Cli::command().debug_assert();
    }

    /// Command lines that are complete.
    const COMPLETE: &[&str] = &[
        "footbridge app list --json --server http://h:1",
        "footbridge app --json --server http://h:1 list",
        "footbridge delivery list --app a --status dead --event evt_1 --limit 5",
        "footbridge app add shop --url http://h --receiver-url http://h/r",
        "footbridge app secret shop",
        "footbridge app secret shop --rotate --now",
        "footbridge app credentials shop --json",
        "footbridge app rotate shop secret_key --overlap 1h",
        "footbridge app end-overlap shop signing-secret",
        "footbridge app end-overlap shop",
        "footbridge app extend-overlap shop token --overlap 7d",
        "footbridge app install ../shop --replace",
        "footbridge receiver test http://h/hook --app shop --exchange --json",
        "footbridge receiver test http://h/hook --app shop --name paid --body -1",
        "footbridge hook test hook_1 --body {}",
        "footbridge app start shop --json",
        "footbridge app logs shop --follow --tail 5",
        "footbridge app logs -f -n 0 shop --server http://h:1",
        "footbridge app uninstall shop --yes",
        "footbridge app remove shop --yes",
        "footbridge app delete shop",
        "footbridge delivery retry dlv_1",
        "footbridge delivery retry --status cancelled --app a --since 2h --dry-run",
        "footbridge delivery replay --event evt_1 --yes --json",
        "footbridge event publish paid --body {} --to a --token t",
        "footbridge publish paid --body -1",
        "footbridge event publish paid --as shop --test",
        "footbridge exchange send portal shop basket_opened --payload {} --test",
        "footbridge hook add a * --route /x",
        "footbridge hook set hook_1 --route /y --type server",
        "footbridge explain camera photo-saved --gets --app a --limit 5",
        "footbridge link add host mini --admin-token t",
        "footbridge link show host mini --json",
        "footbridge link disable host mini",
        "footbridge hook add a * /x --type web",
        "footbridge explain camera photo-saved --to a --to b --json",
        "footbridge serve --config f --listen 127.0.0.1:1 --database sqlite:x",
        "footbridge demo --once",
        "footbridge config check f",
        "footbridge console",
        "footbridge console --print --user ana --server http://h:1",
        "footbridge config print",
        "footbridge doctor --json",
        "footbridge api get apps --json",
        "footbridge api post /api/v1/apps --data {} --app-token t",
        "footbridge context add prod --server http://h:1 --admin-token env:T",
        "footbridge context use prod",
        "footbridge event tail app:shop status:dead --kinds event,delivery -n 5",
        "footbridge healthcheck --server http://h:1",
        "footbridge sign body.json --secret whsec_x --id evt_1 --time 1",
        "footbridge sign --protocol exchange --app shop --secret key",
        "footbridge stats --json --context prod",
        "footbridge top -n 5",
        "footbridge verify - --secret env:S -H webhook-id:evt_1 --at 5",
        "footbridge job list",
        "footbridge job show job_1 --json",
        "footbridge job stop job_1",
        "footbridge delivery retry --app a --pace 10 --stop-after 5 --detach --reason x -y",
        "footbridge delivery replay --to hook_1 -q app:camera --dry-run",
        "footbridge audit",
        "footbridge audit shop --who token --action app.* --since 2h --json",
        "footbridge completion bash",
        "footbridge man",
        "footbridge man --dir /tmp",
    ];

    #[test]
    fn options_may_be_before_or_after_the_verb() {
        for line in COMPLETE {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "footbridge app install",
            "footbridge app logs shop --tail -1",
            "footbridge app rotate shop password",
            "footbridge delivery list --status lost",
            "footbridge delivery retry dlv_1 --app a",
            "footbridge hook add a *",
            "footbridge hook set hook_1",
            "footbridge serve --json",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
