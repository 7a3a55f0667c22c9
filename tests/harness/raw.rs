//! A TCP connection that sends exact bytes, for HTTP that no client would send.

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
    /// Connects. Reads time out after 15 s.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(15))).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    /// Writes the bytes. A closed connection is no error here; the answer decides.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _gone = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Writes the bytes; returns an error if the peer has closed the connection.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Reads the next answer.
    pub fn try_answer(&mut self) -> io::Result<Answer> {
        Answer::read(&mut self.reader, false)
    }

    /// Reads the next answer; fails the test if there is none.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Reads until `text` arrives and returns everything read. Fails the test if the connection ends first.
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

    /// Reads until the peer closes the connection.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _reset = self.reader.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Returns true if nothing arrives within `time` and the connection stays open.
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

    /// Closes the sending half of the connection.
    pub fn finish(&mut self) -> &mut Self {
        let _gone = self.stream.shutdown(Shutdown::Write);
        self
    }
}
