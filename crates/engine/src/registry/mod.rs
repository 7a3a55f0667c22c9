//! Apps, links and hooks as the engine holds them: snapshots that readers never wait for, and the
//! changes that replace them.

mod apply;
mod change;
mod directory;
mod doubts;
mod entry;
mod hooks;
mod index;
mod install;
mod proof;
mod seen;
mod shared_map;
mod spec;
mod state;
#[cfg(test)]
mod tests;
mod whole;

pub use entry::AppEntry;
pub use index::HookEntry;
pub use proof::AppProof;
pub use spec::{
    AppChange, AppSpec, FileSpec, HookChange, HookSpec, LinkSpec, MadeSecrets, Overlap, Rotation, SecretKind,
    SecretSet,
};
pub use state::ChangeError;

pub(crate) use index::{Destination, host_of, joined};
pub(crate) use install::{Installed, Refused};
pub(crate) use state::{Parts, Registry};
pub(crate) use whole::whole;
