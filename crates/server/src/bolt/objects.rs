//! Bolt's objects for apps and for their runs, in answers and in the bodies of events.

use footbridge_engine::AppEntry;
use footbridge_model::name::AppName;
use footbridge_model::package::{Package, Program, Router};
use footbridge_model::people::{Role, RoleName, User};
use footbridge_model::permission::Permission;
use footbridge_model::run::Running;
use serde::Serialize;
use std::collections::BTreeMap;

/// Bolt's app object. Holds no secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppObject<'a> {
    name: &'a str,
    display_name: &'a str,
    #[serde(flatten)]
    package: PackageObject<'a>,
}

/// The members of Bolt's app object that come from the package.
#[derive(Debug, Serialize)]
pub(super) struct PackageObject<'a> {
    description: &'a str,
    version: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    main: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a [String]>,
    index: &'a str,
    system: bool,
    module: bool,
    routers: Vec<RouterObject<'a>>,
    /// File by function name.
    functions: &'a BTreeMap<String, String>,
}

/// A router of an app.
#[derive(Debug, Serialize)]
struct RouterObject<'a> {
    name: &'a str,
    main: &'a str,
    root: &'a str,
    order: i64,
}

impl<'a> AppObject<'a> {
    /// The object of an installed app; `None` for other apps.
    pub(super) fn of(entry: &'a AppEntry) -> Option<Self> {
        let package = entry.app.package.as_deref()?;
        let (name, display_name) = (entry.app.name.as_str(), package.display_name.as_str());
        Some(Self { name, display_name, package: PackageObject::of(package) })
    }
}

impl<'a> PackageObject<'a> {
    /// The members of a package.
    pub(super) fn of(package: &'a Package) -> Self {
        let (main, command) = main_or_command(&package.program);
        Self {
            description: &package.description,
            version: &package.version,
            path: &package.path,
            main,
            command,
            index: &package.index,
            system: package.system,
            module: package.is_module(),
            routers: package.routers.iter().map(|(name, router)| RouterObject::of(name, router)).collect(),
            functions: &package.functions,
        }
    }
}

impl<'a> RouterObject<'a> {
    fn of(name: &'a str, router: &'a Router) -> Self {
        Self { name, main: &router.main, root: &router.root, order: router.order }
    }
}

/// The file that a Node app starts with, or the command of another app; neither for a module.
fn main_or_command(program: &Program) -> (Option<&str>, Option<&[String]>) {
    match program {
        Program::Node(main) => (Some(main), None),
        Program::Command(command) => (None, Some(command)),
        Program::Nothing => (None, None),
    }
}

/// Bolt's context object: an app and the address of its run.
#[derive(Debug, Serialize)]
pub(super) struct ContextObject<'a> {
    name: &'a str,
    path: &'a str,
    app: AppObject<'a>,
    protocol: &'static str,
    host: String,
    port: u16,
    pid: u32,
}

impl<'a> ContextObject<'a> {
    /// The object of a run of an installed app; `None` for other apps.
    pub(super) fn of(entry: &'a AppEntry, running: &Running) -> Option<Self> {
        let app = AppObject::of(entry)?;
        Some(Self {
            name: app.name,
            path: app.package.path,
            app,
            protocol: "http",
            host: running.address.ip().to_string(),
            port: running.address.port(),
            pid: running.pid,
        })
    }
}

/// A user, as the events about users have it. Holds no password, not even its hash.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserObject<'a> {
    id: String,
    name: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    enabled: bool,
}

impl<'a> UserObject<'a> {
    pub(super) fn of(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.as_str(),
            display_name: &user.display_name,
            email: user.email.as_deref(),
            role: user.role.as_ref().map(RoleName::as_str),
            enabled: user.enabled,
        }
    }
}

/// A user, as `request.user` of a system app has it: with `_id` also, which Bolt's apps read.
#[derive(Debug, Serialize)]
pub(crate) struct VisitorObject<'a> {
    _id: String,
    #[serde(flatten)]
    user: UserObject<'a>,
}

impl<'a> VisitorObject<'a> {
    /// The object of a user.
    pub(crate) fn of(user: &'a User) -> Self {
        Self { _id: user.id.to_string(), user: UserObject::of(user) }
    }
}

/// A role, as the events about roles have it.
#[derive(Debug, Serialize)]
pub(super) struct RoleObject<'a> {
    name: &'a str,
    permissions: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apps: Option<Vec<&'a str>>,
}

impl<'a> RoleObject<'a> {
    pub(super) fn of(role: &'a Role) -> Self {
        Self {
            name: role.name.as_str(),
            permissions: role.permissions.iter().map(Permission::as_str).collect(),
            apps: role.apps.as_ref().map(|apps| apps.iter().map(AppName::as_str).collect()),
        }
    }
}
