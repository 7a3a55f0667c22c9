//! Public files of apps at `/public/<app>/…`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use harness::{AppDir, each};
use serde_json::{Value, json};

use super::common::start_server;

/// Creates an app with a folder for each kind of forbidden file.
fn gallery(app_dir: &AppDir, public: &Value) -> PathBuf {
    let package =
        json!({"name": "gallery", "version": "1.0.0", "bolt": {"main": "server.js", "public": public}});
    let files = [
        ("server.js", "require('note')('boot'); module.exports = (q, s) => s.end('app');"),
        ("assets/style.css", "body { color: red }"),
        ("assets/img/a b.svg", "<svg/>"),
        ("assets/sub/index.html", "<h1>sub</h1>"),
        ("assets/.env", "SECRET=1"),
        ("assets/.git/config", "secret"),
        ("favicon.ico", "icon"),
        ("secret.txt", "secret"),
    ];
    let dir = app_dir.write("gallery", &package, &files);
    let links =
        [("../secret.txt", "up.txt"), ("/etc/hostname", "out.txt"), ("/", "root"), ("style.css", "near.css")];
    for (to, link) in links {
        let link = dir.join("assets").join(link);
        let _written_again = fs::remove_file(&link);
        symlink(to, link).unwrap();
    }
    fs::write(dir.join("assets/large.bin"), vec![b'x'; 3 << 20]).unwrap();
    dir
}

/// Paths of the sample app that must not be readable.
const NOT_SERVED: [&str; 25] = [
    "",
    "/",
    "/package.json",
    "/secret.txt",
    "/assets",
    "/assets/",
    "/assets/none.css",
    "/assets/style.css/",
    "/assets/../secret.txt",
    "/assets/%2e%2e/secret.txt",
    "/assets/..%2fsecret.txt",
    "/assets/%2e%2e%2fsecret.txt",
    "/assets/..%5csecret.txt",
    "/assets/..\\secret.txt",
    "/assets%2fstyle.css",
    "/assets/%00style.css",
    "/assets//style.css",
    "/assets/.env",
    "/assets/%2eenv",
    "/assets/.git/config",
    "/assets/up.txt",
    "/assets/out.txt",
    "/assets/root/etc/hostname",
    "/ASSETS/style.css",
    "/%2e%2e/gallery/favicon.ico",
];

#[test]
fn only_the_files_an_app_lists_are_served() {
    let (app_dir, gateway) = start_server();
    gateway.apps().install(&gallery(&app_dir, &json!(["assets", "favicon.ico"])));
    let rows = [
        ("assets/style.css", "text/css; charset=utf-8", "body { color: red }"),
        ("assets/near.css", "text/css; charset=utf-8", "body { color: red }"),
        ("assets/img/a%20b.svg", "image/svg+xml", "<svg/>"),
        ("assets/sub/", "text/html; charset=utf-8", "<h1>sub</h1>"),
        ("favicon.ico", "image/x-icon", "icon"),
        ("favicon.ico?v=2", "image/x-icon", "icon"),
    ];
    each(rows, |(path, kind, text)| {
        let answer = gateway.get(&format!("/public/gallery/{path}")).expect(200);
        assert_eq!((answer.header("content-type"), answer.text().as_str()), (Some(*kind), *text), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert!(answer.header("etag").is_some() && answer.header("last-modified").is_some());
    });
    let moved = gateway.get("/public/Gallery/assets/sub?a=b");
    assert_eq!((moved.status, moved.header("location")), (308, Some("/public/Gallery/assets/sub/?a=b")));
    each(NOT_SERVED, |path| {
        let answer = gateway.get(&format!("/public/gallery{path}"));
        assert!(
            answer.status == 404 || path == &"/assets" && answer.status == 308,
            "{path}: {}",
            answer.status
        );
        assert!(
            !answer.text().contains("secret") && !answer.text().contains("SECRET"),
            "{path}: {}",
            answer.text()
        );
    });
    // None of these requests started the app.
    assert!(app_dir.notes().is_empty(), "{:?}", app_dir.notes());
    for path in ["/public/none/a.css", "/public/pen/a.css", "/public/bolt/x.css", "/public/", "/public"] {
        assert_eq!(gateway.get(path).status, 404, "{path}");
    }
    gateway.get("/public/bolt/native/js/bolt.env.js").expect(200);
    gateway.apps().uninstall("gallery");
    assert_eq!(gateway.get("/public/gallery/favicon.ico").status, 404);
}

#[test]
fn a_single_public_folder_is_served_at_the_apps_root() {
    let (app_dir, gateway) = start_server();
    let dir = gallery(&app_dir, &json!("assets"));
    gateway.apps().install(&dir);
    gateway.get("/public/gallery/style.css").expect(200);
    gateway.get("/public/gallery/sub/").expect(200);
    assert_eq!(gateway.get("/public/gallery/").status, 404, "no listing is made of it");
    fs::write(dir.join("assets/index.html"), "<h1>all</h1>").unwrap();
    assert_eq!(gateway.get("/public/gallery/").expect(200).text(), "<h1>all</h1>");
    assert_eq!(gateway.get("/public/gallery").header("location"), Some("/public/gallery/"));
    // The public files follow the package after a new install.
    gateway.apps().replace(&gallery(&app_dir, &json!(["favicon.ico"])));
    assert_eq!(gateway.get("/public/gallery/style.css").status, 404);
    gateway.get("/public/gallery/favicon.ico").expect(200);
    // An app without public files serves nothing.
    gateway.apps().replace(&gallery(&app_dir, &Value::Null));
    assert_eq!(gateway.get("/public/gallery/favicon.ico").status, 404);
}

#[test]
fn static_files_answer_conditional_requests() {
    let (app_dir, gateway) = start_server();
    let dir = gallery(&app_dir, &json!(["assets"]));
    gateway.apps().install(&dir);
    let path = "/public/gallery/assets/style.css";
    let first = gateway.get(path).expect(200);
    let (tag, date) =
        (first.header("etag").unwrap().to_owned(), first.header("last-modified").unwrap().to_owned());
    assert!(
        !tag.starts_with("W/")
            && first.header("cache-control").is_some_and(|control| control.contains("no-cache"))
    );
    for (header, value, status) in [
        ("If-None-Match", tag.as_str(), 304),
        ("If-None-Match", "\"other\"", 200),
        ("If-Modified-Since", &date, 304),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ] {
        let answer = gateway.call("GET", path).header(header, value).send().expect(status);
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert_eq!(answer.body.is_empty(), status == 304, "{header}: {value}");
    }
    let head = gateway.call("HEAD", path).send().expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("19"), 0));
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = gateway.call(method, path).body("x").send().expect(405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
    fs::write(dir.join("assets/style.css"), "body { color: green }").unwrap();
    let changed = gateway.call("GET", path).header("If-None-Match", &tag).send().expect(200);
    assert_eq!(changed.text(), "body { color: green }");
}

#[test]
fn byte_ranges_of_large_files_are_served_exactly() {
    let (app_dir, mut gateway) = start_server();
    gateway.apps().install(&gallery(&app_dir, &json!(["assets"])));
    let path = "/public/gallery/assets/large.bin";
    let whole = gateway.get(path).expect(200);
    assert_eq!((whole.body.len(), whole.header("content-length")), (3 << 20, Some("3145728")));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    let tag = whole.header("etag").unwrap();
    for (range, condition, status, length, shown) in [
        ("bytes=0-9", None, 206, 10, Some("bytes 0-9/3145728")),
        ("bytes=3145720-", None, 206, 8, Some("bytes 3145720-3145727/3145728")),
        ("bytes=-100000", None, 206, 100_000, Some("bytes 3045728-3145727/3145728")),
        ("bytes=100-2000000", Some(tag), 206, 1_999_901, Some("bytes 100-2000000/3145728")),
        ("bytes=0-9", Some("\"other\""), 200, 3 << 20, None),
        ("bytes=3145728-", None, 416, 0, Some("bytes */3145728")),
        ("bytes=0-1,5-6", None, 200, 3 << 20, None),
        ("nonsense", None, 200, 3 << 20, None),
    ] {
        let mut call = gateway.call("GET", path).header("Range", range);
        if let Some(condition) = condition {
            call = call.header("If-Range", condition);
        }
        let answer = call.send();
        assert_eq!(
            (answer.status, answer.body.len(), answer.header("content-range")),
            (status, length, shown),
            "{range}"
        );
    }
    gateway.assert_healthy();
}

#[test]
fn unreadable_files_are_404() {
    if harness::root() {
        return;
    }
    let (app_dir, gateway) = start_server();
    let dir = gallery(&app_dir, &json!(["assets"]));
    gateway.apps().install(&dir);
    fs::set_permissions(dir.join("assets/style.css"), Permissions::from_mode(0o000)).unwrap();
    assert_eq!(gateway.get("/public/gallery/assets/style.css").status, 404);
}
