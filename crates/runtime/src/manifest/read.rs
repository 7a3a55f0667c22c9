//! Reads the `package.json` of a directory into a checked manifest.

use super::files::Directory;
use super::hooks::HookTargets;
use super::members::Members;
use super::reserved::ReservedPaths;
use super::{duplicates, functions, hooks, program, public, routers};
use footbridge_model::duration;
use footbridge_model::json::{self, JsonError, MAX_DEPTH};
use footbridge_model::name::{AppName, BadName, EventName};
use footbridge_model::package::{ALL_EVENTS, IdleTimeout, Manifest, ManifestError, ManifestProblem, Package};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest `package.json`, in bytes.
const FILE_MAX: u64 = 1024 * 1024;
/// The supported versions of Bolt, in Bolt's notation: 0.55 precedes 0.6.
const TARGETS: std::ops::RangeInclusive<f64> = 0.55..=0.7;

/// Reads and checks the `package.json` of the directory `path`. A relative `path` is resolved against `base`.
/// Routers cannot be mounted at `reserved` paths.
///
/// # Errors
/// A [`ManifestError`] for the first problem found.
pub async fn read_manifest(
    base: &Path,
    path: &str,
    reserved: ReservedPaths,
) -> Result<Manifest, ManifestError> {
    let (base, path) = (base.to_owned(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || read(&base, &path, reserved));
    read.await.unwrap_or_else(|_| Err(unreadable("the `package.json` could not be read; see the log")))
}

fn unreadable(why: impl Into<String>) -> ManifestError {
    ManifestError { problem: ManifestProblem::BadPackage, why: why.into() }
}

pub(super) fn read(base: &Path, path: &str, reserved: ReservedPaths) -> Result<Manifest, ManifestError> {
    let directory = locate(base, path)?;
    let file = directory.join("package.json");
    let name = file.display().to_string();
    let text = read_text(&file).map_err(|why| unreadable(format!("{name} {why}")))?;
    let value = parse(&text).map_err(|why| unreadable(format!("{name} {why}")))?;
    let map = value.as_object().ok_or_else(|| unreadable(format!("{name} holds no JSON object")))?;
    duplicates::check(&name, without_mark(&text))?;
    check(&Members::new(&name, "", Some(map)), &directory, reserved)
}

fn locate(base: &Path, path: &str) -> Result<PathBuf, ManifestError> {
    if path.trim().is_empty() {
        let why = "`path` is missing; write the directory of the app, which holds its `package.json`";
        return Err(ManifestError { problem: ManifestProblem::NoDirectory, why: why.to_owned() });
    }
    let directory = std::path::absolute(base.join(path))
        .map_err(|error| unreadable(format!("`path` names no directory: {error}")))?;
    if directory.to_str().is_none() {
        return Err(unreadable(format!("{} is not UTF-8; move the app", directory.display())));
    }
    match directory.metadata() {
        Ok(about) if about.is_dir() => Ok(directory),
        Ok(_) => Err(unreadable(format!(
            "{} is a file; write the directory that holds the `package.json`",
            directory.display()
        ))),
        Err(error) => {
            let why = format!("there is no directory {}: {error}", directory.display());
            Err(ManifestError { problem: ManifestProblem::NoDirectory, why })
        }
    }
}

fn read_text(file: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "does not exist; an app is a directory with a `package.json`".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    };
    // Reading a device or a pipe may never end or never start.
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(format!("is larger than {} KiB", FILE_MAX / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

fn parse(text: &str) -> Result<Value, String> {
    let text = without_mark(text);
    match json::check_text(text.as_bytes()) {
        Err(JsonError::TooDeep) => return Err(format!("nests deeper than {MAX_DEPTH} levels")),
        Err(error) => return Err(format!("is not JSON: {error}")),
        Ok(_) => {}
    }
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
}

/// Removes a byte order mark, which some editors write and npm accepts.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn check(top: &Members<'_>, directory: &Path, reserved: ReservedPaths) -> Result<Manifest, ManifestError> {
    let name = read_name(top)?;
    let bolt = top.section("bolt", "bolt")?;
    let own = top.section("footbridge", "footbridge")?;
    if !top.has("bolt") && !own.has("command") {
        let hint = "is missing; write {\"bolt\": {\"main\": \"server.js\"}}, or {\"footbridge\": {\"command\": […]}} for an app that is not written in Node";
        return Err(top.error("bolt", hint));
    }
    let mut warnings: Vec<String> = check_target(&bolt)?.into_iter().collect();
    warnings.extend(top.misspelled_members(&["bolt", "footbridge", "version", "description"]));
    warnings.extend(bolt.unknown_members(BOLT, BOLT_ONLY));
    warnings.extend(own.unknown_members(OWN, &[]));
    let files = Directory(directory);
    let program = program::read(&bolt, &own, files)?;
    let routers = routers::read(&bolt, files, reserved, &mut warnings)?;
    let functions = functions::read(&bolt, files)?;
    let serverless = program::serverless(&program, bolt.flag("module")?);
    let (hooks, hook_warnings) =
        hooks::read(&bolt, &HookTargets { serverless, functions: &functions, reserved })?;
    warnings.extend(hook_warnings);
    let (public, public_warnings) = public::read(&bolt, files)?;
    warnings.extend(public_warnings);
    let package = Package {
        path: directory.display().to_string(),
        version: top.text("version")?.unwrap_or("0.0.0").to_owned(),
        description: top.text("description")?.unwrap_or_default().to_owned(),
        display_name: bolt.text("displayName")?.unwrap_or(name.as_str()).to_owned(),
        index: read_index(&bolt)?,
        system: bolt.flag("system")?,
        idle_timeout: read_idle(&own)?,
        program,
        routers,
        functions,
        page_events: read_page_events(&own, &mut warnings)?,
        public,
    };
    let private = read_private(&bolt)?.into_iter().chain(read_private(&own)?).collect();
    Ok(Manifest { name, package, hooks, private, warnings })
}

/// The members of `bolt` that the server reads.
const BOLT: &[&str] = &[
    "displayName",
    "main",
    "index",
    "hooks",
    "routers",
    "functions",
    "system",
    "module",
    "private",
    "public",
    "target",
];
/// The members of `bolt` that Bolt knows and that have no effect here.
const BOLT_ONLY: &[&str] = &[
    "order",
    "tags",
    "files",
    "checks",
    "collections",
    "permissions",
    "extensions",
    "dependencies",
    "startup",
    "ini",
    "install",
];
/// The members of `footbridge` that the server reads.
const OWN: &[&str] = &["command", "idle_timeout", "private", "page_events"];

fn read_name(top: &Members<'_>) -> Result<AppName, ManifestError> {
    let missing =
        || top.problem(ManifestProblem::NoName, "name", "is missing; write the app's name, such as \"shop\"");
    let written = match top.value("name") {
        None => return Err(missing()),
        Some(value) => value
            .as_str()
            .ok_or_else(|| top.problem(ManifestProblem::BadName, "name", "must be a string"))?
            .trim(),
    };
    if written.is_empty() {
        return Err(missing());
    }
    AppName::parse(written).map_err(|error| match error {
        BadName::Reserved(name) => top.problem(
            ManifestProblem::BadName,
            "name",
            format!("is {name:?}, which is reserved; write another name"),
        ),
        _ => top.problem(ManifestProblem::BadName, "name", format!("is {written:?}: {error}")),
    })
}

/// Refuses packages for a version of Bolt that is not supported. Returns a warning if the version cannot be read.
fn check_target(bolt: &Members<'_>) -> Result<Option<String>, ManifestError> {
    let Some(value) = bolt.value("target") else { return Ok(None) };
    let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = written.trim().split('.');
    let major = parts.next().filter(digits);
    let minor = parts.next().map_or(Some("0"), |part| Some(part).filter(digits));
    let number = major.zip(minor).and_then(|(major, minor)| format!("{major}.{minor}").parse::<f64>().ok());
    match number {
        Some(number) if TARGETS.contains(&number) => Ok(None),
        Some(_) => Err(bolt.problem(
            ManifestProblem::UnsupportedTarget,
            "target",
            format!("is {written:?}; packages for Bolt 0.55 to 0.7 are supported, so write one of these versions or remove the member"),
        )),
        None => Ok(Some(format!("`bolt.target` was ignored: {written:?} is not a version such as \"0.7\""))),
    }
}

fn read_index(bolt: &Members<'_>) -> Result<String, ManifestError> {
    let written = bolt.text("index")?.unwrap_or("/");
    if written.contains(|c: char| c == '\\' || c.is_control()) || written.contains("://") {
        return Err(bolt.error("index", "must be a path of the app, such as \"/\" or \"/start\""));
    }
    // Exactly one slash: after two, a browser would read the rest as a host.
    Ok(format!("/{}", written.trim_start_matches('/')))
}

fn read_idle(own: &Members<'_>) -> Result<Option<IdleTimeout>, ManifestError> {
    let Some(text) = own.text("idle_timeout")? else { return Ok(None) };
    let read =
        duration::parse_or_off(text).map_err(|why| own.error("idle_timeout", format!("is wrong: {why}")))?;
    Ok(Some(read.map_or(IdleTimeout::Off, IdleTimeout::After)))
}

/// Reads the events that pages of the app may publish as the app.
fn read_page_events(
    own: &Members<'_>,
    warnings: &mut Vec<String>,
) -> Result<BTreeSet<String>, ManifestError> {
    const MEMBER: &str = "page_events";
    let names = own.texts(MEMBER)?.unwrap_or_default();
    let read = |name: &str| match name.trim() {
        ALL_EVENTS => Ok(ALL_EVENTS.to_owned()),
        _ => EventName::parse(name)
            .map(|name| name.as_str().to_owned())
            .map_err(|error| own.error(MEMBER, format!("holds {name:?}: {error}"))),
    };
    let events: BTreeSet<String> = names.into_iter().map(read).collect::<Result<_, _>>()?;
    if events.contains(ALL_EVENTS) {
        warnings.push(
            "`footbridge.page_events` is [\"*\"]: anyone who can load a page of this app can publish any event and call routers as the app; list the names that its pages need"
                .to_owned(),
        );
    }
    Ok(events)
}

fn read_private(section: &Members<'_>) -> Result<BTreeSet<EventName>, ManifestError> {
    let names = section.texts("private")?.unwrap_or_default();
    let read = |name: &str| {
        EventName::parse(name).map_err(|error| section.error("private", format!("holds {name:?}: {error}")))
    };
    names.into_iter().map(read).collect()
}
