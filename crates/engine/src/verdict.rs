//! Verdicts: what becomes of an event at one hook, or of an exchange at its recipient, and why.

use footbridge_model::hook::Hook;

/// The verdict about an event at one hook, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The hook gets the event.
    Gets,
    /// The apps are not linked; only of exchanges.
    NoLink,
    /// The pattern of the hook names another publisher.
    OtherPublisher,
    /// The pattern of the hook names another event.
    OtherEvent,
    /// The event is private and its pattern has a wildcard.
    Private,
    /// The publisher names subscribers, and its app is not one of them.
    NotASubscriber,
    /// The hook is switched off.
    HookDisabled,
    /// The hook is switched off because its receiver answered 410.
    HookDisabledGone,
    /// The app of the hook is switched off.
    AppDisabled,
    /// The hook was made after the event.
    HookMadeLater,
    /// The hook was removed.
    HookRemoved,
    /// The receiver has taken it.
    Delivered,
    /// It was sent, and the receiver did not answer.
    Unanswered,
    /// An attempt failed, and the next one is due later.
    WaitingRetry,
    /// An older delivery of the ordered hook comes first.
    WaitingOrder,
    /// As many deliveries are in flight as the hook allows.
    WaitingWindow,
    /// The receiver cannot be reached, or its app does not run.
    WaitingApp,
    /// The lane is paused.
    WaitingPaused,
    /// The outbound policy refuses the address of the receiver.
    RefusedAddress,
    /// The last attempt failed.
    Dead,
    /// The delivery was cancelled.
    Cancelled,
}

impl Verdict {
    /// The word for it in answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Gets => "gets",
            Self::NoLink => "no_link",
            Self::OtherPublisher => "other_publisher",
            Self::OtherEvent => "other_event",
            Self::Private => "private",
            Self::NotASubscriber => "not_a_subscriber",
            Self::HookDisabled => "hook_disabled",
            Self::HookDisabledGone => "hook_disabled_410",
            Self::AppDisabled => "app_disabled",
            Self::HookMadeLater => "hook_made_later",
            Self::HookRemoved => "hook_removed",
            Self::Delivered => "delivered",
            Self::Unanswered => "unanswered",
            Self::WaitingRetry => "waiting_retry",
            Self::WaitingOrder => "waiting_order",
            Self::WaitingWindow => "waiting_window",
            Self::WaitingApp => "waiting_app",
            Self::WaitingPaused => "waiting_paused",
            Self::RefusedAddress => "refused_address",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Gets => "its pattern matches",
            Self::NoLink => "no enabled link connects the two apps",
            Self::OtherPublisher => "its pattern names another publisher",
            Self::OtherEvent => "its pattern names another event",
            Self::Private => "the event is private, and hooks with a `*` half never get those",
            Self::NotASubscriber => "the publisher named subscribers, and its app is not among them",
            Self::HookDisabled => {
                "the hook is switched off: the event is kept as skipped, and can be retried"
            }
            Self::HookDisabledGone => {
                "the hook is switched off because its receiver answered 410: the event is kept as skipped, and can be retried"
            }
            Self::AppDisabled => "its app is switched off: the event is kept as skipped, and can be retried",
            Self::HookMadeLater => "the hook was made after the event",
            Self::HookRemoved => "the hook was removed",
            Self::Delivered => "the receiver has taken it",
            Self::Unanswered => "it was sent completely, and the receiver, which need not answer, did not",
            Self::WaitingRetry => "an attempt failed, and the next one is due later",
            Self::WaitingOrder => "the hook is ordered, and an older delivery comes first",
            Self::WaitingWindow => "as many deliveries are in flight as the hook allows",
            Self::WaitingApp => "the receiver cannot be reached, or its app does not run",
            Self::WaitingPaused => "the lane is paused",
            Self::RefusedAddress => "the outbound policy refuses the address of the receiver",
            Self::Dead => "the last attempt failed",
            Self::Cancelled => "the delivery was cancelled",
        }
    }

    /// The reason in words, for an exchange.
    pub const fn reason_of_exchange(self) -> &'static str {
        match self {
            Self::Gets => "sender and recipient are linked, and the recipient has a receiver",
            Self::AppDisabled => "there is no app of this name, or it is switched off",
            Self::HookDisabled => "the receiver of the app is switched off, or has no URL",
            Self::Delivered => "the recipient answered",
            Self::Unanswered => "no complete answer came in time",
            Self::Dead => "the recipient was not reached, or its answer cannot be used",
            Self::Cancelled => "it was not sent, or its outcome is lost",
            other => other.reason(),
        }
    }

    /// The verdict for a hook that is switched off.
    pub(crate) fn of_disabled(hook: &Hook) -> Self {
        let gone = hook.off.as_ref().is_some_and(footbridge_model::hook_state::SwitchedOff::is_gone);
        if gone { Self::HookDisabledGone } else { Self::HookDisabled }
    }
}
