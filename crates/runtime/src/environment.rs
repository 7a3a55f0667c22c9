//! The environment of an app: what is listed, and nothing else.

use crate::user::Account;
use footbridge_model::package::Program;
use footbridge_model::run::{RUN_SECRET_VARIABLE, StartOrder};
use std::ffi::OsString;

/// Names an app; also how processes of ours are told from others'.
pub(crate) const APP: &str = "FOOTBRIDGE_APP";
/// Names the server.
pub(crate) const ADDRESS: &str = "BOLT_ADDRESS";
/// Tells an app that it is no system app of Bolt's.
const CHILD: &str = "BOLT_CHILD_PROC";

const FROM_SERVER: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// What every app gets of the server's environment.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    shared: Vec<(String, String)>,
    address: String,
}

impl Environment {
    /// Picks from the server's environment; what is not UTF-8 is left out.
    pub(crate) fn new(
        server: Vec<(OsString, OsString)>,
        pass: &[String],
        address: String,
        account: &Account,
    ) -> Self {
        let wanted = |name: &str| {
            FROM_SERVER.contains(&name) || name.starts_with("LC_") || pass.iter().any(|other| other == name)
        };
        let mut shared: Vec<(String, String)> = server
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| wanted(name))
            .collect();
        if let Account::Other(other) = account {
            // The server's home is closed to another user.
            for (_, home) in shared.iter_mut().filter(|(name, _)| name == "HOME") {
                home.clone_from(&other.home);
            }
        }
        Self { shared, address }
    }

    /// Everything an app finds in its environment.
    pub(crate) fn of(&self, order: &StartOrder, port: u16) -> Vec<(String, String)> {
        let mut own = vec![
            ("PORT", port.to_string()),
            (ADDRESS, self.address.clone()),
            (APP, order.app.as_str().to_owned()),
        ];
        if !order.package.system {
            own.push((CHILD, "true".to_owned()));
        }
        // The host of a Node app is told over its channel, and demands it there.
        if matches!(order.package.program, Program::Command(_)) {
            own.push((RUN_SECRET_VARIABLE, order.secret.expose().to_owned()));
        }
        let ours = |name: &str| {
            [CHILD, RUN_SECRET_VARIABLE].contains(&name) || own.iter().any(|(own, _)| *own == name)
        };
        let mut all: Vec<(String, String)> =
            self.shared.iter().filter(|(name, _)| !ours(name)).cloned().collect();
        all.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        all
    }

    /// What apps call the server.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Where programs are looked for.
    pub(crate) fn path(&self) -> &str {
        self.shared.iter().find(|(name, _)| name == "PATH").map_or("", |(_, path)| path)
    }
}
