//! `/public/<app>/…`: the public files of an app, served from its directory. The app need not run.

mod conditions;
mod media_types;
mod open;
mod public_path;
mod serve;

pub(crate) use serve::serve;
