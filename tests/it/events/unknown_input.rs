//! Unknown input is refused, and a probable mistake gets a warning.

use harness::{App, Receiver, Setup, assert_bolt_error, each, footbridge};
use serde_json::{Value, json};

use super::apps::apps;

fn message(answer: &harness::Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_unknown_member_is_143_and_named() {
    let (gateway, receiver) = apps();
    gateway.bolt("fax").web("*", &receiver.url("/x"));
    let rows = [
        ("photo-saved", r#"{"order":7}"#, &["`order`", "`body`"][..]),
        ("photo-saved", r#"{"payload":{"n":1}}"#, &["`payload`", "`body`, `headers`, `subscribers`"]),
        ("photo-saved", r#"{"Body":{"n":1}}"#, &["`Body`", "did you mean `body`"]),
        ("photo-saved", r#"{"body":1,"subscriber":["fax"]}"#, &["did you mean `subscribers`"]),
        (
            "photo-saved",
            r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","data":{}}"#,
            &["CloudEvent"],
        ),
        ("photo-saved", r#"{"data":{},"id":"1","type":"t","specversion":"1.0"}"#, &["CloudEvent"]),
        ("camera/photo-saved", r#"{"rout":"/x"}"#, &["`rout`", "did you mean `route`"]),
        ("sub/photo-saved", r#"{"route":"/x","typ":"web"}"#, &["did you mean `type`"]),
        ("photo-saved", r#"{"route":"/x","url":"http://x"}"#, &["`url`", "`route`, `type`"]),
    ];
    each(rows, |(tail, body, words)| {
        let answer = gateway.bolt("camera").post(tail, body);
        assert_bolt_error(&answer, 400, 143);
        let message = message(&answer);
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    });
    assert!(gateway.admin().all("events?").is_empty());
    // A bad name is reported first. Member names inside the body are not checked.
    assert_bolt_error(&gateway.bolt("camera").post("a%2Fb", r#"{"order":7}"#), 400, 140);
    assert_eq!(gateway.bolt("camera").publish("x", &json!({"body": {"order": 7}}))["deliveries"], 1);
}

#[test]
fn a_request_in_the_wrong_form_is_named() {
    let (gateway, _receiver) = apps();
    let rows: [(&str, &str, &[u8], &str); 11] = [
        ("Content-Type", "application/cloudevents+json", br#"{"specversion":"1.0","data":1}"#, "CloudEvent"),
        (
            "Content-Type",
            "multipart/form-data; boundary=x",
            br#"{"body":1}"#,
            "`Content-Type: application/json`",
        ),
        ("Ce-SpecVersion", "1.0", br#"{"body":1}"#, "CloudEvent"),
        ("Content-Type", "application/cloudevents-batch+json", b"[]", "CloudEvent"),
        ("Ce-SpecVersion", "1.0", br#"{"n":1}"#, "CloudEvent"),
        ("Content-Type", "application/x-www-form-urlencoded", b"order=7&x=1", "form"),
        ("Content-Type", "multipart/form-data; boundary=x", b"--x\r\n\r\n--x--", "multipart"),
        ("Content-Encoding", "gzip", b"\x1f\x8b\x08\x00", "gzip"),
        ("Content-Type", "application/octet-stream", b"\x1f\x8b\x08\x00", "gzip"),
        ("Content-Type", "application/xml", b"<order/>", "XML"),
        ("Content-Type", "application/x-protobuf", b"\x08\x07", "binary"),
    ];
    each(rows, |(name, value, body, word)| {
        let call = gateway.bolt("camera").call("POST", "x", body).without("content-type").header(name, value);
        let answer = call.send();
        assert_bolt_error(&answer, 400, 143);
        assert!(message(&answer).contains(word), "{}", message(&answer));
    });
    // The content type that curl sends by default is accepted.
    each(["application/x-www-form-urlencoded", "text/plain", "", "application/cloudevents+json"], |kind| {
        let call = gateway.bolt("camera").call("POST", "x", r#"{"body":1}"#).without("content-type");
        call.header("Content-Type", kind).send().expect(200);
    });
}

#[test]
fn an_unknown_publisher_name_is_accepted_with_a_warning() {
    let (gateway, receiver) = apps();
    let warned = |answer: &Value, word: &str| {
        let warnings = answer["warnings"].as_array().unwrap();
        assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains(word), "{answer}");
    };
    gateway.bolt("fax").web("x", &receiver.url("/x"));
    let camera = gateway.bolt("camera");
    let answer = camera.publish("x", &json!({"subscribers": ["fax", "galery"]}));
    assert_eq!(answer["deliveries"], 1);
    warned(&answer, "`galery` (did you mean `gallery`?)");
    warned(&camera.publish("x", &json!({"subscribers": ["no such name"]})), "no such name");
    let many: Vec<String> = (0..500).map(|n| format!("nobody-{n}")).collect();
    let answer = camera.publish("x", &json!({"subscribers": many}));
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 11, "{answer}");
    warned(&gateway.bolt("fax").web("camra/x", &receiver.url("/y")), "`camra` (did you mean `camera`?)");
    for quiet in ["CAMERA/x", "bolt/app-started", "*/x", "x"] {
        assert_eq!(gateway.bolt("fax").web(quiet, &receiver.url("/y"))["warnings"], Value::Null, "{quiet}");
    }
    for quiet in [json!({}), json!({"subscribers": []}), json!({"subscribers": ["FAX", "Bolt"]})] {
        assert_eq!(camera.publish("x", &quiet)["warnings"], Value::Null, "{quiet}");
    }
    // Members of the other call are named too.
    let both = json!({"route": "/x", "body": 1}).to_string();
    warned(&camera.post("camera/x", both).expect(200).json()["body"], "`body` was not used");
    let hook = json!({"app": "fax", "pattern": "galery/x", "route": receiver.url("/z"), "type": "web"});
    warned(&gateway.admin().done("POST", "hooks", &hook), "`galery`");
    let app = json!({"name": "late", "hooks": {"galery/x": {"route": receiver.url("/z"), "type": "web"}}});
    warned(&gateway.admin().done("POST", "apps", &app), "`galery`");
    let server = gateway.url("");
    let args = ["hook", "add", "fax", "galery/y", &receiver.url("/z"), "--type", "web", "--server", &server];
    let exit = footbridge(gateway.dir(), &args, &[("FOOTBRIDGE_ADMIN_TOKEN", harness::ADMIN_TOKEN)]);
    assert!(exit.code == Some(0) && exit.output.contains("warning: the hook `galery/y`"), "{}", exit.output);
}

#[test]
fn an_unknown_publisher_is_reported_at_start_and_by_config_check() {
    let receiver = Receiver::start();
    let hooks = r#""camra/x" = "x", "camera/x" = "x", "bolt/app-started" = "x", "made/x" = "x""#;
    let setup = || {
        let fax = App::new("fax").url(&receiver.url("")).hooks(hooks);
        Setup::new().app(App::new("camera")).app(fax)
    };
    let mut gateway = setup().start();
    gateway.admin().done("POST", "apps", &json!({"name": "made"}));
    gateway.stop().start_again();
    let output = gateway.stdout();
    let reported: Vec<&str> = output.lines().filter(|line| line.contains("gets nothing")).collect();
    assert!(reported.len() == 1 && reported[0].contains("`camra` (did you mean `camera`?)"), "{output}");
    let exit = footbridge(gateway.dir(), &["config", "check", "footbridge.toml"], &[]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    for word in ["camra", "made"] {
        assert!(exit.output.contains(word), "{}", exit.output);
    }
}
