//! The probes: what each sends and expects.

/// The protocol that a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Events of hooks, signed as Standard Webhooks are.
    Event,
    /// Exchanges, with the credentials of the receiver's app.
    Exchange,
}

/// One of the fourteen probes of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeKind {
    Good,
    Repeated,
    OutOfOrder,
    BadSignature,
    OldTimestamp,
    MissingSignature,
    Large,
    SlowBody,
    WrongType,
    UnknownEvent,
    Redirect,
    Escapes,
    OtherMethod,
    Concurrent,
}

/// The answer that a probe expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A status from 200 to 299.
    Success,
    /// A status from 400 to 499.
    Refusal,
    /// A status from 200 to 299, or from 400 to 499.
    Handled,
    /// Anything but a redirect.
    NoRedirect,
}

impl ProbeKind {
    /// All probes, in the order in which they are made.
    pub(super) const ALL: [Self; 14] = [
        Self::Good,
        Self::Repeated,
        Self::OutOfOrder,
        Self::BadSignature,
        Self::OldTimestamp,
        Self::MissingSignature,
        Self::Large,
        Self::SlowBody,
        Self::WrongType,
        Self::UnknownEvent,
        Self::Redirect,
        Self::Escapes,
        Self::OtherMethod,
        Self::Concurrent,
    ];

    /// The name of the probe.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Repeated => "repeated",
            Self::OutOfOrder => "out_of_order",
            Self::BadSignature => "bad_signature",
            Self::OldTimestamp => "old_timestamp",
            Self::MissingSignature => "missing_signature",
            Self::Large => "large",
            Self::SlowBody => "slow_body",
            Self::WrongType => "wrong_type",
            Self::UnknownEvent => "unknown_event",
            Self::Redirect => "redirect",
            Self::Escapes => "escapes",
            Self::OtherMethod => "other_method",
            Self::Concurrent => "concurrent",
        }
    }

    /// Returns a description of the requests of the probe.
    pub(super) const fn sent(self, protocol: Protocol) -> &'static str {
        match (self, protocol) {
            (Self::Good, Protocol::Event) => "an event with a valid signature",
            (Self::Good, Protocol::Exchange) => "an exchange with valid credentials",
            (Self::Repeated, Protocol::Event) => "the same event twice, with the same `webhook-id`",
            (Self::Repeated, Protocol::Exchange) => {
                "the same exchange twice, with the same `Footbridge-Exchange-Id`"
            }
            (Self::OutOfOrder, _) => "an event, and then one that is a minute older",
            (Self::BadSignature, Protocol::Event) => "an event whose signature is that of another body",
            (Self::BadSignature, Protocol::Exchange) => "an exchange with a wrong secret in `Authorization`",
            (Self::OldTimestamp, Protocol::Event) => "an event that was signed an hour ago",
            (Self::OldTimestamp, Protocol::Exchange) => {
                "an exchange with valid credentials that was signed an hour ago"
            }
            (Self::MissingSignature, Protocol::Event) => "an event without the headers `webhook-…`",
            (Self::MissingSignature, Protocol::Exchange) => "an exchange without `Authorization`",
            (Self::Large, _) => "a body of 1 MB",
            (Self::SlowBody, _) => "the first half of the request, and the rest a second later",
            (Self::WrongType, _) => "a valid request with `Content-Type: text/plain`",
            (Self::UnknownEvent, Protocol::Event) => "an event with a name that nobody knows",
            (Self::UnknownEvent, Protocol::Exchange) => "an exchange with an `event_type` that nobody knows",
            (Self::Redirect, _) => "a valid request, and looked for a redirect",
            (Self::Escapes, _) => {
                "text in several alphabets, escapes, blanks between the members, and a number of twenty digits"
            }
            (Self::OtherMethod, _) => "GET and HEAD without a credential",
            (Self::Concurrent, _) => "eight valid requests at the same time",
        }
    }

    /// The answer that the probe expects.
    pub(super) const fn expected(self, protocol: Protocol) -> Expected {
        match (self, protocol) {
            (
                Self::BadSignature
                | Self::OldTimestamp
                | Self::MissingSignature
                | Self::WrongType
                | Self::OtherMethod,
                _,
            ) => Expected::Refusal,
            // Somebody waits for the answer of an exchange, and nobody sends it again: the receiver may say no.
            (Self::Repeated | Self::UnknownEvent, Protocol::Exchange) => Expected::Handled,
            (Self::Redirect, _) => Expected::NoRedirect,
            _ => Expected::Success,
        }
    }
}

impl Expected {
    /// The expected answer in words.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Success => "a status from 200 to 299",
            Self::Refusal => "a refusal: a status from 400 to 499",
            Self::Handled => "a status from 200 to 299, or a refusal: from 400 to 499",
            Self::NoRedirect => "no redirect",
        }
    }

    /// Returns true if an answer with this status is what was expected.
    pub(super) const fn is_met(self, status: u16) -> bool {
        match self {
            Self::Success => matches!(status, 200..300),
            Self::Refusal => matches!(status, 400..500),
            Self::Handled => matches!(status, 200..300 | 400..500),
            Self::NoRedirect => !matches!(status, 300..400),
        }
    }
}
