//! Verdicts: the meaning of the outcome of a test, in words.

use footbridge_courier::Answer;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::json;
use http::header::LOCATION;

/// The use that the tested receiver has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestedAs {
    /// A hook, to which events are delivered.
    Hook,
    /// The receiver of exchanges.
    Exchanges,
}

impl TestedAs {
    /// Returns a sentence about the outcome, with what to do about it.
    pub(super) fn verdict(self, result: &Result<Answer, Failure>) -> String {
        match result {
            Ok(answer) => self.answered(answer),
            Err(failure) => self.failed(failure),
        }
    }

    fn answered(self, answer: &Answer) -> String {
        let status = answer.status.as_u16();
        match (self, status) {
            (Self::Hook, 200..300) => format!("The receiver answered {status}: a delivery would be done."),
            (Self::Exchanges, 200..300) => exchange_answer(answer),
            (_, 300..=399) => {
                let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
                let to = to.map_or_else(|| "the address that it names".to_owned(), |to| format!("`{to}`"));
                format!(
                    "The receiver answered {status}, a redirect. The server follows none: enter {to} as the URL, if that is right."
                )
            }
            (Self::Hook, 410) => {
                "The receiver answered 410: a delivery would switch this hook off.".to_owned()
            }
            (_, 401 | 403) => format!(
                "The receiver answered {status}: it does not accept the credential. Compare the secrets that both sides use.{}",
                self.consequence()
            ),
            (_, 404 | 405) => format!(
                "The receiver answered {status}: it has nothing for POST at this path. Compare the URL with the receiver's route.{}",
                self.consequence()
            ),
            (_, 413) => {
                format!("The receiver answered 413: it refuses a body of this size.{}", self.consequence())
            }
            (_, 415) => format!(
                "The receiver answered 415: it does not accept `application/json`.{}",
                self.consequence()
            ),
            (_, 429 | 503) => {
                format!("The receiver answered {status}: it is overloaded.{}", self.consequence())
            }
            _ => format!(
                "The receiver answered {status}: it failed. Its own log says why.{}",
                self.consequence()
            ),
        }
    }

    fn failed(self, failure: &Failure) -> String {
        let advice = match failure.kind {
            FailureKind::Blocked => {
                " The address policy refuses it; `[egress] allow` in the configuration opens networks."
            }
            FailureKind::Dns => " Check the spelling of the host name.",
            FailureKind::Refused => " Check that the receiver runs, and the port.",
            FailureKind::Timeout => {
                " The receiver must answer within the deadline; let it work after it has answered."
            }
            FailureKind::Reset => {
                " The receiver closed the connection before its answer was complete; its own log may say why."
            }
            _ => "",
        };
        let mut detail = failure.detail.clone();
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{detail}.{advice}{}", self.consequence())
    }

    /// The consequence of a failure.
    const fn consequence(self) -> &'static str {
        match self {
            Self::Hook => " A delivery would be tried again.",
            Self::Exchanges => " The sender of an exchange would get an error.",
        }
    }
}

fn exchange_answer(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let blank = answer.body.iter().all(u8::is_ascii_whitespace);
    if answer.truncated {
        return format!("The receiver answered {status}. The answer is longer than what is shown here.");
    }
    if blank {
        return format!(
            "The receiver answered {status} without a body: the sender of an exchange would get an empty answer."
        );
    }
    match json::check(&answer.body) {
        Ok(()) => {
            format!("The receiver answered {status} with JSON: the sender of an exchange would get it.")
        }
        Err(why) => format!(
            "The receiver answered {status}, but its body is not usable JSON ({why}): the sender of an exchange would get an error."
        ),
    }
}
