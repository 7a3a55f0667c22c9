//! A connection that says exactly what it is told, for HTTP that no client would send.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::http::Answer;

/// A bare TCP connection to the program.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Raw {
    /// Connects; reads wait 15 s at most.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(15))).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    /// Writes the bytes; a peer that has gone away is not an error here, its answer counts.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _gone = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Writes the bytes and tells whether the peer took them.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Reads one answer.
    pub fn try_answer(&mut self) -> io::Result<Answer> {
        Answer::read(&mut self.reader, false)
    }

    /// Reads one answer; none fails the test.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Reads until `text` has come; everything since the last call. Fails the test when it does not come.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let mut byte = [0];
            match self.reader.read(&mut byte) {
                Ok(1) => seen.push(byte[0]),
                end => panic!("{end:?} before {text:?}: {:?}", String::from_utf8_lossy(&seen)),
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// Everything that still comes until the peer closes.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _reset = self.reader.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Whether nothing more comes within `time` while the connection stays open.
    pub fn silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let mut byte = [0];
        let quiet = matches!(
            self.reader.read(&mut byte),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        );
        self.stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        quiet
    }

    /// Ends our half of the connection.
    pub fn finish(&mut self) -> &mut Self {
        let _gone = self.stream.shutdown(Shutdown::Write);
        self
    }
}
