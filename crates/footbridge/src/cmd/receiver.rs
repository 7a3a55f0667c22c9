//! The commands `footbridge receiver test|send`, and `footbridge hook test`.

use std::fmt::Write as _;

use footbridge_api::{
    NewReceiverTest, NewTest, Probe, ReceiverProtocol, ReceiverTest, ReceiverTestState, TestHeader,
    TestResult,
};

use super::{
    failure::Failure,
    publish,
    remote::{Session, body},
};
use crate::{
    client::Call,
    table::{plain, plain_lines},
};

/// The most requests for further results: each waits for one, and the server ends a test within a minute.
const REQUESTS: u32 = 60;

/// The verbs of `footbridge receiver`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ReceiverCommand {
    /// Send fourteen requests to a receiver, and say which checks it lacks; exit code 1 if it lacks one
    Test(TestArgs),
    /// Send one test request to the receiver of an app, and show what happened
    Send {
        /// The name of the app
        app: String,
        #[command(flatten)]
        body: BodyArgs,
    },
}

/// Arguments of `footbridge receiver test`.
#[derive(Debug, Clone, clap::Args)]
pub struct TestArgs {
    /// The URL of the receiver
    url: String,
    /// The app whose secrets sign the requests
    #[arg(long, value_name = "NAME")]
    app: String,
    /// Send exchanges instead of events
    #[arg(long)]
    exchange: bool,
    /// The name of an event, or the type of an exchange, that the receiver knows
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    body: BodyArgs,
}

/// The body of a test.
#[derive(Debug, Clone, clap::Args)]
pub struct BodyArgs {
    /// The body: JSON, @FILE for the content of a file, or - for standard input
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    body: Option<String>,
}

impl BodyArgs {
    fn request(&self) -> Result<NewTest, Failure> {
        let body = self.body.as_deref().map(publish::read_raw).transpose()?;
        Ok(NewTest { body })
    }
}

/// Runs the command and returns its output.
///
/// # Errors
/// The server cannot be reached or refuses the request, or the receiver lacks a check.
pub fn run(command: &ReceiverCommand, session: &Session) -> Result<String, Failure> {
    match command {
        ReceiverCommand::Test(args) => test(args, session),
        ReceiverCommand::Send { app, body } => one(&["apps", app, "receiver", "test"], body, session),
    }
}

/// Sends one test request and returns what happened as text.
///
/// # Errors
/// The body is not JSON, the server cannot be reached, or it refuses the request.
pub fn one(path: &[&str], args: &BodyArgs, session: &Session) -> Result<String, Failure> {
    session.post(&Call { path, body: body(&args.request()?), ..Call::default() }, attempt)
}

fn attempt(result: &TestResult) -> String {
    let tried = &result.delivery;
    let headers = |headers: &[TestHeader]| {
        let line = |header: &TestHeader| format!("{}: {}\n", plain(&header.name), plain(&header.value));
        headers.iter().map(line).collect::<String>()
    };
    let request = &tried.request;
    let mut text = format!(
        "{} {}\n{}\n{}\n\n",
        request.method,
        plain(&request.url),
        headers(&request.headers),
        plain_lines(&request.body)
    );
    match (&tried.answer, &tried.error) {
        (Some(answer), _) => {
            let _ = writeln!(
                text,
                "{}\n{}\n{}\n",
                answer.status,
                headers(&answer.headers),
                plain_lines(&answer.body)
            );
        }
        (None, Some(error)) => text.push_str(&[&*plain(error), "\n\n"].concat()),
        (None, None) => {}
    }
    let ip = tried.address.ip.as_deref().unwrap_or("-");
    let _ = writeln!(text, "address     {ip} ({})", plain(&tried.address.verdict));
    let timing = &tried.timing;
    let parts = [
        ("name", timing.dns_ms),
        ("connect", timing.connect_ms),
        ("TLS", timing.tls_ms),
        ("first byte", timing.first_byte_ms),
        ("total", Some(timing.total_ms)),
    ];
    for (name, ms) in parts {
        if let Some(ms) = ms {
            let _ = writeln!(text, "{name:<10}  {ms} ms");
        }
    }
    text + &format!("\n{}\n", plain(&tried.verdict))
}

fn test(args: &TestArgs, session: &Session) -> Result<String, Failure> {
    let protocol = if args.exchange { ReceiverProtocol::Exchange } else { ReceiverProtocol::Event };
    let NewTest { body: sample } = args.body.request()?;
    let (url, app, name) = (args.url.clone(), args.app.clone(), args.name.clone());
    let new = NewReceiverTest { url, app, protocol, name, body: sample };
    let begun = session.send(&Call { path: &["receiver-tests"], body: body(&new), ..Call::default() })?;
    let mut test: ReceiverTest = session.client().parse(&begun)?;
    for _ in 0..REQUESTS {
        if test.state == ReceiverTestState::Done {
            break;
        }
        let (id, known) = (test.id.clone(), test.probes.len().to_string());
        let query = [("after", Some(known.as_str()))];
        test = session.fetch(&Call { path: &["receiver-tests", &id], query: &query, ..Call::default() })?;
    }
    let text = session.print(&test, |test| test.probes.iter().map(probe).collect());
    let failed = test.probes.iter().any(|probe| probe.ok == Some(false));
    // The results are the message.
    if failed { Err(Failure::Printed(text.trim_end().to_owned())) } else { Ok(text) }
}

fn probe(probe: &Probe) -> String {
    let mark = match probe.ok {
        Some(true) => "●",
        Some(false) => "✖",
        None => "▲",
    };
    let mut text = format!("{mark} {:>2} {:<18} {}\n", probe.n, plain(&probe.name), plain(&probe.got));
    if probe.ok != Some(true) {
        let _ = writeln!(text, "    sent      {}", plain(&probe.sent));
        let _ = writeln!(text, "    expected  {}", plain(&probe.expected));
        let _ = writeln!(text, "    → {}", plain(&probe.advice));
    }
    for line in probe.code.iter().flat_map(|code| code.lines()) {
        let _ = writeln!(text, "        {}", plain(line));
    }
    text
}
