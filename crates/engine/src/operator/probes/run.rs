//! Makes the probes, one after the other, within a time limit.

use super::advice::{advice, code};
use super::kind::{Expected, ProbeKind, Protocol};
use super::message::{Draft, Message};
use super::setup::ProbeSetup;
use super::store::Probe;
use crate::operator::mask::Mask;
use footbridge_courier::{Answer, AnswerLimit, Courier, Outbound};
use footbridge_model::attempt::Failure;
use footbridge_model::time::Millis;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The time limit of a complete test.
const TEST: Duration = Duration::from_secs(55);
/// The time limit of one request.
const REQUEST: Duration = Duration::from_secs(4);
/// How long the second half of a slow request is held back.
const PAUSE: Duration = Duration::from_secs(1);
/// The size of the large body, in bytes.
const LARGE: usize = 1_000_000;
/// The number of requests at the same time.
const CONCURRENT: usize = 8;
/// The most characters of an answer that a result shows.
const EXCERPT: usize = 120;
/// The most that is read of an answer, in bytes.
const ANSWER: usize = 4096;

/// The reason why no further probe of a receiver that redirects says anything.
const REDIRECTS: &str = "not sent: the receiver redirects";
const UNKNOWN: &str = "footbridge-test-of-an-unknown-name";
/// Members that differ from themselves once they were parsed and written again.
const ESCAPES: &str = " \"text\": \"Gr\u{fc}\u{df}e \\u00e9 \\/ \\\"\\\\ \u{65e5}\u{672c}\u{8a9e} \\ud83d\\ude00 \u{1f600} \\u2028\", \"number\": 1.0, \"large\": 12345678901234567890 , \"\u{e4}\": [ ] ";

type ProbeAnswer = Result<Answer, Failure>;

/// The result of a probe, before it is put in words.
struct ProbeOutcome {
    got: String,
    ok: Option<bool>,
}

impl ProbeSetup {
    /// Makes all probes and reports each result.
    pub(crate) async fn run(self, courier: Rc<Courier>) {
        let setup = Rc::new(self);
        let until = Instant::now() + TEST;
        let mut unusable: Option<&'static str> = None;
        for (n, kind) in (1..).zip(ProbeKind::ALL) {
            let is_asked = |why: &str| kind == ProbeKind::Redirect && why == REDIRECTS;
            let judged = if let Some(why) = unusable.filter(|why| !is_asked(why)) {
                ProbeOutcome { got: why.to_owned(), ok: None }
            } else if Instant::now() + REQUEST > until {
                ProbeOutcome { got: "not sent: the time for the test is over".to_owned(), ok: None }
            } else {
                setup.probe(&courier, kind).await
            };
            let judged = after_good(kind, judged, &mut unusable);
            setup.tests.report(&setup.id, setup.result(n, kind, judged));
        }
        setup.tests.end(&setup.id);
    }

    fn result(&self, n: u8, kind: ProbeKind, judged: ProbeOutcome) -> Probe {
        let ProbeOutcome { got, ok } = judged;
        let wrong = ok == Some(false);
        Probe {
            n,
            name: kind.name(),
            sent: kind.sent(self.protocol),
            expected: kind.expected(self.protocol).text(),
            got,
            ok,
            advice: advice(kind, self.protocol, ok).to_owned(),
            code: if wrong { code(kind, self.protocol) } else { None },
        }
    }

    async fn probe(self: &Rc<Self>, courier: &Rc<Courier>, kind: ProbeKind) -> ProbeOutcome {
        let now = self.clock.now();
        let Some(messages) = self.messages(kind, now) else {
            return ProbeOutcome {
                got: "not sent: the app's credentials cannot be sent".to_owned(),
                ok: None,
            };
        };
        let received = if kind == ProbeKind::Concurrent {
            let mut running = JoinSet::new();
            for message in messages {
                let (setup, courier) = (Rc::clone(self), Rc::clone(courier));
                running.spawn_local(async move { setup.send(&courier, message).await });
            }
            running.join_all().await
        } else {
            let mut received = Vec::with_capacity(messages.len());
            for message in messages {
                received.push(self.send(courier, message).await);
            }
            received
        };
        self.judge(kind, &received)
    }

    /// The requests of a probe, in the order in which they are sent.
    fn messages(&self, kind: ProbeKind, now: Millis) -> Option<Vec<Message>> {
        let usual = Draft { name: &self.name, at: now, payload: &self.payload };
        let valid = |draft| Message::valid(self, draft);
        let at = |ago: Duration| Millis(now.0.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(0)));
        Some(match kind {
            ProbeKind::Good | ProbeKind::Redirect => vec![valid(usual)?],
            ProbeKind::Repeated => {
                let message = valid(usual)?;
                vec![message.clone(), message]
            }
            ProbeKind::OutOfOrder => {
                vec![valid(usual)?, valid(Draft { at: at(Duration::from_mins(1)), ..usual })?]
            }
            ProbeKind::BadSignature => vec![valid(usual)?.with_wrong_credential(self, now)?],
            ProbeKind::OldTimestamp => vec![valid(Draft { at: at(Duration::from_hours(1)), ..usual })?],
            ProbeKind::MissingSignature => vec![valid(usual)?.without_credential(self.protocol)],
            ProbeKind::Large => {
                let payload = with_members(&self.payload, &format!("\"filler\":\"{}\"", "x".repeat(LARGE)));
                vec![valid(Draft { payload: &payload, ..usual })?]
            }
            ProbeKind::SlowBody => vec![Message { pause: Some(PAUSE), ..valid(usual)? }],
            ProbeKind::WrongType => {
                let mut message = valid(usual)?;
                message.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
                vec![message]
            }
            ProbeKind::UnknownEvent => vec![valid(Draft { name: UNKNOWN, ..usual })?],
            ProbeKind::Escapes => {
                vec![valid(Draft { payload: &with_members(&self.payload, ESCAPES), ..usual })?]
            }
            ProbeKind::OtherMethod => [Method::GET, Method::HEAD]
                .map(|method| Message {
                    method,
                    headers: HeaderMap::new(),
                    body: bytes::Bytes::new(),
                    pause: None,
                })
                .to_vec(),
            ProbeKind::Concurrent => (0..CONCURRENT).map(|_| valid(usual)).collect::<Option<_>>()?,
        })
    }

    async fn send(&self, courier: &Courier, message: Message) -> ProbeAnswer {
        let outbound = Outbound {
            method: message.method,
            target: Arc::clone(&self.target),
            app: Arc::clone(&self.app.label),
            grants: Arc::clone(&self.app.grants),
            roots: self.app.roots.clone(),
            headers: message.headers,
            body: message.body,
            deadline: Instant::now() + REQUEST,
            answer: AnswerLimit::Truncate(ANSWER),
            written: None,
        };
        match message.pause {
            Some(pause) => courier.send_slowly(outbound, pause).await,
            None => courier.send_traced(outbound).await,
        }
        .result
    }

    fn judge(&self, kind: ProbeKind, received: &[ProbeAnswer]) -> ProbeOutcome {
        let expected = kind.expected(self.protocol);
        let is_met = |received: &ProbeAnswer| match received {
            Ok(answer) => expected.is_met(answer.status.as_u16()),
            Err(_) => expected == Expected::NoRedirect,
        };
        let failed = received.iter().find(|received| !is_met(received));
        let ok = match failed {
            None => Some(true),
            // The credentials of an exchange have no time: only the signature has.
            Some(Ok(answer))
                if kind == ProbeKind::OldTimestamp
                    && self.protocol == Protocol::Exchange
                    && answer.status.is_success() =>
            {
                None
            }
            Some(_) => Some(false),
        };
        let Some(shown) = failed.or_else(|| received.last()) else {
            return ProbeOutcome { got: "nothing".to_owned(), ok };
        };
        let mut got = self.got(shown);
        if received.len() > 1 {
            let met = received.iter().filter(|received| is_met(received)).count();
            got = format!("{met} of {} as expected; {got}", received.len());
        }
        ProbeOutcome { got, ok }
    }

    /// Describes an answer for people.
    fn got(&self, received: &ProbeAnswer) -> String {
        let answer = match received {
            Ok(answer) => answer,
            Err(failure) => return format!("no answer: {}", failure.detail),
        };
        let status = answer.status.as_u16();
        if let Some(to) = answer.headers.get(LOCATION).filter(|_| answer.status.is_redirection()) {
            return format!("a redirect: {status} to {}", self.excerpt(to.as_bytes()));
        }
        if answer.status.is_redirection() {
            return format!("a redirect: {status}");
        }
        let excerpt = self.excerpt(&answer.body);
        if excerpt.is_empty() { status.to_string() } else { format!("{status}: {excerpt}") }
    }

    /// The beginning of what the receiver wrote, without credentials. They are replaced before the text is cut.
    fn excerpt(&self, written: &[u8]) -> String {
        let text = Mask::of(&self.app, None).text(&String::from_utf8_lossy(written));
        text.chars().filter(|char| !char.is_control()).take(EXCERPT).collect()
    }
}

/// The payload with further members before its own; an object of these members alone if it is no object.
fn with_members(payload: &[u8], members: &str) -> Vec<u8> {
    let own = payload.trim_ascii().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    match own {
        Some(own) if own != b"}" => [b"{", members.as_bytes(), b",", own].concat(),
        _ => [b"{", members.as_bytes(), b"}"].concat(),
    }
}

/// Decides, after the first probe, if the others can tell anything. A receiver that redirects fails the probe for that.
fn after_good(kind: ProbeKind, judged: ProbeOutcome, unusable: &mut Option<&'static str>) -> ProbeOutcome {
    if kind != ProbeKind::Good || judged.ok == Some(true) {
        return judged;
    }
    if judged.got.starts_with("a redirect") {
        *unusable = Some(REDIRECTS);
        return ProbeOutcome { ok: None, ..judged };
    }
    *unusable = Some("not sent: the receiver does not take a valid request");
    judged
}
