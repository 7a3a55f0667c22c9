//! Tests of reading `package.json`: valid packages, and every error.

use super::read;
use super::reserved::ReservedPaths;
use footbridge_model::hook::{AnswerRule, HookType};
use footbridge_model::package::{IdleTimeout, Manifest, ManifestError, ManifestProblem, Program, Router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Reads the package of an app for a server that reserves a few paths.
fn read(base: &Path, path: &str) -> Result<Manifest, ManifestError> {
    let reserved = ReservedPaths(&["/api/v1", "/api/events", "/api/apps", "/x", "/sdk", "/docs", "/public"]);
    read::read(base, path, reserved)
}

/// A directory `app` with some files, but without its `package.json`.
fn directory() -> TempDir {
    let base = tempfile::tempdir().unwrap();
    let app = base.path().join("app");
    for folder in ["routers", "functions", "lib"] {
        std::fs::create_dir_all(app.join(folder)).unwrap();
    }
    for file in ["server.js", "routers/api.js", "functions/tag.js", "lib/index.js", "run.sh"] {
        std::fs::write(app.join(file), "").unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", app.join("functions/link.js")).unwrap();
    base
}

fn install(base: &Path, package: &[u8]) -> Result<Manifest, ManifestError> {
    std::fs::write(base.join("app/package.json"), package).unwrap();
    read(base, "app")
}

fn of(package: &Value) -> Result<Manifest, ManifestError> {
    install(directory().path(), package.to_string().as_bytes())
}

fn with_bolt(bolt: &Value) -> Result<Manifest, ManifestError> {
    of(&json!({ "name": "shop", "bolt": bolt }))
}

#[test]
fn public_files_are_read_in_every_form() {
    let read = |public: Value| {
        let base = directory();
        std::os::unix::fs::symlink("/etc", base.path().join("app/out")).unwrap();
        let package = json!({ "name": "shop", "bolt": { "main": "server.js", "public": public } });
        install(base.path(), package.to_string().as_bytes())
    };
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(at, path)| ((*at).to_owned(), (*path).to_owned())).collect::<BTreeMap<_, _>>()
    };
    for (public, served) in [
        (json!("lib"), pairs(&[("", "lib")])),
        (json!("server.js"), pairs(&[("server.js", "server.js")])),
        (json!(["lib/", "/routers/api.js"]), pairs(&[("lib", "lib"), ("routers/api.js", "routers/api.js")])),
        (json!({ "paths": ["lib"], "clean": true, "move": true }), pairs(&[("lib", "lib")])),
        (json!([]), pairs(&[])),
        (json!(null), pairs(&[])),
    ] {
        let manifest = read(public.clone()).unwrap();
        assert_eq!((&manifest.package.public, manifest.warnings.len()), (&served, 0), "{public}");
    }
    for (public, word) in [(json!(["none"]), "does not exist"), (json!([".git"]), "begin with a dot")] {
        let warnings = read(public).unwrap().warnings;
        assert!(
            warnings.len() == 1 && warnings[0].contains(word) && warnings[0].contains("bolt.public"),
            "{warnings:?}"
        );
    }
    for (public, word) in [
        (json!("."), "the app's directory itself"),
        (json!(["../x"]), "without `..`"),
        (json!("out"), "leads out"),
        (json!(["out/hostname"]), "leads out"),
        (json!([1]), "must be an array of strings"),
        (json!(7), "must be a folder"),
        (json!({}), "`bolt.public.paths` is missing"),
        (json!({ "paths": "lib" }), "must be an array"),
    ] {
        let refused = read(public.clone()).unwrap_err();
        assert!(
            refused.problem == ManifestProblem::BadPackage && refused.why.contains(word),
            "{public}: {}",
            refused.why
        );
    }
}

#[test]
fn an_unknown_member_gives_a_warning() {
    let bolt = json!({
        "main": "server.js", "hook": { "a": "b" }, "icon": "x.png", "collections": {}, "tags": [],
        "hooks": { "camera/x": { "route": "x", "tpye": "web" } },
        "routers": { "api": { "main": "routers/api", "root": "/api/shop", "ordr": 1 } },
    });
    let package = json!({ "name": "shop", "scripts": {}, "Footbridge": {}, "bolt": bolt, "footbridge": { "idle_timout": "5m" } });
    let warnings = of(&package).unwrap().warnings;
    for (name, meant) in [
        ("bolt.hook", "did you mean `hooks`"),
        ("bolt.icon", "known are `displayName`"),
        ("bolt.hooks[\"camera/x\"].tpye", "did you mean `type`"),
        ("bolt.routers.api.ordr", "did you mean `order`"),
        ("footbridge.idle_timout", "did you mean `idle_timeout`"),
        ("Footbridge", "did you mean `footbridge`"),
    ] {
        let matches =
            |warning: &&String| warning.starts_with(&format!("`{name}`")) && warning.contains(meant);
        assert_eq!(warnings.iter().filter(matches).count(), 1, "{name}: {warnings:#?}");
    }
    assert_eq!(warnings.len(), 6, "{warnings:#?}");
}

#[test]
fn every_member_is_read() {
    let base = directory();
    let package = json!({
        "name": "Shop", "version": "1.2.3", "description": "Sells", "scripts": { "test": "x" },
        "bolt": {
            "displayName": "The Shop", "main": "./server", "index": "start", "system": true, "target": "0.7",
            "order": 1, "collections": { "x": "*" }, "private": ["Chat-Posted"],
            "routers": { "api": { "main": "routers/api", "root": "api/shop/", "order": -2 }, "lib": { "main": "lib", "root": "/lib" } },
            "functions": { "tag": "functions/tag" },
            "hooks": {
                "bolt/app-starting": "/app-starting",
                "Camera\\Photo-Saved": { "route": "photo", "answer": "required", "in_flight": 2, "ordered": true },
                "*/a": { "route": "example.org/x", "type": "Web" },
                "*/b": { "route": "api/shop/b", "type": "router" },
                "*/c": { "route": "tag", "type": "function" },
            },
        },
        "footbridge": { "idle_timeout": "5m", "private": ["x"] },
    });
    let manifest = install(base.path(), package.to_string().as_bytes()).unwrap();
    let package = &manifest.package;
    assert_eq!(manifest.name.as_str(), "Shop");
    assert_eq!(package.path, base.path().join("app").to_str().unwrap());
    assert_eq!((package.version.as_str(), package.description.as_str()), ("1.2.3", "Sells"));
    assert_eq!((package.display_name.as_str(), package.index.as_str()), ("The Shop", "/start"));
    assert_eq!(package.program, Program::Node("server".to_owned()));
    assert_eq!(package.idle_timeout, Some(IdleTimeout::After(Duration::from_mins(5))));
    let router = |main: &str, root: &str, order| Router { main: main.into(), root: root.into(), order };
    assert_eq!(package.routers["api"], router("routers/api", "/api/shop", -2));
    assert_eq!(package.routers["lib"], router("lib", "/lib", 0));
    assert_eq!(package.functions["tag"], "functions/tag.js");
    assert!(package.system && manifest.warnings.is_empty());
    assert_eq!(
        manifest.private.iter().map(footbridge_model::name::EventName::as_str).collect::<Vec<_>>(),
        ["chat-posted", "x"]
    );
    let hooks: Vec<_> = manifest
        .hooks
        .iter()
        .map(|hook| (hook.pattern.to_string(), hook.route.as_str(), hook.kind, hook.options.answer))
        .collect();
    let hook = |pattern: &str, route, kind, answer| (pattern.to_owned(), route, kind, answer);
    assert_eq!(
        hooks,
        [
            hook("*/a", "example.org/x", HookType::Web, AnswerRule::Required),
            hook("*/b", "api/shop/b", HookType::Router, AnswerRule::Optional),
            hook("*/c", "tag", HookType::Function, AnswerRule::Required),
            hook("camera/photo-saved", "photo", HookType::Server, AnswerRule::Required),
            hook("bolt/app-starting", "/app-starting", HookType::Server, AnswerRule::Optional),
        ]
    );
    assert_eq!((manifest.hooks[3].options.in_flight, manifest.hooks[3].options.ordered), (2, true));
}

#[test]
fn server_hooks_of_an_app_without_a_server_are_ignored() {
    let hooks = json!({ "a/b": "x", "a/c": { "route": "example.org", "type": "web" } });
    for bolt in [json!({ "module": true, "hooks": hooks }), json!({ "hooks": hooks })] {
        let manifest = with_bolt(&bolt).unwrap();
        assert_eq!(manifest.hooks.len(), 1);
        assert!(manifest.warnings[0].contains("`a/b`"), "{:?}", manifest.warnings);
        assert!(manifest.package.is_module() && !manifest.package.can_run());
    }
}

#[test]
fn a_command_runs_another_program_than_node() {
    let command = |words: Value| {
        of(&json!({ "name": "py", "footbridge": { "command": words, "idle_timeout": "off" } }))
    };
    let manifest = command(json!(["python3", "app.py", ""])).unwrap();
    assert_eq!(
        manifest.package.program,
        Program::Command(vec!["python3".into(), "app.py".into(), String::new()])
    );
    assert_eq!(manifest.package.idle_timeout, Some(IdleTimeout::Off));
    assert_eq!((manifest.package.version.as_str(), manifest.package.display_name.as_str()), ("0.0.0", "py"));
    for (words, part) in [
        (json!("python3"), "an array of strings, not a string"),
        (json!([]), "names no program"),
        (json!(["a", 1]), "an array of strings"),
        (json!(["./none"]), "does not exist"),
        (json!(["../x"]), "leads out"),
        (json!(["./run.sh"]), "chmod +x"),
    ] {
        let error = command(words.clone()).unwrap_err();
        assert!(error.problem == ManifestProblem::BadPackage && error.why.contains(part), "{words}: {error}");
        assert!(error.why.contains("package.json: `footbridge.command`"), "{error}");
    }
    for bolt in [json!({ "main": "server.js" }), json!({ "routers": {} }), json!({ "module": true })] {
        let package = json!({ "name": "py", "bolt": bolt, "footbridge": { "command": ["sh"] } });
        assert!(of(&package).unwrap_err().why.contains("remove one of the two"), "{bolt}");
    }
}

#[test]
fn every_error_names_the_member_and_the_fix() {
    let hook = |value: Value| json!({ "main": "server.js", "functions": {}, "hooks": { "a/b": value } });
    let router = |value: Value| json!({ "routers": { "r": value } });
    let rooted = |root: &str| json!({ "routers": { "r": { "main": "lib", "root": root } } });
    let two =
        json!({ "routers": { "r": { "main": "lib", "root": "/R" }, "s": { "main": "lib", "root": "/r" } } });
    for (bolt, part) in [
        (json!(7), "`bolt` must be an object, not a number"),
        (json!({ "main": 1 }), "`bolt.main` must be a string"),
        (json!({ "main": "none.js" }), "`bolt.main` names a file that does not exist"),
        (json!({ "main": "routers" }), "does not exist"),
        (json!({ "main": "../app/server.js" }), "leads out of the app's directory"),
        (json!({ "main": "/server.js" }), "absolute"),
        (json!({ "main": "lib\\index.js" }), "write a path with `/`"),
        (json!({ "main": "server.js", "module": true }), "remove one of the two"),
        (json!({ "system": "yes" }), "`bolt.system` must be true or false, not a string"),
        (json!({ "index": "https://x.example" }), "`bolt.index`"),
        (json!({ "private": ["a/b"] }), "`bolt.private` holds \"a/b\""),
        (hook(json!(["x"])), "`bolt.hooks[\"a/b\"]` must be a route or an object"),
        (hook(json!({})), "`bolt.hooks[\"a/b\"].route` is missing"),
        (hook(json!("")), "`bolt.hooks[\"a/b\"]` is an empty route; write where the events go"),
        (hook(json!({ "route": "" })), "`bolt.hooks[\"a/b\"].route` is an empty route; write"),
        (hook(json!("x".repeat(3000))), "`bolt.hooks[\"a/b\"]` is longer than"),
        (hook(json!("../x")), "a `server` route is a path"),
        (hook(json!("https://x.example/")), "\"type\": \"web\""),
        (hook(json!({ "route": "x", "type": "webs" })), "use `server`, `web`, `router` or `function`"),
        (hook(json!({ "route": "x y", "type": "web" })), "a `web` route is"),
        (
            hook(json!({ "route": "/api/events/x", "type": "router" })),
            "`/api/events` is reserved for the server",
        ),
        (hook(json!({ "route": "tag", "type": "function" })), "not in `bolt.functions`"),
        (hook(json!({ "route": "x", "answer": "maybe" })), "\"required\" or \"optional\""),
        (hook(json!({ "route": "x", "in_flight": 65 })), "from 1 to 64"),
        (json!({ "hooks": { "a\u{1}": "x" } }), "is not a valid pattern"),
        (json!({ "main": "server.js", "hooks": { "a": "x", "*/A": "x" } }), "remove one of the two"),
        (json!({ "functions": { "f": "none.js" } }), "`bolt.functions.f` names a file"),
        (json!({ "functions": { "f": "functions/link.js" } }), "leads out"),
        (json!({ "functions": { "f": 1 } }), "must be a file"),
        (router(json!("routers/api.js")), "write {\"main\": \"routers/api.js\", \"root\": \"/api/r\"}"),
        (router(json!({ "root": "/r" })), "`bolt.routers.r.main` is missing"),
        (router(json!({ "main": "none", "root": "/r" })), "`bolt.routers.r.main` names a file"),
        (router(json!({ "main": "lib" })), "`bolt.routers.r.root` is missing and so is `/`"),
        (
            router(json!({ "main": "lib", "root": "/r", "order": 1.5 })),
            "`bolt.routers.r.order` must be a whole number, not 1.5",
        ),
        (router(json!({ "main": "lib", "root": "/r", "order": "1" })), "a whole number, not a string"),
        (json!({ "routers": { "a b": { "main": "lib", "root": "/r" } } }), "is not a valid name of a router"),
        (rooted("/"), "is `/`"),
        (rooted("/api/events"), "is reserved for the server; write another path, such as \"/api/r\""),
        (rooted("/a/../b"), "must be a path of letters"),
        (rooted("/a/:id"), "must be a path of letters"),
        (two, "the same `root` and `order`"),
    ] {
        let error = with_bolt(&bolt).unwrap_err();
        assert!(error.problem == ManifestProblem::BadPackage && error.why.contains(part), "{bolt}: {error}");
        assert!(error.why.contains("app/package.json: `bolt"), "{error}");
    }
}

#[test]
fn a_member_that_is_given_twice_is_refused() {
    let base = directory();
    let hooks = r#""hooks": {"a/b": "x", "c/d": "x", "a/b": "y"}"#;
    for (text, member) in [
        (format!(r#"{{"name": "shop", "bolt": {{"main": "server.js", {hooks}}}}}"#), "`bolt.hooks[\"a/b\"]`"),
        (r#"{"name": "shop", "bolt": {}, "n\u0061me": "till"}"#.to_owned(), "`name`"),
        (
            r#"{"name": "shop", "bolt": {"hooks": {"a": {"route": "x", "route": "y"}}}}"#.to_owned(),
            "`bolt.hooks.a.route`",
        ),
        (r#"{"name": "shop", "bolt": {"main": "server.js"}, "bolt": {}}"#.to_owned(), "`bolt`"),
    ] {
        let error = install(base.path(), text.as_bytes()).unwrap_err();
        let why = format!("app/package.json: {member} is given twice; remove one of the two");
        assert!(error.problem == ManifestProblem::BadPackage && error.why.ends_with(&why), "{text}: {error}");
    }
    let outside = r#"{"name": "shop", "bolt": {}, "scripts": {"a": "x", "a": "y"}, "scripts": {}}"#;
    assert!(install(base.path(), outside.as_bytes()).is_ok());
}

#[test]
fn errors_name_the_problem() {
    let empty = json!({ "name": "shop", "bolt": {} });
    assert!(of(&empty).is_ok());
    let named = |name: Value| of(&json!({ "name": name, "bolt": {} })).unwrap_err().problem;
    for (name, problem) in [
        (Value::Null, ManifestProblem::NoName),
        (json!(" "), ManifestProblem::NoName),
        (json!(7), ManifestProblem::BadName),
        (json!("a b"), ManifestProblem::BadName),
        (json!("@org/shop"), ManifestProblem::BadName),
        (json!("Bolt"), ManifestProblem::BadName),
    ] {
        assert_eq!(named(name.clone()), problem, "{name}");
    }
    for target in [json!("0.54"), json!(1), json!("0.8.1"), json!("2.0.0")] {
        let error = with_bolt(&json!({ "target": target })).unwrap_err();
        assert_eq!(error.problem, ManifestProblem::UnsupportedTarget, "{target}");
    }
    for target in [json!("0.55"), json!(0.6), json!("0.7.0"), json!("0.6.9")] {
        assert_eq!(with_bolt(&json!({ "target": target })).unwrap().warnings.len(), 0, "{target}");
    }
    assert_eq!(with_bolt(&json!({ "target": "*" })).unwrap().warnings.len(), 1);
    let base = directory();
    assert_eq!(read(base.path(), " ").unwrap_err().problem, ManifestProblem::NoDirectory);
    assert_eq!(read(base.path(), "none").unwrap_err().problem, ManifestProblem::NoDirectory);
    assert!(read(base.path(), "app").unwrap_err().why.contains("does not exist; an app is a directory"));
    assert!(read(base.path(), "app/server.js").unwrap_err().why.contains("is a file"));
}

#[test]
fn files_that_are_not_a_package_are_refused() {
    let base = directory();
    for (text, part) in [
        (&b"{\"name\": \"shop\"}"[..], "`bolt` is missing; write"),
        (b"[1]", "holds no JSON object"),
        (b"{\"name\": }", "is not JSON: expected value at line 1 column 10"),
        (b"{\"name\": \"\xff\"}", "is not UTF-8"),
        (b"", "is not JSON"),
        (&[b"{\"name\":".repeat(65), b"1".repeat(9)].concat(), "nests deeper than 64"),
        (&b" ".repeat(1024 * 1024 + 1), "is larger than 1024 KiB"),
    ] {
        let error = install(base.path(), text).unwrap_err();
        assert!(error.problem == ManifestProblem::BadPackage && error.why.contains(part), "{error}");
    }
    assert!(install(base.path(), b"\xef\xbb\xbf{\"name\": \"shop\", \"bolt\": {}}").is_ok());
    std::fs::remove_file(base.path().join("app/package.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", base.path().join("app/package.json")).unwrap();
    assert!(read(base.path(), "app").unwrap_err().why.contains("is not a regular file"));
}
