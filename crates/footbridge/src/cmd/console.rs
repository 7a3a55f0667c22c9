//! The command `footbridge console`, which signs in to the console.

use footbridge_api::{NewSignInLink, SignInLink};

use super::{
    browser,
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
    if browser::open(&link.url) {
        return Ok("The console opens in the browser, signed in.\n".to_owned());
    }
    Ok(format!("No browser was found. Open this link within an hour; it works once:\n{}\n", link.url))
}
