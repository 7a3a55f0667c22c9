//! Reads HTTP/1.1 messages from a stream; used by both ends of the harness.

use std::io::{self, BufRead};

/// The start line and the headers of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) start: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

pub(crate) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Reads up to the empty line. Returns `None` if the stream ends before the first byte.
pub(crate) fn read_head(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut head = Head::default();
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line)? == 0 {
            return if head.start.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Ok(Some(head));
        }
        if head.start.is_empty() {
            line.clone_into(&mut head.start);
        } else {
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            head.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

/// Reads the body that `head` announces. A message without a length has a body up to the end of the stream if
/// `to_end`.
pub(crate) fn read_body(head: &Head, from: &mut impl BufRead, to_end: bool) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if head.get("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        while read_chunk(from, &mut body)? {}
    } else if let Some(length) = head.get("content-length") {
        let length = length.parse::<usize>().map_err(|_| io::ErrorKind::InvalidData)?;
        body.resize(length, 0);
        from.read_exact(&mut body)?;
    } else if to_end {
        from.read_to_end(&mut body)?;
    }
    Ok(body)
}

fn read_chunk(from: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<bool> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let size = line.trim().split(';').next().unwrap_or_default();
    let size = usize::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
    let begin = body.len();
    body.resize(begin + size, 0);
    from.read_exact(&mut body[begin..])?;
    line.clear();
    from.read_line(&mut line)?;
    Ok(size > 0)
}
