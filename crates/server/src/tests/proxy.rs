use super::app::{App, OK};
use super::kit::{Client, Server, package, run, until};
use std::sync::atomic::Ordering;

async fn stage(app: &App) -> Server {
    let server = Server::start().await;
    server.install(package("shop"), app.address).await;
    server
}

#[test]
fn the_prefix_goes_and_nothing_else_of_the_path() {
    run(async {
        let app = App::answering(OK).await;
        let server = stage(&app).await;
        for (path, seen) in [
            ("/x/shop/", "/"),
            ("/x/shop/a%2Fb//c/../d;e?q=%20&r=/x/", "/a%2Fb//c/../d;e?q=%20&r=/x/"),
            ("/x/Shop//evil.example/", "//evil.example/"),
            ("/x/shop/?", "/?"),
        ] {
            let answer = server.ask(&format!("GET {path}"), "", "").await;
            assert_eq!((answer.status, &answer.body[..]), (200, "ok"), "{path}");
            let line = app.seen.last();
            assert!(line.starts_with(&format!("GET {seen} HTTP/1.1\r\n")), "{line}");
        }
        assert!(app.seen.last().contains("x-forwarded-prefix: /x/shop\r\n"));
        assert!(app.seen.last().contains("x-forwarded-proto: https\r\n"));
        assert!(app.seen.last().contains("x-forwarded-for: 127.0.0.1\r\n"));
        assert!(app.seen.last().contains("host: bridge.example\r\n"));
        assert_eq!(app.seen.connections.get(), 1, "connections to the app are kept");
        assert_eq!(server.launcher.starts.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn what_there_is_not() {
    run(async {
        let app = App::answering(OK).await;
        let server = stage(&app).await;
        for path in ["/x", "/x/", "/x/none", "/x/none/", "/x/other/", "/x/sh%6Fp/", "/x/bolt/"] {
            assert_eq!(server.ask(&format!("GET {path}"), "", "").await.status, 404, "{path}");
        }
        let answer = server.ask("GET /x/shop?a=/b", "", "").await;
        assert_eq!((answer.status, answer.header("location")), (308, Some("/x/shop/?a=/b")));
        assert_eq!(app.seen.connections.get(), 0);
    });
}

#[test]
fn hook_routes_are_read_and_nothing_else_by_those_outside() {
    run(async {
        let app = App::answering(OK).await;
        let server = stage(&app).await;
        for path in [
            "/hooks/photo",
            "//hooks/photo",
            "/hooks//photo/",
            "/./hooks/photo",
            "/a/../hooks/photo",
            "/a/%2e%2e/hooks/photo",
            "/Hooks/PHOTO",
            "/hooks%2fphoto",
            "/%68ooks/photo?x=1",
            "/%2568ooks/photo",
        ] {
            let answer = server.ask(&format!("POST /x/shop{path}"), "", "{}").await;
            assert_eq!(answer.status, 404, "{path}");
        }
        for (line, headers, body) in [
            ("PUT", "", "{}"),
            ("DELETE", "", ""),
            ("PATCH", "", "{}"),
            ("OPTIONS", "", ""),
            ("REPORT", "", ""),
            ("POST", "", ""),
            ("GET", "", "{}"),
            ("GET", "origin: http://evil.example\r\n", ""),
            ("GET", "connection: upgrade\r\nupgrade: websocket\r\n", ""),
        ] {
            let answer = server.ask(&format!("{line} /x/shop/hooks/photo"), headers, body).await;
            assert_eq!(answer.status, 404, "{line} {headers}");
        }
        assert_eq!(app.seen.count(), 0);
        for line in [
            "GET /x/shop/hooks/photo",
            "PUT /x/shop/hooks/photos",
            "POST /x/shop/hooks/photos",
            "POST /x/shop/hooks",
        ] {
            assert_eq!(server.ask(line, "", "").await.status, 200, "{line}");
        }
    });
}

#[test]
fn headers_of_both_sides() {
    run(async {
        let app = App::answering(
            "HTTP/1.1 201 Made\r\nconnection: close, x-gone\r\nx-gone: 1\r\nfootbridge-router-next: 1\r\n\
             set-cookie: a=1\r\nset-cookie: b=2; Path=/; Domain=a.example\r\nset-cookie: fb_page_other=; Max-Age=0\r\n\
             location: /made\r\nrefresh: 1; url=/made\r\nstrict-transport-security: max-age=99\r\n\
             service-worker-allowed: /\r\ncontent-length: 2\r\n\r\nok",
        )
        .await;
        let server = stage(&app).await;
        let given = "x-bolt-app-token: t\r\nwebhook-id: evt_1\r\nfootbridge-router: r\r\n\
                     x-forwarded-for: 10.1.1.1\r\ncookie: c=3\r\nte: trailers\r\n";
        let answer = server.ask("GET /x/shop/", given, "").await;
        assert_eq!((answer.status, &answer.body[..]), (201, "ok"));
        for kept in [
            "set-cookie: a=1\r\nset-cookie: b=2; Path=/x/shop/\r\n",
            "location: /x/shop/made\r\n",
            "refresh: 1; url=/x/shop/made\r\n",
            "service-worker-allowed: /x/shop/\r\n",
        ] {
            assert!(answer.head.contains(kept), "{kept}: {}", answer.head);
        }
        for gone in ["x-gone", "footbridge-", "fb_page", "strict-transport"] {
            assert!(!answer.head.contains(gone), "{gone}: {}", answer.head);
        }
        let seen = app.seen.last();
        assert!(seen.contains("cookie: c=3\r\n"), "{seen}");
        // What the server itself adds is another's than the client's.
        assert!(seen.contains("footbridge-run-secret: fbs_"), "{seen}");
        let seen = seen.replace("footbridge-run-secret", "");
        for gone in ["x-bolt", "webhook", "footbridge", "10.1.1.1", "te:"] {
            assert!(!seen.contains(gone), "{gone} in {seen}");
        }
    });
}

#[test]
fn a_system_app_is_sent_its_whole_path() {
    run(async {
        let app =
            App::answering("HTTP/1.1 302 Found\r\nlocation: /api/books/1\r\ncontent-length: 0\r\n\r\n").await;
        let server = Server::start().await;
        let mut manifest = package("shop");
        manifest.package.system = true;
        server.install(manifest, app.address).await;
        let answer = server.ask("GET /x/shop/a%2Fb?q=/x", "", "").await;
        assert!(app.seen.last().starts_with("GET /x/shop/a%2Fb?q=/x HTTP/1.1\r\n"), "{}", app.seen.last());
        assert_eq!(answer.header("location"), Some("/x/shop/api/books/1"));
        assert_eq!(server.ask("PUT /x/shop/hooks/photo", "", "{}").await.status, 404);
        // What one of its like mounts on the server is the server's.
        let router = App::answering(OK).await;
        server.install(super::kit::with_router("books", "r", "/api/books", 0), router.address).await;
        let answer = server.ask("GET /x/shop/", "", "").await;
        assert_eq!(answer.header("location"), Some("/api/books/1"));
    });
}

#[test]
fn methods_are_written_in_capitals() {
    run(async {
        let app = App::answering(OK).await;
        let server = stage(&app).await;
        for path in ["/x/shop/", "/x/shop/hooks/photo", "/api/events/x", "/api/v1/apps", "/livez", "/nothing"]
        {
            for method in ["post", "Get", "gET", "POST_", "P!"] {
                let answer = server.ask(&format!("{method} {path}"), "", "{}").await;
                assert_eq!(answer.status, 400, "{method} {path}");
                assert!(answer.body.contains("capital letters"), "{}", answer.body);
            }
        }
        assert_eq!(app.seen.count(), 0);
        assert_eq!(server.ask("M-SEARCH /x/shop/", "", "").await.status, 200);
    });
}

#[test]
fn the_worker_of_an_app_that_is_gone_is_told_to_go() {
    run(async {
        let app = App::answering(OK).await;
        let server = stage(&app).await;
        server.install(super::kit::with_router("books", "r", "/sw.js", 0), app.address).await;
        for path in
            ["/x/none/sw.js", "/x/none", "/public/none/sw.js", "/public/shop/sw.js", "/gone/sw.js", "/sw.js"]
        {
            let answer = server.ask(&format!("GET {path}"), "service-worker: script\r\n", "").await;
            assert_eq!((answer.status, answer.header("service-worker-allowed")), (200, Some("/")), "{path}");
            assert!(answer.body.contains("registration.unregister()"), "{}", answer.body);
            assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/javascript")));
        }
        for path in ["/x/none/sw.js", "/public/none/sw.js", "/gone/sw.js"] {
            assert_eq!(server.ask(&format!("GET {path}"), "", "").await.status, 404, "{path}");
        }
        // That of an app that is there is the app's.
        for path in ["/x/shop/sw.js", "/sw.js/lib/sw.js"] {
            let answer = server.ask(&format!("GET {path}"), "service-worker: script\r\n", "").await;
            assert_eq!(answer.body, "ok", "{path}");
        }
    });
}

#[test]
fn old_and_odd_requests() {
    run(async {
        let app = App::start(|mut peer| async move {
            while let Some(request) = peer.request().await {
                let length = if request.starts_with("HEAD") {
                    "content-length: 7\r\n\r\n"
                } else {
                    "content-length: 2\r\n\r\nok"
                };
                peer.say(format!("HTTP/1.1 200 OK\r\n{length}")).await;
            }
        })
        .await;
        let server = stage(&app).await;
        let mut client = server.connect().await;
        client.say("GET /x/shop/ HTTP/1.0\r\n\r\n").await;
        let text = client.rest().await;
        assert!(text.starts_with("HTTP/1.0 200") && text.ends_with("\r\n\r\nok"), "{text}");
        assert!(app.seen.last().contains(&format!("host: {}\r\n", app.address)), "HTTP/1.1 wants one");
        let mut client = server.connect().await;
        client.say("HEAD /x/shop/ HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(client.read_to("\r\n\r\n").await.contains("content-length: 7\r\n"));
        assert_eq!(
            client.ask("OPTIONS /x/shop/", "origin: http://a\r\n", "").await.status,
            200,
            "the connection is usable"
        );
        client
            .say("PUT /x/shop/ HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
            .await;
        assert!(client.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 100"));
        client.say("body").await;
        assert_eq!(client.answer().await.status, 200);
        assert!(app.seen.last().ends_with("\r\n\r\nbody") && !app.seen.last().contains("expect"));
        client
            .say("GET /x/shop/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
            .await;
        assert_eq!(client.answer().await.status, 200);
        assert!(app.seen.last().contains("2\r\nhi\r\n"), "{}", app.seen.last());
    });
}

#[test]
fn an_app_that_does_not_start_tells_the_public_nothing() {
    run(async {
        let server = Server::start().await;
        server.put(package("shop"));
        server.engine.install("/apps/shop".into(), false).await.unwrap();
        let answer = server.ask("GET /x/shop/", "", "").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("3")));
        assert!(!answer.body.contains("secret") && !answer.body.contains("exit"), "{}", answer.body);
    });
}

#[test]
fn an_app_that_breaks_off() {
    run(async {
        let app = App::start(|mut peer| async move {
            let request = peer.request().await.unwrap_or_default();
            if request.contains("/half") {
                peer.say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await;
            }
        })
        .await;
        let server = stage(&app).await;
        assert_eq!(server.ask("POST /x/shop/", "", "{}").await.status, 502);
        assert_eq!(app.seen.count(), 1, "what may have been read is not sent again");
        let mut client = server.connect().await;
        client.say("GET /x/shop/half HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let text = client.rest().await;
        assert!(text.ends_with("\r\n\r\nhalf"), "a cut answer is cut for the client too: {text}");
    });
}

#[test]
fn a_kept_connection_that_was_closed_is_not_a_failure() {
    run(async {
        let app = App::start(|mut peer| async move {
            if peer.request().await.is_some() {
                peer.say(OK).await;
            }
        })
        .await;
        let server = stage(&app).await;
        for round in 1..=20 {
            assert_eq!(server.ask("POST /x/shop/", "", "{}").await.status, 200);
            // Gone before the next request, so that nothing is luck.
            until(|| app.seen.count() == round).await;
        }
    });
}

#[test]
fn a_client_that_leaves_is_noticed_before_the_answer() {
    run(async {
        let app = App::start(|mut peer| async move {
            peer.request().await;
            peer.until_closed().await;
        })
        .await;
        let server = stage(&app).await;
        let mut client: Client = server.connect().await;
        client.say("GET /x/shop/slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
        until(|| app.seen.count() == 1).await;
        drop(client);
        until(|| app.seen.closed.get() == 1).await;
    });
}
