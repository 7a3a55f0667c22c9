//! The console's own listener: the administration API with the cookie of a session in place of the admin token, and the files
//! of the console. No other listener reads these cookies.

mod browser;
mod cookie;
mod guard;
mod settings;

pub(crate) use browser::browser;
pub(crate) use cookie::{clear, is_console_cookie, set, value};
pub(crate) use guard::{SignedIn, check_site, sign_in_state};
pub use settings::{Assets, ConsoleSettings};
