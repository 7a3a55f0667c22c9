//! A server with fixed answers, for tests of the commands that talk to a server.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The start of a request, and the status and body of the answer: `("GET /api/v1/apps", "200 OK", "{}")`. The query
/// need not match. If several routes match, the longest counts.
pub(crate) type Route = (&'static str, &'static str, &'static str);

/// A status for an answer that is not ended after the body.
pub(crate) const OPEN: &str = "200 OPEN";

/// One request as the server received it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A running server with fixed answers.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Starts a server that answers by these routes until the test ends.
    pub(crate) fn start(routes: &[Route]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (routes, requests) = (routes.to_vec(), Arc::clone(&seen));
        thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                open.extend(answer(stream.unwrap(), &routes, &requests));
            }
        });
        Self { url, seen }
    }

    /// Returns the requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the first lines of the requests so far, without the HTTP version.
    pub(crate) fn lines(&self) -> Vec<String> {
        let first = |seen: &Seen| seen.head.lines().next().unwrap().replace(" HTTP/1.1", "");
        self.seen.lock().unwrap().iter().map(first).collect()
    }
}

/// Answers one request; returns the connection if it must stay open.
fn answer(stream: TcpStream, routes: &[Route], seen: &Mutex<Vec<Seen>>) -> Option<TcpStream> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).unwrap() == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    let fits = |begin: &str| {
        let complete = begin.is_empty() || begin.ends_with(' ');
        head.strip_prefix(begin).is_some_and(|rest| complete || rest.starts_with([' ', '?']))
    };
    let fitting = routes.iter().filter(|(begin, _, _)| fits(begin));
    let nowhere = ("", "404 Not Found", r#"{"title":"Not Found"}"#);
    let (_, status, content) = fitting.max_by_key(|(begin, _, _)| begin.len()).unwrap_or(&nowhere);
    seen.lock().unwrap().push(Seen { head, body: String::from_utf8(body).unwrap() });
    let mut stream = stream.into_inner();
    let length =
        if *status == OPEN { String::new() } else { format!("content-length: {}\r\n", content.len()) };
    // The client may have closed the connection already.
    let _ = stream
        .write_all(format!("HTTP/1.1 {status}\r\n{length}connection: close\r\n\r\n{content}").as_bytes());
    (*status == OPEN).then_some(stream)
}
