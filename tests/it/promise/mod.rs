//! §4 What is promised.

mod egress;
mod full_disk;
mod hangups;
mod identity;
mod isolation;
mod kill9;
mod secrets;
mod shortage;
mod slow;
mod sync_first;
mod unread;
