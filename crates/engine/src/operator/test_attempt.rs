//! One attempt of a test, and what is shown of it.

use super::mask::Mask;
use super::verdict::TestedAs;
use bytes::Bytes;
use footbridge_courier::{AnswerLimit, Courier, Grant, Outbound, Roots, Target, Timing, Traced};
use http::{HeaderMap, Method};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The most that is shown of a request or an answer, in bytes.
const SHOWN: usize = 64 * 1024;
/// The number of bytes that are read beyond that: a credential that ends there is replaced as a whole.
const BEYOND: usize = 1024;

/// A request of a test.
pub(crate) struct TestRequest {
    pub(super) target: Arc<Target>,
    pub(super) app: Arc<str>,
    pub(super) grants: Arc<[Grant]>,
    pub(super) roots: Option<Arc<Roots>>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) timeout: Duration,
    pub(super) mask: Mask,
    pub(super) judge: TestedAs,
}

/// One attempt of a test as an operator sees it. Credentials are shortened.
#[derive(Debug)]
pub struct TestAttempt {
    /// The URL of the request.
    pub url: String,
    /// The headers of the request as they were sent, in order.
    pub headers: Vec<(String, String)>,
    /// The body of the request, or its beginning.
    pub body: String,
    /// The answer, if one came.
    pub answer: Option<TestAnswer>,
    /// The reason why no answer came.
    pub error: Option<String>,
    /// How long the parts took.
    pub timing: Timing,
    /// The address that was dialled.
    pub address: Option<IpAddr>,
    /// The judgement of the address policy.
    pub address_verdict: String,
    /// The meaning of the outcome, in words.
    pub verdict: String,
}

/// The answer to a test.
#[derive(Debug)]
pub struct TestAnswer {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body, or its beginning. Bytes that are not UTF-8 are replaced.
    pub body: String,
    /// True if `body` is only the beginning.
    pub truncated: bool,
}

impl TestRequest {
    /// Sends the request once.
    pub(crate) async fn send(self, courier: &Courier) -> TestAttempt {
        let outbound = Outbound {
            method: Method::POST,
            target: Arc::clone(&self.target),
            app: self.app,
            grants: self.grants,
            roots: self.roots,
            headers: self.headers,
            body: self.body.clone(),
            deadline: Instant::now() + self.timeout,
            answer: AnswerLimit::Truncate(SHOWN + BEYOND),
            written: None,
        };
        let Traced { result, headers, address, verdict: address_verdict, timing } =
            courier.send_traced(outbound).await;
        // It names the address of a redirect, which is the receiver's text.
        let verdict = self.mask.text(&self.judge.verdict(&result));
        let (answer, error) = match result {
            Ok(answer) => {
                let answer_headers = answer.headers.iter().map(|(name, value)| {
                    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                });
                let (body, is_cut) = shown(&answer.body, &self.mask);
                let shown = TestAnswer {
                    status: answer.status.as_u16(),
                    headers: self.mask.headers(answer_headers),
                    body,
                    truncated: answer.truncated || is_cut,
                };
                (Some(shown), None)
            }
            Err(failure) => (None, Some(failure.to_string())),
        };
        let (body, _) = shown(&self.body, &self.mask);
        TestAttempt {
            url: self.mask.text(self.target.url()),
            headers: self.mask.headers(headers),
            body,
            answer,
            error,
            timing,
            address: address.map(|address| address.ip()),
            address_verdict,
            verdict,
        }
    }
}

/// The beginning of a body as text without credentials, and true if it is not all of it.
fn shown(body: &[u8], mask: &Mask) -> (String, bool) {
    let read = body.get(..SHOWN + BEYOND).unwrap_or(body);
    let mut text = mask.text(&String::from_utf8_lossy(read));
    let is_cut = text.len() > SHOWN || read.len() < body.len();
    text.truncate(text.floor_char_boundary(SHOWN));
    (text, is_cut)
}
