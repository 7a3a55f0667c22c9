//! Users who visit pages of system apps: the origin at which such apps learn who visits them, the cookie there, and the checks
//! of a request before it counts as the user's.
//!
//! No other listener and no other host name reads this cookie, and this origin never reads the console's.

mod cookie;
mod request;
mod site;

pub(crate) use cookie::{clear_login, clear_visit, read_login, set_login, set_visit};
pub(crate) use request::{is_from_own_page, visitor};
pub use site::VisitorSite;
pub(crate) use site::{DONE, LOGIN, LOGOUT, finish_url};
