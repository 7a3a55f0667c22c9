//! Checks the answers to a browser, the size of the console, and that the files of others are those that were reviewed.

use std::fs;
use std::path::{Path, PathBuf};

use http::{Request, StatusCode};
use sha2::{Digest as _, Sha256};

use super::*;

fn get(path: &str, base: &str) -> Option<Response<Bytes>> {
    let request = Request::get(path).header(ACCEPT_ENCODING, "br, gzip;q=0.8").body(()).unwrap();
    serve(&request.into_parts().0, base)
}

fn header(response: &Response<Bytes>, name: impl http::header::AsHeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn the_shell_is_never_stored_and_everything_else_for_ever() {
    for (path, base) in [("/", ""), ("/events/evt_1", ""), ("/fb", "/fb"), ("/fb/apps/a.b", "/fb")] {
        let page = get(path, base).unwrap();
        assert_eq!(header(&page, CACHE_CONTROL), "no-store", "{path}");
        assert_eq!(header(&page, VERSION_HEADER), VERSION);
        let text = String::from_utf8(page.body().to_vec()).unwrap();
        assert!(!text.contains("{{"), "{text}");
        assert!(text.contains(&format!("src=\"{base}/console/{VERSION}/main.js\"")), "{text}");
    }
    for asset in ASSETS {
        let answer = get(&format!("/fb/console/{VERSION}/{}", asset.path), "/fb").unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", asset.path);
        assert_eq!(header(&answer, CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(header(&answer, CONTENT_ENCODING), "gzip");
    }
    let old = get("/console/0000000000000000/main.js", "").unwrap();
    assert_eq!((old.status(), header(&old, CACHE_CONTROL)), (StatusCode::NOT_FOUND, "no-store"));
}

#[test]
fn what_belongs_to_others_is_not_answered() {
    for path in ["/api/v1/events", "/docs/", "/openapi.json", "/x/shop/", "/metrics"] {
        assert!(get(path, "").is_none(), "{path}");
    }
    assert!(get("/elsewhere", "/fb").is_none() && get("/fbx", "/fb").is_none());
    let post = Request::post("/events").body(()).unwrap();
    assert!(serve(&post.into_parts().0, "").is_none());
}

#[test]
fn a_client_without_gzip_gets_the_same_bytes_unpacked() {
    let plain = Request::get(format!("/console/{VERSION}/main.js"));
    let answer =
        serve(&plain.header(ACCEPT_ENCODING, "gzip;q=0").body(()).unwrap().into_parts().0, "").unwrap();
    assert_eq!(header(&answer, CONTENT_ENCODING), "");
    let packed = get(&format!("/console/{VERSION}/main.js"), "").unwrap();
    assert_eq!(answer.body(), &unpack(packed.body()));
    let source = fs::read_to_string(console().join("base/session.js")).unwrap();
    let line = source.lines().find(|line| line.starts_with("  session.value")).unwrap();
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    assert!(text.contains("// base/session.js\n") && text.lines().any(|sent| sent == line.trim()), "{line}");
}

#[test]
fn the_policy_is_exactly_this_one() {
    let page = get("/", "").unwrap();
    assert_eq!(
        header(&page, CONTENT_SECURITY_POLICY),
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
}

#[test]
fn the_console_stays_small() {
    let size = |paths: &[&str]| -> usize {
        ASSETS.iter().filter(|asset| paths.contains(&asset.path)).map(|asset| asset.packed.len()).sum()
    };
    let first = size(BASE) + size(FIRST) + size(&["style.css"]) + get("/", "").unwrap().body().len();
    let all: usize = ASSETS.iter().map(|asset| asset.packed.len()).sum();
    println!("first screen {first} bytes in {} files, all {all} bytes", BASE.len() + FIRST.len());
    assert!(first <= 60_000, "the first screen has {first} bytes");
    assert!(all <= 110_000, "all files have {all} bytes");
    // With the shell, the style sheet and seven calls of the API: far below 40 requests.
    assert!(BASE.len() + FIRST.len() <= 8, "{} files for the first screen", BASE.len() + FIRST.len());
}

#[test]
fn vendored_files_are_those_of_the_list() {
    let vendor = console().join("vendor");
    let list: serde_json::Value =
        serde_json::from_slice(&fs::read(vendor.join("vendor.json")).unwrap()).unwrap();
    let files = list["files"].as_array().unwrap();
    for file in files {
        let content = fs::read(vendor.join(file["file"].as_str().unwrap())).unwrap();
        let digest =
            Sha256::digest(&content).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(file["sha256"], digest, "{}: run `cargo xtask vendor`", file["file"]);
        assert_eq!(file["licence"], "MIT", "{}", file["file"]);
    }
    let scripts = fs::read_dir(&vendor).unwrap().map(|entry| entry.unwrap().path());
    let scripts = scripts.filter(|path| path.extension().is_some_and(|extension| extension == "js")).count();
    assert_eq!(scripts, files.len(), "a file is missing in vendor.json");
}

fn console() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console")
}
