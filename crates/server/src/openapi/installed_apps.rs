//! Describes the API of installed apps, and the paths at which they are reached.

use super::envelope::BoltFailure;
use utoipa::OpenApi;

#[expect(dead_code, reason = "only the descriptions count; the paths are served elsewhere")]
mod paths {
    use super::super::envelope::{BoltAnswer, BoltFailure};
    use footbridge_api::{BoltApp, BoltContext, Install, Installed, LogPage, NamedApp};

    /// Installs an app from a directory, completely or not at all. For the administrator.
    #[utoipa::path(post, path = "/api/apps/local", tag = "bolt", security(("admin" = [])), request_body = Install,
        responses((status = 200, body = BoltAnswer<Installed>),
            (status = "4XX", body = BoltFailure), (status = "5XX", body = BoltFailure)))]
    pub(super) fn install_app() {}

    /// Starts an app, or returns its current run.
    #[utoipa::path(post, path = "/api/apps/start", tag = "bolt", security(("admin" = []), ("token" = [])), request_body = NamedApp,
        responses((status = 200, body = BoltAnswer<BoltContext>),
            (status = 502, body = BoltFailure, description = "The app did not start; the message has the reason"),
            (status = "4XX", body = BoltFailure), (status = "5XX", body = BoltFailure)))]
    pub(super) fn start_app() {}

    /// Stops an app. The answer comes when all its processes have ended.
    #[utoipa::path(post, path = "/api/apps/stop", tag = "bolt", security(("admin" = []), ("token" = [])), request_body = NamedApp,
        responses((status = 200, body = BoltAnswer<BoltContext>),
            (status = "4XX", body = BoltFailure), (status = "5XX", body = BoltFailure)))]
    pub(super) fn stop_app() {}

    /// Lists all apps, ordered by name.
    #[utoipa::path(get, path = "/api/apps", tag = "bolt", security(("admin" = []), ("token" = [])),
        responses((status = 200, body = BoltAnswer<Vec<BoltApp>>),
            (status = "4XX", body = BoltFailure)))]
    pub(super) fn list_apps() {}

    /// Lists the installed apps that run.
    #[utoipa::path(get, path = "/api/apps/@live", tag = "bolt", security(("admin" = []), ("token" = [])),
        responses((status = 200, body = BoltAnswer<Vec<BoltContext>>),
            (status = "4XX", body = BoltFailure)))]
    pub(super) fn live_apps() {}

    /// Shows one app by its name.
    #[utoipa::path(get, path = "/api/apps/{name}", tag = "bolt", security(("admin" = []), ("token" = [])),
        params(("name" = String, Path)),
        responses((status = 200, body = BoltAnswer<BoltApp>),
            (status = "4XX", body = BoltFailure)))]
    pub(super) fn show_app() {}

    /// Stops an app and removes it with its hooks and links.
    #[utoipa::path(delete, path = "/api/apps/{name}", tag = "bolt", security(("admin" = []), ("token" = [])),
        params(("name" = String, Path)),
        responses((status = 200, body = BoltAnswer<BoltApp>),
            (status = "4XX", body = BoltFailure), (status = "5XX", body = BoltFailure)))]
    pub(super) fn remove_app() {}

    /// Returns the output of an app. For the administrator and the app itself.
    #[utoipa::path(get, path = "/api/apps/{name}/logs", tag = "bolt", security(("admin" = []), ("token" = [])),
        params(("name" = String, Path),
            ("after" = Option<u64>, Query, description = "Lines with a higher number; 0 begins with the oldest stored line"),
            ("limit" = Option<u32>, Query, description = "The most lines, 1 to 5000; 500 by default"),
            ("follow" = Option<bool>, Query, description = "True to stream new lines: one `AppLine` per line (`application/x-ndjson`), and empty lines to keep the connection alive")),
        responses((status = 200, body = BoltAnswer<LogPage>),
            (status = "4XX", body = BoltFailure)))]
    pub(super) fn app_logs() {}

    /// Relays a request of any method to an installed app, which is started if it is down. Public. The app gets the path after
    /// its name; a system app written for Node gets the full path. WebSockets are supported. `Location`, `Content-Location`,
    /// `Refresh` and cookie paths are mapped below `/x/{app}`.
    #[utoipa::path(get, path = "/x/{app}/{path}", tag = "proxy",
        params(("app" = String, Path), ("path" = String, Path, description = "May contain slashes")),
        responses((status = 200, description = "The answer of the app"), (status = "default", description = "Any other answer of the app"),
            (status = 404, description = "The app does not exist, or the path is one of its `server` hook routes and the request is not a GET or HEAD without a body"),
            (status = 502, description = "The app did not answer"), (status = 503, description = "The app did not start"),
            (status = 504, description = "The app did not begin to answer within five minutes")))]
    pub(super) fn enter_app() {}

    /// Returns a public file of an installed app (`bolt.public`). Public; the app need not run.
    #[utoipa::path(get, path = "/public/{app}/{path}", tag = "proxy",
        params(("app" = String, Path), ("path" = String, Path, description = "May contain slashes"),
            ("Range" = Option<String>, Header, description = "One range of bytes; `If-Range` is supported")),
        responses((status = 200, description = "The file"), (status = 206, description = "The range that `Range` requests"),
            (status = 304, description = "The client's cached copy is valid"), (status = 308, description = "A folder was requested without a slash at the end"),
            (status = 404, description = "The file does not exist"), (status = 416, description = "The range is outside the file")))]
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
    components(schemas(BoltFailure))
)]
pub(super) struct InstalledApps;
