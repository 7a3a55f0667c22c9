//! Apps, links and hooks in memory: snapshots that readers never wait for, and the changes that replace them.

mod app_registry;
mod app_state;
mod apply;
mod apply_hooks;
mod apps;
mod audit;
mod checks;
mod directory;
mod entry;
mod error;
mod follow;
mod hooks;
mod host_classes;
mod index;
mod install;
mod links;
mod proof;
mod secrets;
mod shared_map;
mod spec;
mod store;
#[cfg(test)]
mod tests;
mod uses;
mod warnings;

pub use entry::AppEntry;
pub use error::ChangeError;
pub use index::HookEntry;
pub use proof::AppProof;
pub use spec::{
    AppChange, AppSpec, BadOverlap, FileSpec, HookChange, HookSpec, LinkSpec, MadeSecrets, Overlap,
    RotatedSecrets, Rotation, SecretKind, SecretSet,
};

pub(crate) use app_registry::{AppRegistry, RegistryOptions};
pub(crate) use apps::APP_DELETED;
pub(crate) use index::{Destination, host_of, joined};
pub(crate) use install::{InstallRefusal, Installed};
pub(crate) use secrets::FirstUse;
pub(crate) use store::VersionedStore;
pub(crate) use uses::UseCounter;
