//! The command `footbridge console`, which signs in to the console.

use std::process::{Command, Stdio};

use footbridge_api::{NewSignInLink, SignInLink};

use super::{
    failure::Failure,
    remote::{Session, body},
};
use crate::client::Call;

/// Arguments of `footbridge console`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConsoleArgs {
    /// Print the link instead of opening the browser
    #[arg(long)]
    pub print: bool,
    /// Sign in as this user instead of the administrator
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

/// Programs that open an address in the browser, of Linux desktops and of macOS.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// Asks the server for a link to sign in, and opens it.
///
/// # Errors
/// The server cannot be reached, or it refuses the request.
pub fn run(args: &ConsoleArgs, session: &Session) -> Result<String, Failure> {
    let request = body(&NewSignInLink { user: args.user.clone() });
    let call = Call { path: &["sign-in-links"], body: request, ..Call::default() };
    let answer = session.send(&call)?;
    if args.print || session.json() {
        return session.show(&answer, |link: &SignInLink| format!("{}\n", link.url));
    }
    let link: SignInLink = session.client().parse(&answer)?;
    if OPENERS.iter().any(|program| open(program, &link.url)) {
        return Ok("The console opens in the browser, signed in.\n".to_owned());
    }
    Ok(format!("No browser was found. Open this link within an hour; it works once:\n{}\n", link.url))
}

/// Starts a program with the address. Returns false if there is no such program, or it fails at once.
fn open(program: &str, url: &str) -> bool {
    let quiet = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}
