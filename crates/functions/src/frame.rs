//! Framing of messages on a byte stream: a length of four bytes, little-endian, then JSON.

use serde::Serialize;
use std::io::{self, ErrorKind, Read};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest message in bytes. Calls and answers have much lower limits.
const MAX: usize = 128 << 20;

/// Encodes a message with its length.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    if length > MAX {
        return Err(io::Error::new(ErrorKind::InvalidData, "a message is too long"));
    }
    let prefix = u32::try_from(length).map_err(io::Error::other)?.to_le_bytes();
    frame.splice(..4, prefix);
    Ok(frame)
}

/// Reads the next message; `None` if the stream ends before a message begins. Blocks.
pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut prefix = [0; 4];
    match stream.read_exact(&mut prefix) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = length(prefix)?;
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    check_complete(body, length).map(Some)
}

/// Reads the next message as [`read`] does, without blocking.
pub(crate) async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut prefix = [0; 4];
    match stream.read_exact(&mut prefix).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = length(prefix)?;
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body).await?;
    check_complete(body, length).map(Some)
}

fn length(prefix: [u8; 4]) -> io::Result<u64> {
    let length = u64::from(u32::from_le_bytes(prefix));
    if length > MAX as u64 {
        return Err(io::Error::new(ErrorKind::InvalidData, "a message announces too many bytes"));
    }
    Ok(length)
}

fn check_complete(body: Vec<u8>, length: u64) -> io::Result<Vec<u8>> {
    if body.len() as u64 == length { Ok(body) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_encoded_message_is_read_back_and_a_truncated_one_is_an_error() {
        let frame = encode(&("a", 1)).unwrap();
        assert_eq!(read(&mut &frame[..]).unwrap().unwrap(), br#"["a",1]"#);
        assert_eq!(receive(&mut &frame[..]).await.unwrap().unwrap(), br#"["a",1]"#);
        assert!(read(&mut &frame[..0]).unwrap().is_none());
        assert!(read(&mut &frame[..6]).is_err());
        assert!(receive(&mut &frame[..6]).await.is_err());
        assert!(read(&mut &[255; 8][..]).is_err(), "an absurd length");
    }
}
