//! The events that the server publishes itself, and the port that gives them a body.

use crate::registry::AppEntry;
use bytes::Bytes;
use footbridge_model::id::EventId;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::package::Router;
use footbridge_model::people::{Role, User};
use footbridge_model::run::Running;

/// The reason for the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// An operator or the API asked for it.
    Stop,
    /// The process ended without being asked.
    Crash,
    /// The app was idle.
    Idle,
    /// The app is uninstalled, or installed again.
    Uninstall,
}

impl StopReason {
    /// The value of `reason` in `app-stopped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Crash => "crash",
            Self::Idle => "idle",
            Self::Uninstall => "uninstall",
        }
    }
}

/// An event that the server publishes as `bolt`.
#[derive(Debug, Clone, Copy)]
pub enum SystemEvent<'a> {
    /// The server has started.
    SystemStarted,
    /// An app was installed.
    AppInstalled(&'a AppEntry),
    /// An installed app was installed again.
    AppUpdated(&'a AppEntry),
    /// A process of an app listens. The app gets this event before any other.
    AppStarting {
        /// The app that starts.
        app: &'a AppName,
        /// The port it listens on.
        port: u16,
        /// The URL at which apps reach this server.
        public_url: &'a str,
    },
    /// An app runs and receives events.
    AppStarted {
        /// The app that runs.
        app: &'a AppEntry,
        /// The address and process of the run.
        running: &'a Running,
    },
    /// A router of a running app is mounted.
    RouterLoaded {
        /// The app that answers.
        app: &'a AppEntry,
        /// The name of the router.
        name: &'a str,
        /// The path and order of the router.
        router: &'a Router,
    },
    /// An app is about to be stopped.
    AppStopping {
        /// The app that stops.
        app: &'a AppEntry,
        /// The address and process of the run.
        running: &'a Running,
    },
    /// A run of an app is over.
    AppStopped {
        /// The app that has stopped.
        app: &'a AppEntry,
        /// The address and process that it had.
        running: &'a Running,
        /// The reason for the end.
        reason: StopReason,
    },
    /// An app is about to be uninstalled.
    AppUninstalling(&'a AppEntry),
    /// An app was uninstalled.
    AppUninstalled(&'a AppEntry),
    /// The old name of [`Self::AppUninstalled`], for listeners that still use it.
    AppDeleted(&'a AppEntry),
    /// A chain of events that cause each other was stopped.
    LoopStopped(ChainStop<'a>),
    /// A user of the console was created.
    UserCreated(&'a User),
    /// A user was changed.
    UserUpdated(&'a User),
    /// A user was deleted.
    UserDeleted(&'a User),
    /// A user has signed in to the console.
    UserLoggedIn(&'a User),
    /// A user has signed out, or somebody has ended a session of the user.
    UserLoggedOut(&'a User),
    /// A role was created.
    RoleCreated(&'a Role),
    /// A role was changed.
    RoleUpdated(&'a Role),
    /// A role was deleted.
    RoleDeleted(&'a Role),
}

/// A publish that was refused because its chain of events is too long.
#[derive(Debug, Clone, Copy)]
pub struct ChainStop<'a> {
    /// The app that tried to publish.
    pub app: &'a AppName,
    /// The event that it tried to publish.
    pub event: &'a EventName,
    /// The event that caused the attempt.
    pub cause: EventId,
    /// The first event of the chain.
    pub root: EventId,
    /// The depth that the event would have had.
    pub depth: u32,
    /// The limit that was reached: `depth` or `deliveries`.
    pub reason: &'static str,
    /// The explanation for a reader.
    pub message: &'a str,
}

impl SystemEvent<'_> {
    /// The name under which the event is published.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SystemStarted => "system-started",
            Self::AppInstalled(_) => "app-installed",
            Self::AppUpdated(_) => "app-updated",
            Self::AppStarting { .. } => "app-starting",
            Self::AppStarted { .. } => "app-started",
            Self::RouterLoaded { .. } => "app-router-loaded",
            Self::AppStopping { .. } => "app-stopping",
            Self::AppStopped { .. } => "app-stopped",
            Self::AppUninstalling(_) => "app-uninstalling",
            Self::AppUninstalled(_) => "app-uninstalled",
            Self::AppDeleted(_) => "app-deleted",
            Self::LoopStopped(_) => "loop-stopped",
            Self::UserCreated(_) => "user-created",
            Self::UserUpdated(_) => "user-updated",
            Self::UserDeleted(_) => "user-deleted",
            Self::UserLoggedIn(_) => "user-logged-in",
            Self::UserLoggedOut(_) => "user-logged-out",
            Self::RoleCreated(_) => "role-created",
            Self::RoleUpdated(_) => "role-updated",
            Self::RoleDeleted(_) => "role-deleted",
        }
    }
}

impl<'a> SystemEvent<'a> {
    /// The app that the event is about, if it is about one.
    pub const fn app(&self) -> Option<&'a AppName> {
        match self {
            Self::SystemStarted
            | Self::UserCreated(_)
            | Self::UserUpdated(_)
            | Self::UserDeleted(_)
            | Self::UserLoggedIn(_)
            | Self::UserLoggedOut(_)
            | Self::RoleCreated(_)
            | Self::RoleUpdated(_)
            | Self::RoleDeleted(_) => None,
            Self::AppInstalled(app)
            | Self::AppUpdated(app)
            | Self::AppUninstalling(app)
            | Self::AppUninstalled(app)
            | Self::AppDeleted(app)
            | Self::AppStarted { app, .. }
            | Self::RouterLoaded { app, .. }
            | Self::AppStopping { app, .. }
            | Self::AppStopped { app, .. } => Some(&app.app.name),
            Self::AppStarting { app, .. } | Self::LoopStopped(ChainStop { app, .. }) => Some(app),
        }
    }
}

/// Writes the bodies of [`SystemEvent`]s. The edge that speaks the subscribers' dialect implements it.
pub trait SystemEventFormat: Send + Sync {
    /// Returns the body: one JSON object. Bodies of events about an app name it as `name` or `appName`.
    fn body(&self, event: &SystemEvent<'_>) -> Bytes;
}
