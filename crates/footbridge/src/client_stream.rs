//! Answers that go on: one JSON line after the other.

use std::{ops::ControlFlow, time::Duration};

use http::Method;
use http_body_util::BodyExt as _;
use tokio::time;

use crate::{
    client::{Call, Client},
    client_error::{ClientError, DEADLINE},
};

/// A server that says nothing for so long, not even an empty line, is taken to be gone.
const SILENCE: Duration = Duration::from_mins(2);

/// Longest line read.
const LONGEST_LINE: usize = 4 << 20;

impl Client {
    /// Gives `each` line of the answer as it comes, until the answer ends, `until` does, or `each` has had enough.
    /// Empty lines only say that the server is still there.
    ///
    /// # Errors
    /// [`ClientError`], in words for the user.
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
            let body = self.whole(answer).await?;
            return self.read(call.api, status, body).and_then(|_| Err(self.foreign()));
        }
        let mut lines = Lines::default();
        loop {
            let frame = time::timeout(SILENCE, answer.frame()).await.map_err(|_| self.slow(SILENCE))?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|_| self.broken(&"it broke off, as a server does that ends"))?;
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

/// Puts lines together again that the network has cut.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The lines that are whole now, without empty ones.
    fn push(&mut self, data: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(data);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        let lines = whole.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line.trim_ascii()));
        lines.filter(|line| !line.is_empty()).map(std::borrow::Cow::into_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_wherever_they_were_cut() {
        let text = "{\"a\":\"é\"}\n\n\r\n{\"b\":2}\n{\"c\"";
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            let mut lines = Lines::default();
            let mut found = lines.push(first);
            found.extend(lines.push(second));
            assert_eq!(found, ["{\"a\":\"é\"}", "{\"b\":2}"], "cut at {cut}");
            assert_eq!(lines.rest, b"{\"c\"");
        }
    }
}
