//! Secrets that the server shows only once: nobody can ask for them again when the output is lost.

use super::super::failure::Failure;
use crate::{stdout, table::plain};

/// Asks the server for secrets of an app and prints them. It is not asked if they cannot be printed. Returns no output.
///
/// # Errors
/// The server refuses the request, or the secrets cannot be printed.
pub(super) fn show(app: &str, ask: impl FnOnce() -> Result<String, Failure>) -> Result<String, Failure> {
    stdout::check().map_err(|error| {
        Failure::other(format!("the server was not asked for secrets, because they cannot be shown: {error}"))
    })?;
    let text = ask()?;
    stdout::write_all(text.as_bytes()).map(|()| String::new()).map_err(|error| {
        let app = plain(app);
        Failure::other(format!(
            "the secrets of {app} are lost, because they cannot be shown: {error}; make new ones with `footbridge app secret {app} --rotate`"
        ))
    })
}
