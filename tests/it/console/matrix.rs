//! Every operation, for every role: as the table in the documentation says, and by the API itself.

use std::path::Path;

use harness::App;
use serde_json::json;

use super::{add_token, setup, with_token};

/// One row of the table: method, path with something in place of parameters, permission, and who has it.
struct Row {
    method: String,
    tail: String,
    permission: String,
    allowed: [bool; 3],
}

const ROLES: [&str; 3] = ["owner", "operator", "viewer"];

fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/permissions.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let (method, path) = cells[1].split_once(' ').unwrap();
        let tail = path.strip_prefix("/api/v1/").unwrap();
        let filled: Vec<&str> =
            tail.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        Row {
            method: method.to_owned(),
            tail: filled.join("/"),
            permission: cells[2].to_owned(),
            allowed: [3, 4, 5].map(|cell: usize| cells[cell] == "yes"),
        }
    });
    rows.collect()
}

#[test]
fn every_operation_answers_every_role_as_the_table_says() {
    let gateway = setup().app(App::new("elsewhere")).start();
    let rows = rows();
    assert!(rows.len() >= 45, "{}", rows.len());
    let tokens = ROLES.map(|role| add_token(&gateway, &json!({"name": role, "role": role})));
    let scoped = add_token(&gateway, &json!({"name": "scoped", "role": "owner", "apps": ["elsewhere"]}));
    for Row { method, tail, permission, allowed } in &rows {
        // The body is wrong for every operation that reads one, so nothing is done.
        let call = |token: &str| {
            with_token(&gateway, token, method, tail).header("Content-Type", "application/json").body("{")
        };
        for ((role, token), allowed) in ROLES.iter().zip(&tokens).zip(allowed) {
            if tail == "tail" && *allowed {
                continue; // An endless answer.
            }
            let answer = call(token).send();
            let lacks = answer.status == 403 && answer.text().contains(&format!("`{permission}`"));
            assert_eq!(lacks, !allowed, "{role}: {method} {tail}: {} {}", answer.status, answer.text());
            assert_ne!(answer.status, 401, "{role}: {method} {tail}");
            assert!(answer.status < 500 || answer.status == 503, "{method} {tail}: {}", answer.text());
        }
        let none = gateway.call(method, &format!("/api/v1/{tail}")).body("{").send();
        assert_eq!(none.status, 401, "{method} {tail}: {}", none.text());
        if tail != "tail" {
            let answer = call(&scoped).send();
            assert_ne!(answer.status, 401, "scoped: {method} {tail}");
        }
    }
}
