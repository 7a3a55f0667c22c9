//! The API description of surfaces that are not part of the administration API.

mod completion;
mod description;
mod envelope;
mod installed_apps;

pub(crate) use description::complete;
