use super::app::App;
use super::kit::{Client, Server, package, run, until};
use std::rc::Rc;
use tokio::io::AsyncWriteExt as _;

async fn stage(app: &App) -> (Server, Client) {
    let server = Server::start().await;
    server.install(package("shop"), app.address).await;
    let client = server.connect().await;
    (server, client)
}

#[test]
fn frames_arrive_one_by_one_and_a_client_that_leaves_is_noticed() {
    run(async {
        let go = Rc::new(tokio::sync::Notify::new());
        let gate = Rc::clone(&go);
        let app = App::start(move |mut peer| {
            let gate = Rc::clone(&gate);
            async move {
                peer.request().await;
                peer.say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
                for n in 0..3 {
                    peer.say(format!("9\r\ndata: {n}\n\n\r\n")).await;
                    gate.notified().await;
                }
                peer.until_closed().await;
            }
        })
        .await;
        let (_server, mut client) = stage(&app).await;
        client.say("GET /x/shop/live HTTP/1.1\r\nhost: a\r\n\r\n").await;
        for n in 0..3 {
            client.read_to(&format!("data: {n}\n\n")).await;
            go.notify_one();
        }
        drop(client);
        until(|| app.seen.closed.get() == 1).await;
    });
}

#[test]
fn uploads_are_passed_on_as_they_come() {
    run(async {
        let app = App::start(|mut peer| async move {
            let head = peer.head().await.unwrap();
            for mark in ["one", "two"] {
                let part = peer.read_to(mark).await.unwrap();
                peer.seen.requests.borrow_mut().push(part);
            }
            peer.read_to("0\r\n\r\n").await.unwrap();
            assert!(head.contains("transfer-encoding: chunked"));
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        })
        .await;
        let (_server, mut client) = stage(&app).await;
        client.say("POST /x/shop/ HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
        for (n, text) in ["one", "two"].into_iter().enumerate() {
            client.say(format!("3\r\n{text}\r\n")).await;
            until(|| app.seen.count() == n + 1).await;
        }
        client.say("0\r\n\r\n").await;
        assert_eq!(client.answer().await.status, 200);
    });
}

#[test]
fn an_answer_that_nobody_reads_is_not_hoarded() {
    run(async {
        let app = App::start(|mut peer| async move {
            peer.request().await;
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await;
            let piece = vec![b'x'; 1 << 16];
            let mut written = 0;
            while tokio::time::timeout(std::time::Duration::from_millis(200), peer.stream.write_all(&piece))
                .await
                .is_ok()
            {
                written += piece.len();
            }
            peer.seen.requests.borrow_mut().push(written.to_string());
        })
        .await;
        let (_server, mut client) = stage(&app).await;
        client.say("GET /x/shop/ HTTP/1.1\r\nhost: a\r\n\r\n").await;
        client.read_to("\r\n\r\n").await;
        until(|| app.seen.count() == 2).await;
        let written: usize = app.seen.last().parse().unwrap();
        // What the buffers of four sockets take, and little more.
        assert!(written < 40_000_000, "{written}");
    });
}

const UPGRADE: &str = "GET /x/shop/ws HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-key: k\r\n\r\nearly";

async fn echo() -> App {
    App::start(|mut peer| async move {
        let head = peer.request().await.unwrap();
        assert!(head.contains("upgrade: websocket\r\n") && head.contains("connection: upgrade\r\n"), "{head}");
        peer.say("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: a\r\n\r\nhello").await;
        while let Some(said) = peer.read_to("!").await {
            peer.say(said.to_uppercase()).await;
        }
    })
    .await
}

#[test]
fn another_protocol_is_relayed_byte_by_byte() {
    run(async {
        let app = echo().await;
        let (_server, mut client) = stage(&app).await;
        client.say(UPGRADE).await;
        let head = client.read_to("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 101") && head.contains("sec-websocket-accept: a"), "{head}");
        client.read_to("hello").await;
        client.say("er!").await;
        assert_eq!(client.read_to("!").await, "EARLYER!");
        client.say("more!").await;
        assert_eq!(client.read_to("!").await, "MORE!");
        client.stream.shutdown().await.unwrap();
        until(|| app.seen.closed.get() == 1).await;
    });
}

#[test]
fn at_the_end_what_never_ends_is_given_up() {
    run(async {
        let app = echo().await;
        let (server, mut client) = stage(&app).await;
        client.say(UPGRADE).await;
        client.read_to("hello").await;
        // Before the apps are stopped: they wait for their connections to end.
        server.engine.drain();
        until(|| app.seen.closed.get() == 1).await;
        assert_eq!(client.rest().await, "");
        server.end().await;
    });
}

#[test]
fn at_the_end_a_download_is_finished_and_events_are_not() {
    run(async {
        let go = Rc::new(tokio::sync::Notify::new());
        let gate = Rc::clone(&go);
        let app = App::start(move |mut peer| {
            let gate = Rc::clone(&gate);
            async move {
                if peer.request().await.is_some_and(|request| request.contains("/events")) {
                    peer.say("HTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream; charset=utf-8\r\n\r\ndata: 1\n\n").await;
                    return peer.until_closed().await;
                }
                peer.say("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf").await;
                gate.notified().await;
                peer.say("rest").await;
            }
        })
        .await;
        let (server, mut events) = stage(&app).await;
        let mut download = server.connect().await;
        events.say("GET /x/shop/events HTTP/1.1\r\nhost: a\r\n\r\n").await;
        events.read_to("data: 1").await;
        download.say("GET /x/shop/file HTTP/1.1\r\nhost: a\r\n\r\n").await;
        download.read_to("half").await;
        server.engine.drain();
        until(|| app.seen.closed.get() == 1).await;
        go.notify_one();
        download.read_to("rest").await;
        server.end().await;
    });
}

#[test]
fn a_switch_that_nobody_asked_for_is_none() {
    run(async {
        let app =
            App::answering("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: x\r\n\r\n")
                .await;
        let (_server, mut client) = stage(&app).await;
        assert_eq!(client.ask("GET /x/shop/", "", "").await.status, 502);
    });
}

#[test]
fn an_app_that_declines_to_switch_answers() {
    run(async {
        let app =
            App::answering("HTTP/1.1 426 Upgrade Required\r\nupgrade: other\r\ncontent-length: 0\r\n\r\n")
                .await;
        let (_server, mut client) = stage(&app).await;
        client.say(UPGRADE).await;
        assert!(client.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 426"));
    });
}
