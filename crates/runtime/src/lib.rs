//! Installed apps as processes.
