//! Files that pages load: the SDK, Bolt's scripts, the Socket.IO client.

use harness::each;

use super::common::start_server;

#[test]
fn client_files_load_from_any_origin_and_revalidate() {
    let gateway = start_server();
    let rows = [
        ("/sdk/host.js", "MiniappHost"),
        ("/sdk/miniapp.js", "connect"),
        ("/sdk/forward.js", "forwarder"),
        ("/socket.io/socket.io.js", "Socket.IO v4.8.3"),
        ("/socket.io/socket.io.esm.min.js", "Socket.IO v4.8.3"),
        ("/public/bolt/native/js/bolt.env.js", "bolt.Env"),
        ("/public/bolt/native/js/bolt.request.js", "bolt.Request"),
        ("/public/bolt/native/js/bolt.events.js", "bolt.Events"),
    ];
    each(rows, |(path, text)| {
        let answer = gateway.get(path).expect(200);
        assert!(answer.text().contains(text), "{path}");
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(answer.header("cache-control").unwrap().contains("max-age"));
        assert!(!answer.text().contains("sourceMappingURL"), "{path}");
        let tag = answer.header("etag").unwrap();
        let again = gateway.call("GET", path).header("If-None-Match", tag).send().expect(304);
        assert!(again.body.is_empty());
        gateway.call("GET", path).header("If-None-Match", "\"other\"").send().expect(200);
        assert!(gateway.call("HEAD", path).send().expect(200).body.is_empty());
        gateway.call("POST", path).send().expect(405);
    });
    let types = gateway.get("/sdk/host.d.ts").expect(200);
    assert!(types.text().contains("export declare class MiniappHost"), "{}", types.text());
    for nothing in ["/sdk/", "/sdk/nothing.js", "/sdk/package.json", "/public/x.js", "/sdk/../Cargo.toml"] {
        gateway.get(nothing).expect(404);
    }
}
