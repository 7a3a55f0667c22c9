//! Faults of the machine: the rows of `docs/faults.md` that no other chapter tests.

mod backup;
mod crash_image;
mod descriptors;
mod freeze;
