//! Exports of lists as CSV and as NDJSON.

use harness::{App, Receiver, Reply, Setup, WAIT, until};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Reads CSV with Python's module, which knows nothing of this program.
fn parsed(csv: &str) -> Vec<Vec<String>> {
    let script = "import csv, io, json, sys\n\
                  text = sys.stdin.buffer.read().decode()\n\
                  print(json.dumps(list(csv.reader(io.StringIO(text, newline='')))))";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(csv.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn everything_that_matches_is_exported() {
    let gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).start();
    let ids: Vec<String> = (0..620)
        .map(|n| {
            let app = if n % 10 == 0 { "fax" } else { "camera" };
            gateway.bolt(app).publish("photo-saved", &json!({}))["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let admin = gateway.admin();
    let export = |accept: &str, tail: &str| admin.call("GET", tail).header("Accept", accept).send();
    let answer = export("application/x-ndjson", "events?q=app:camera&order=asc").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = answer.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let exported: Vec<&str> = lines.iter().map(|row| row["id"].as_str().unwrap()).collect();
    let expected: Vec<&str> =
        ids.iter().enumerate().filter(|(n, _)| n % 10 != 0).map(|(_, id)| id.as_str()).collect();
    assert_eq!(exported, expected);
    assert_eq!(lines[0], admin.get("events?q=app:camera&order=asc&limit=1")["data"][0]);

    let answer = export("text/csv", "events?publisher=fax").expect(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let rows = parsed(&answer.text());
    assert_eq!(rows[0][..4], ["id", "time", "publisher", "name"]);
    assert_eq!(rows.len(), 63);
    assert!(rows[1..].iter().all(|row| row.len() == rows[0].len() && row[2] == "fax"));
    assert_eq!(rows[62][0], ids[0]);

    let empty = export("text/csv", "exchanges").expect(200);
    assert_eq!(parsed(&empty.text()).len(), 1, "the head alone");
    assert_eq!(export("application/x-ndjson", "exchanges").expect(200).text(), "");
    assert!(export("text/html, */*;q=0.1", "events?limit=1").expect(200).json()["data"].is_array());
    for tail in ["events?limit=5", "events?cursor=x", "events?q=stat:x"] {
        export("text/csv", tail).expect(400);
    }
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_guarded() {
    let receiver = Receiver::start();
    let gateway = Setup::shop_in_superapp(&receiver.url("/shop")).start();
    receiver.always(Reply::json("1"));
    let kinds =
        ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tt", "\rr", "say \"hi\", ok\nthere", "plain", "a=1"];
    for kind in kinds {
        let body = json!({"app_id": "shop", "client_id": "superapp", "event_type": kind, "payload": 1});
        gateway.host("superapp").send(body.to_string()).expect(200);
    }
    let admin = gateway.admin();
    until("the records", WAIT, || admin.all("exchanges?limit=250").len() >= kinds.len());
    let call = admin.call("GET", "exchanges?order=asc").header("Accept", "text/csv");
    let rows = parsed(&call.send().expect(200).text());
    let column = rows[0].iter().position(|name| name == "event_type").unwrap();
    let cells: Vec<&str> = rows[1..].iter().map(|row| row[column].as_str()).collect();
    let expected: Vec<String> = kinds
        .iter()
        .map(|kind| {
            if kind.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                format!("'{kind}")
            } else {
                (*kind).to_owned()
            }
        })
        .collect();
    assert_eq!(cells, expected);
}

#[test]
fn the_audit_is_exported_completely_and_with_columns_of_its_own() {
    let gateway = Setup::new().app(App::new("camera")).start();
    let admin = gateway.admin();
    admin.send("POST", "apps", &json!({"name": "fax"})).expect(201);
    // More than one step of an export.
    for n in 0..510 {
        admin.send("PATCH", "apps/fax", &json!({"private": [format!("=secret-{n}")]})).expect(200);
    }
    let export = |accept: &str, tail: &str| admin.call("GET", tail).header("Accept", accept).send();
    let lines = export("application/x-ndjson", "audit?object=app:fax").expect(200).text();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 511);
    assert_eq!(lines, admin.all("audit?object=app:fax&limit=250"));
    let rows = parsed(&export("text/csv", "audit?action=app.update").expect(200).text());
    let head = "id,at,who.kind,who.name,from,action,object.kind,object.id,before,after,note";
    assert_eq!(rows[0].join(","), head);
    assert_eq!(rows.len(), 511);
    let newest = &rows[1];
    assert_eq!(newest[2..8], ["token", "admin", "127.0.0.1", "app.update", "app", "fax"]);
    assert_eq!(serde_json::from_str::<Value>(&newest[9]).unwrap(), json!({"private": ["=secret-509"]}));
    assert_eq!(parsed(&export("text/csv", "audit?who=nobody").expect(200).text()).len(), 1, "the head alone");
    export("text/csv", "audit?limit=5").expect(400);
}
