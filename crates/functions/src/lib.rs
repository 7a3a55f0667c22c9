//! Functions of apps, called in processes that can be killed.
