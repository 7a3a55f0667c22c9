//! The environment variables of an app: an explicit list, and nothing else.

use crate::user::Account;
use footbridge_model::package::Program;
use footbridge_model::run::{RUN_SECRET_VARIABLE, StartOrder};
use std::ffi::OsString;

/// The app's name. Also identifies processes of apps when they are cleaned up.
pub(crate) const APP_VARIABLE: &str = "FOOTBRIDGE_APP";
/// The server's URL.
pub(crate) const ADDRESS_VARIABLE: &str = "BOLT_ADDRESS";
/// Set for every app that is not a system app of Bolt.
const CHILD_VARIABLE: &str = "BOLT_CHILD_PROC";

const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// The variables that every app gets from the server's environment, and the server's URL.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    shared: Vec<(String, String)>,
    address: String,
}

impl Environment {
    /// Selects the variables to pass on. `pass` names additional ones; values that are not UTF-8 are dropped.
    pub(crate) fn new(
        server: Vec<(OsString, OsString)>,
        pass: &[String],
        address: String,
        account: &Account,
    ) -> Self {
        let wanted = |name: &str| {
            INHERITED.contains(&name) || name.starts_with("LC_") || pass.iter().any(|other| other == name)
        };
        let mut shared: Vec<(String, String)> = server
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| wanted(name))
            .collect();
        if let Account::Separate(user) = account {
            // Another user cannot enter the server's home directory.
            for (_, home) in shared.iter_mut().filter(|(name, _)| name == "HOME") {
                home.clone_from(&user.home);
            }
        }
        Self { shared, address }
    }

    /// The complete environment of an app that is to listen on `port`.
    pub(crate) fn for_app(&self, order: &StartOrder, port: u16) -> Vec<(String, String)> {
        let mut own = vec![
            ("PORT", port.to_string()),
            (ADDRESS_VARIABLE, self.address.clone()),
            (APP_VARIABLE, order.app.as_str().to_owned()),
        ];
        if !order.package.system {
            own.push((CHILD_VARIABLE, "true".to_owned()));
        }
        // The Node host gets the secret over its channel and checks it for the app.
        if matches!(order.package.program, Program::Command(_)) {
            own.push((RUN_SECRET_VARIABLE, order.secret.expose().to_owned()));
        }
        let ours = |name: &str| {
            [CHILD_VARIABLE, RUN_SECRET_VARIABLE].contains(&name) || own.iter().any(|(own, _)| *own == name)
        };
        let mut all: Vec<(String, String)> =
            self.shared.iter().filter(|(name, _)| !ours(name)).cloned().collect();
        all.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        all
    }

    /// The URL under which apps reach the server.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The search path for programs.
    pub(crate) fn path(&self) -> &str {
        self.shared.iter().find(|(name, _)| name == "PATH").map_or("", |(_, path)| path)
    }
}
