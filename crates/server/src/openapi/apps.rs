//! Installed apps: their API, and where they are reached.

use super::envelope::Envelope;
use utoipa::{OpenApi, ToSchema};

/// What to install.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` reads from raw bytes")]
struct AppInstallation {
    /// A directory of the server's machine with a `package.json`; a relative one is under `[runtime] dir`.
    path: String,
    /// Whether an app of this name that is installed already is installed anew.
    replace: Option<bool>,
}

/// Which app.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` reads from raw bytes")]
struct AppNamed {
    name: String,
}

/// An app. What it was installed from is there only for installed ones, its hooks only for itself and the
/// administrator.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
#[schema(rename_all = "camelCase")]
struct InstalledApp {
    name: String,
    display_name: String,
    #[schema(format = DateTime)]
    date_created: String,
    /// Whether this server starts it.
    installed: bool,
    running: bool,
    /// `starting`, `running`, `stopping`, `stopped`, `failed`; `-` when there is nothing to run; `elsewhere` when this
    /// server neither starts nor stops it; `disabled`.
    state: String,
    /// There when the state is `failed`.
    failure: Option<AppFailure>,
    path: Option<String>,
    version: Option<String>,
    description: Option<String>,
    index: Option<String>,
    main: Option<String>,
    command: Option<Vec<String>>,
    module: Option<bool>,
    system: Option<bool>,
    routers: Option<Vec<AppRouter>>,
    /// Name to file.
    functions: Option<std::collections::BTreeMap<String, String>>,
    hooks: Option<Vec<serde_json::Value>>,
    /// In the answer to an installation: whether it was installed before.
    replaced: Option<bool>,
    /// In the answer to an installation: what was left out or should be mended.
    warnings: Option<Vec<String>>,
}

/// Why the last start of an app failed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
struct AppFailure {
    why: String,
    /// Until when it is left alone; `null` once the next event or visitor starts it again.
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// A router of an app.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
struct AppRouter {
    name: String,
    main: String,
    root: String,
    order: i64,
}

/// An app that runs, and where.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
struct AppContext {
    name: String,
    path: String,
    app: serde_json::Value,
    protocol: String,
    host: String,
    port: u16,
    pid: u32,
}

/// Lines that an app wrote.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
struct AppLines {
    lines: Vec<AppLine>,
    /// What to give as `after` for those that follow.
    next: u64,
}

/// One line.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `bolt` writes")]
struct AppLine {
    /// Counts from 1 over all runs since the server started.
    number: u64,
    #[schema(format = DateTime)]
    at: String,
    /// `out`, `err`, or `server` for what the server says about the app.
    stream: String,
    text: String,
}

#[expect(dead_code, reason = "only the descriptions count; the paths are served elsewhere")]
mod paths {
    use super::{AppInstallation, AppNamed, Envelope};

    /// Installs the app of a directory, with its hooks, or nothing of it. For the administrator.
    #[utoipa::path(post, path = "/api/apps/local", tag = "bolt", security(("admin" = [])), request_body = AppInstallation,
        responses((status = 200, body = Envelope, description = "`body` is an `InstalledApp`"),
            (status = "4XX", body = Envelope), (status = "5XX", body = Envelope)))]
    pub(super) fn install_app() {}

    /// Starts an app, or gives the run it has.
    #[utoipa::path(post, path = "/api/apps/start", tag = "bolt", security(("admin" = []), ("token" = [])), request_body = AppNamed,
        responses((status = 200, body = Envelope, description = "`body` is an `AppContext`"),
            (status = 502, body = Envelope, description = "It did not start; the message says why"),
            (status = "4XX", body = Envelope), (status = "5XX", body = Envelope)))]
    pub(super) fn start_app() {}

    /// Stops an app; answered once every process of it is gone.
    #[utoipa::path(post, path = "/api/apps/stop", tag = "bolt", security(("admin" = []), ("token" = [])), request_body = AppNamed,
        responses((status = 200, body = Envelope, description = "`body` is the `AppContext` that was"),
            (status = "4XX", body = Envelope), (status = "5XX", body = Envelope)))]
    pub(super) fn stop_app() {}

    /// Every app, by name.
    #[utoipa::path(get, path = "/api/apps", tag = "bolt", security(("admin" = []), ("token" = [])),
        responses((status = 200, body = Envelope, description = "`body` is an array of `InstalledApp`"),
            (status = "4XX", body = Envelope)))]
    pub(super) fn list_apps() {}

    /// The installed apps that run.
    #[utoipa::path(get, path = "/api/apps/@live", tag = "bolt", security(("admin" = []), ("token" = [])),
        responses((status = 200, body = Envelope, description = "`body` is an array of `AppContext`"),
            (status = "4XX", body = Envelope)))]
    pub(super) fn live_apps() {}

    /// One app.
    #[utoipa::path(get, path = "/api/apps/{name}", tag = "bolt", security(("admin" = []), ("token" = [])),
        params(("name" = String, Path)),
        responses((status = 200, body = Envelope, description = "`body` is an `InstalledApp`"),
            (status = "4XX", body = Envelope)))]
    pub(super) fn show_app() {}

    /// Stops an app and removes it with its hooks and links.
    #[utoipa::path(delete, path = "/api/apps/{name}", tag = "bolt", security(("admin" = []), ("token" = [])),
        params(("name" = String, Path)),
        responses((status = 200, body = Envelope, description = "`body` is the `InstalledApp` that was"),
            (status = "4XX", body = Envelope), (status = "5XX", body = Envelope)))]
    pub(super) fn remove_app() {}

    /// What an app wrote. For the administrator and the app itself.
    #[utoipa::path(get, path = "/api/apps/{name}/logs", tag = "bolt", security(("admin" = []), ("token" = [])),
        params(("name" = String, Path),
            ("after" = Option<u64>, Query, description = "Only lines with a higher number; 0 begins with the oldest kept"),
            ("limit" = Option<u32>, Query, description = "At most so many, 1 to 5000; 500 when left out"),
            ("follow" = Option<bool>, Query, description = "Go on with what it writes: one `AppLine` a line (`application/x-ndjson`), an empty line now and then")),
        responses((status = 200, body = Envelope, description = "`body` is an `AppLines`"),
            (status = "4XX", body = Envelope)))]
    pub(super) fn app_logs() {}

    /// Whatever an installed app answers, by any method; it is started if it is down. Public. The app sees what
    /// follows its name as the path, a system app written for Node all of it. WebSockets pass. `Location`, `Content-Location`,
    /// `Refresh` and the paths of cookies are mapped back below `/x/{app}`.
    #[utoipa::path(get, path = "/x/{app}/{path}", tag = "proxy",
        params(("app" = String, Path), ("path" = String, Path, description = "May hold slashes")),
        responses((status = "default", description = "The app's answer"),
            (status = 404, description = "No such app, or the path is one of its `server` hook routes and the request is no GET or HEAD without a body"),
            (status = 502, description = "The app gave no answer"), (status = 503, description = "The app did not start"),
            (status = 504, description = "The app did not begin to answer within five minutes")))]
    pub(super) fn enter_app() {}

    /// A file that an installed app lets everybody read (`bolt.public`). Public; the app need not run.
    #[utoipa::path(get, path = "/public/{app}/{path}", tag = "proxy",
        params(("app" = String, Path), ("path" = String, Path, description = "May hold slashes"),
            ("Range" = Option<String>, Header, description = "One range of bytes; `If-Range` is heeded")),
        responses((status = 200, description = "The file"), (status = 206, description = "The part that `Range` asks for"),
            (status = 304, description = "What the client has still holds"), (status = 308, description = "A folder, asked for without a slash at the end"),
            (status = 404, description = "No such file"), (status = 416, description = "The file has no such part")))]
    pub(super) fn public_file() {}
}

#[derive(OpenApi)]
#[openapi(
    paths(
        paths::install_app,
        paths::start_app,
        paths::stop_app,
        paths::list_apps,
        paths::live_apps,
        paths::show_app,
        paths::remove_app,
        paths::app_logs,
        paths::enter_app,
        paths::public_file,
    ),
    components(schemas(Envelope, InstalledApp, AppContext, AppLines))
)]
pub(super) struct Apps;
