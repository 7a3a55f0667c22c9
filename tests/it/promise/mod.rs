//! §4 Guarantees.

mod egress;
mod full_disk;
mod hangups;
mod identity;
mod isolation;
mod kill9;
mod no_descriptors;
mod secrets;
mod slow;
mod sync_first;
mod unread_answers;
