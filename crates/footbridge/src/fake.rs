//! A server that says what a test told it to, for the commands that talk to one.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What is answered to a request that begins so, with or without a query: `("GET /api/v1/apps", "200 OK", "{}")`. The
/// longest beginning counts.
pub(crate) type Route = (&'static str, &'static str, &'static str);

/// A status that leaves the answer open behind what was said.
pub(crate) const OPEN: &str = "200 OPEN";

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A server of a test.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Answers by these routes for as long as the test runs.
    pub(crate) fn start(routes: &[Route]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (routes, told) = (routes.to_vec(), Arc::clone(&seen));
        thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                open.extend(answer(stream.unwrap(), &routes, &told));
            }
        });
        Self { url, seen }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The first lines of the requests so far, without the version.
    pub(crate) fn lines(&self) -> Vec<String> {
        let first = |seen: &Seen| seen.head.lines().next().unwrap().replace(" HTTP/1.1", "");
        self.seen.lock().unwrap().iter().map(first).collect()
    }
}

/// Answers one request; gives the connection back when it is to stay open.
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
        let whole = begin.is_empty() || begin.ends_with(' ');
        head.strip_prefix(begin).is_some_and(|rest| whole || rest.starts_with([' ', '?']))
    };
    let fitting = routes.iter().filter(|(begin, _, _)| fits(begin));
    let nowhere = ("", "404 Not Found", r#"{"title":"Not Found"}"#);
    let (_, status, says) = fitting.max_by_key(|(begin, _, _)| begin.len()).unwrap_or(&nowhere);
    seen.lock().unwrap().push(Seen { head, body: String::from_utf8(body).unwrap() });
    let mut stream = stream.into_inner();
    let length = if *status == OPEN { String::new() } else { format!("content-length: {}\r\n", says.len()) };
    // A client that has had enough may be gone by now.
    let _ =
        stream.write_all(format!("HTTP/1.1 {status}\r\n{length}connection: close\r\n\r\n{says}").as_bytes());
    (*status == OPEN).then_some(stream)
}
