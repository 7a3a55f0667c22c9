//! Every operation of the API, and how a person reaches it: `docs/reference/operations.md` is compared with the command line
//! and with the console.

use harness::{ADMIN_TOKEN, Receiver, Reply, footbridge};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One row of the page.
#[derive(Debug)]
struct Row {
    operation: String,
    command: String,
    screen: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The operations of the description, as `GET /api/v1/apps`.
fn described() -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("docs/openapi.json")).unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    let methods = ["get", "post", "put", "patch", "delete"];
    let paths = description["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let of_item = item.as_object().unwrap().keys().filter(|method| methods.contains(&method.as_str()));
        of_item.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

/// The rows of the page: those with a command or a screen, and those with a reason for the lack of both.
fn listed() -> (Vec<Row>, Vec<String>) {
    let text = fs::read_to_string(repository().join("docs/reference/operations.md")).unwrap();
    let (mut rows, mut without) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        match cells[..] {
            [operation, command, screen] => rows.push(Row {
                operation: operation.to_owned(),
                command: command.to_owned(),
                screen: screen.to_owned(),
            }),
            [operation, reason] => {
                assert!(reason.split(' ').count() >= 3, "{operation} needs a reason: {reason}");
                without.push(operation.to_owned());
            }
            _ => panic!("a row has two or three cells: {line}"),
        }
    }
    (rows, without)
}

/// Returns true if a path is one of a template's: `{id}` stands for any segment, in both.
fn is_path_of(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let any = |part: &str| part.starts_with('{') || part.starts_with("${");
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(&path).all(|(a, b)| a == b || any(a) || any(b))
}

/// A path of the API in the console's source, and the method of the call in which it stands, if it is one.
struct Use {
    method: Option<String>,
    path: String,
}

/// The paths of the API that a file of the console names.
fn uses(source: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("/api/").chain(source.match_indices("/openapi.json")) {
        let (before, rest) = source.split_at(at);
        let Some(quote) = before.chars().last().filter(|last| matches!(last, '"' | '`')) else { continue };
        let path = rest.split(quote).next().unwrap_or_default().to_owned();
        let call = before.trim_end_matches(quote).trim_end();
        let method = ["get", "post", "put", "patch", "delete"].into_iter();
        let method = method.map(str::to_owned).find(|method| call.ends_with(&format!(".{method}(")));
        found.push(Use { method, path });
    }
    found
}

/// All modules of a folder of the console.
fn modules(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(modules(&entry));
        } else if entry.extension().is_some_and(|end| end == "js") {
            found.push(entry);
        }
    }
    found
}

/// The folders of the console that the page calls by this name.
fn folders(screen: &str) -> Vec<PathBuf> {
    let console = repository().join("console");
    match screen {
        "all screens" => ["base", "parts", "frame"].map(|name| console.join(name)).to_vec(),
        _ => vec![console.join("screens").join(screen)],
    }
}

/// Returns true if a module calls the operation.
fn is_called(source: &str, method: &str, path: &str) -> bool {
    uses(source).iter().any(|found| {
        // A path alone is read, or sent as it was written.
        let by = match &found.method {
            Some(named) => named.eq_ignore_ascii_case(method),
            None => method == "GET" || method == "POST" && source.contains("sendText("),
        };
        by && is_path_of(path, &found.path)
    })
}

#[test]
fn every_operation_has_a_command_a_screen_or_a_reason() {
    let (rows, without) = listed();
    let named: Vec<String> = rows.iter().map(|row| row.operation.clone()).chain(without).collect();
    let described = described();
    let twice: Vec<_> =
        (0..named.len()).filter(|at| named[..*at].contains(&named[*at])).map(|at| &named[at]).collect();
    assert!(twice.is_empty(), "docs/reference/operations.md has these twice: {twice:?}");
    let named: BTreeSet<String> = named.into_iter().collect();
    let missing: Vec<_> = described.difference(&named).collect();
    assert!(missing.is_empty(), "docs/reference/operations.md needs a row for {missing:?}");
    let gone: Vec<_> = named.difference(&described).collect();
    assert!(gone.is_empty(), "docs/reference/operations.md has rows for operations that are gone: {gone:?}");
    let neither: Vec<_> = rows.iter().filter(|row| row.command.is_empty() && row.screen.is_empty()).collect();
    assert!(neither.is_empty(), "{} belongs to the second table, with a reason", neither[0].operation);
}

#[test]
fn the_console_calls_what_the_page_says_and_nothing_else() {
    let (rows, _) = listed();
    for Row { operation, screen, .. } in rows.iter().filter(|row| !row.screen.is_empty()) {
        let (method, path) = operation.split_once(' ').unwrap();
        let files = folders(screen).iter().flat_map(|folder| modules(folder)).collect::<Vec<_>>();
        let called = files.iter().any(|file| is_called(&fs::read_to_string(file).unwrap(), method, path));
        assert!(
            called,
            "the console does not call {operation} in {screen}; correct docs/reference/operations.md"
        );
    }
    let described = described();
    let read = |file: &str| fs::read_to_string(repository().join("console").join(file)).unwrap();
    let types = read("setup.d.ts") + &read("shapes.d.ts");
    for file in ["base", "frame", "parts", "screens"]
        .iter()
        .flat_map(|name| modules(&repository().join("console").join(name)))
    {
        for Use { method, path } in uses(&fs::read_to_string(&file).unwrap()) {
            let is_of = |operation: &&String| {
                let (verb, template) = operation.split_once(' ').unwrap();
                is_path_of(template, &path)
                    && method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(verb))
            };
            // `Coming` in these files has the operations that the console knows before the description does.
            let is_coming = types.contains(&format!("\"{path}\""));
            let known = is_coming || described.iter().any(|operation| is_of(&operation));
            assert!(known, "{} calls {method:?} {path}, which the API does not have", file.display());
        }
    }
}

#[test]
fn each_command_line_of_the_page_makes_the_request() {
    let (rows, _) = listed();
    let home = tempfile::tempdir().unwrap();
    let work = home.path().join("work");
    let shop = home.path().join("shop");
    for folder in [&work, &shop] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(shop.join("package.json"), r#"{"name":"shop","version":"1.0.0"}"#).unwrap();
    // An answer that most commands understand: a list, a running test, an app, an envelope.
    let by_api = json!({"managed_by": "api"});
    let answer = json!({"data": [], "next": null, "code": 0, "body": [], "id": "rct_1", "state": "running",
        "url": "http://x/", "app": "shop", "protocol": "event", "probes": [], "name": "shop", "enabled": true,
        "token_prefix": "Token", "receiver_enabled": true, "private": [], "managed_by": "api",
        "created_at": "2026-11-30T11:00:00.000Z",
        "secrets": {"token": by_api, "secret_key": by_api, "signing_secret": by_api}});
    for Row { operation, command, .. } in rows.iter().filter(|row| !row.command.is_empty()) {
        let receiver = Receiver::start();
        receiver.always(Reply::json(answer.to_string()));
        let words: Vec<&str> = command.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
        let env = [("FOOTBRIDGE_SERVER", &*receiver.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
        let exit = footbridge(&work, &words, &env);
        let (method, path) = operation.split_once(' ').unwrap();
        let requests = receiver.requests();
        let made = requests.iter().any(|request| request.method == method && is_path_of(path, &request.path));
        let all: Vec<String> = requests.iter().map(|got| format!("{} {}", got.method, got.path)).collect();
        assert!(made, "`{command}` does not call {operation}, but {all:?}: {}", exit.output);
    }
}

#[test]
fn what_a_person_writes_as_json_arrives_as_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    receiver.always(Reply::json(r#"{"id":"evt_1","deliveries":0}"#));
    let env = [("FOOTBRIDGE_SERVER", &*receiver.url("")), ("FOOTBRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)];
    let written = r#"{"n": 12345678901234567890123, "x": 1.0, "n": "\u00e9"}"#;
    let rows: [&[&str]; 5] = [
        &["event", "publish", "paid", "--as", "shop", "--body", written],
        &["event", "publish", "paid", "--token", "t", "--to", "a", "--body", written],
        &["exchange", "send", "portal", "shop", "t", "--payload", written],
        &["hook", "test", "hook_1", "--body", written],
        &["receiver", "send", "shop", "--body", written],
    ];
    for (n, words) in rows.iter().enumerate() {
        footbridge(home.path(), words, &env);
        let requests = receiver.wait(n + 1);
        assert!(requests[n].text().contains(written), "{words:?}: {}", requests[n].text());
    }
}
