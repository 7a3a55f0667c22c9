//! Faults of the machine: what `docs/faults.md` lists and no chapter of the contract tests already.

mod backup;
mod crash_image;
mod descriptors;
mod freeze;
