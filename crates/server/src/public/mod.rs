//! `/public/<app>/…`: the files that an app lets everybody read, served from where they are. The app need not run.

mod conditions;
mod kinds;
mod open;
mod path;
mod serve;

pub(crate) use serve::serve;
