use super::super::description;
use super::AdminServer;
use crate::problem::ProblemCode;
use serde_json::Value;
use std::path::Path;

fn parsed() -> Value {
    serde_json::from_str(&description().unwrap()).unwrap()
}

/// `docs/openapi.json` is what a client was last promised: a change of it is seen in review.
/// Run with `FOOTBRIDGE_WRITE_OPENAPI=1` to write it anew.
#[test]
fn the_description_is_the_one_in_the_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = format!("{}\n", description().unwrap());
    if std::env::var_os("FOOTBRIDGE_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == now, "docs/openapi.json is not up to date; FOOTBRIDGE_WRITE_OPENAPI=1 writes it anew");
}

#[test]
fn every_code_is_described() {
    let described = parsed()["components"]["schemas"]["ProblemCode"]["enum"].clone();
    let codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(described, serde_json::json!(codes));
}

#[test]
fn every_reference_leads_somewhere() {
    let description = parsed();
    let mut open = vec![&description];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(path) = members.get("$ref").and_then(Value::as_str) {
                    assert!(description.pointer(path.trim_start_matches('#')).is_some(), "{path}");
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[test]
fn every_operation_has_its_own_name_and_says_how_it_fails() {
    let description = parsed();
    let mut ids = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(!id.is_empty() && !ids.contains(&id), "{method} {path}: {id}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path}"
            );
            ids.push(id);
        }
    }
}

#[tokio::test]
async fn the_description_is_served() {
    let server = AdminServer::start().await;
    let answer = server.bare("/openapi.json", None).await.expect(200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.json(), parsed());
}
