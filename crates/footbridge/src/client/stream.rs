//! Answers without an end: one JSON text per line.

use std::{ops::ControlFlow, time::Duration};

use http::Method;
use http_body_util::BodyExt as _;
use tokio::time;

use super::{
    Call, Client,
    error::{ClientError, DEADLINE},
};

/// The server is taken to be gone after so long without a line. It sends an empty line more often.
const SILENCE: Duration = Duration::from_mins(2);

/// Longest line read, 4 MiB.
const LONGEST_LINE: usize = 4 << 20;

impl Client {
    /// Passes each line of the answer to `each` as it arrives, until the answer ends, `until` ends or `each` breaks.
    /// Empty lines, which only show that the server is alive, are left out.
    ///
    /// # Errors
    /// [`ClientError`], whose text is for the user.
    pub fn follow(
        &self,
        call: &Call<'_>,
        until: impl Future<Output = ()>,
        each: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), ClientError> {
        self.block_on(async {
            tokio::select! {
                () = until => Ok(()),
                ended = self.stream(call, each) => ended,
            }
        })?
    }

    async fn stream(
        &self,
        call: &Call<'_>,
        mut each: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), ClientError> {
        let opened = time::timeout(DEADLINE, self.open(&Method::GET, call)).await;
        let mut answer = opened.map_err(|_| self.slow(DEADLINE))??;
        let status = answer.status();
        if !status.is_success() {
            let body = self.body(answer).await?;
            return self.read(call, status, body).and_then(|_| Err(self.foreign()));
        }
        let mut lines = LineBuffer::default();
        loop {
            let frame = time::timeout(SILENCE, answer.frame()).await.map_err(|_| self.slow(SILENCE))?;
            let Some(frame) = frame else { return Ok(()) };
            let frame =
                frame.map_err(|_| self.broken(&"the connection broke off; the server may have stopped"))?;
            let Some(data) = frame.data_ref() else { continue };
            for line in lines.push(data) {
                if each(&line).is_break() {
                    return Ok(());
                }
            }
            if lines.rest.len() > LONGEST_LINE {
                return Err(self.foreign());
            }
        }
    }
}

/// Joins lines that the network has split.
#[derive(Debug, Default)]
struct LineBuffer {
    rest: Vec<u8>,
}

impl LineBuffer {
    /// Adds data and returns the lines that are complete now, without empty ones.
    fn push(&mut self, data: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(data);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let complete: Vec<u8> = self.rest.drain(..=end).collect();
        let lines =
            complete.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line.trim_ascii()));
        lines.filter(|line| !line.is_empty()).map(std::borrow::Cow::into_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_complete_wherever_the_network_splits_them() {
        let text = "{\"a\":\"é\"}\n\n\r\n{\"b\":2}\n{\"c\"";
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            let mut lines = LineBuffer::default();
            let mut found = lines.push(first);
            found.extend(lines.push(second));
            assert_eq!(found, ["{\"a\":\"é\"}", "{\"b\":2}"], "cut at {cut}");
            assert_eq!(lines.rest, b"{\"c\"");
        }
    }
}
