//! Oracle: an exchange is sent at most once, whatever fails. Its answer is the recipient's and equals the stored record.

use super::RunView;
use crate::history::{ExchangeCall, ExchangeSend};
use footbridge_engine::Reply;
use footbridge_model::exchange::ExchangeOutcome;
use footbridge_model::id::ExchangeId;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(run: &RunView<'_>) {
    let mut sends: BTreeMap<ExchangeId, &ExchangeSend> = BTreeMap::new();
    for send in &run.records.exchange_sends {
        // After a crash and a clock that was set back, an id of which nothing was stored may be drawn again.
        let same = |call: &&ExchangeCall| call.id == send.id && call.plan.mark == send.mark;
        let call = run.records.exchanges.iter().find(same);
        let call = call.unwrap_or_else(|| panic!("nobody asked for {send:?}"));
        assert_eq!(send.recipient, call.plan.recipient(), "{send:?} went elsewhere than {call:?}");
        let other = sends.insert(send.id, send);
        assert!(other.is_none_or(|other| other.mark != send.mark), "sent twice: {other:?}, {send:?}");
    }
    one_send_for_each_key(run, &sends);
    for call in &run.records.exchanges {
        answered(run, call);
        if let Some(answer) = &call.answer {
            answers_are_true(run, call, answer.id, &answer.reply, sends.get(&answer.id).copied());
        }
    }
    for record in run.exchanges.values() {
        assert!(record.ending.is_some(), "still running: {record:?}");
    }
}

fn one_send_for_each_key(run: &RunView<'_>, sends: &BTreeMap<ExchangeId, &ExchangeSend>) {
    let mut of_key: BTreeMap<u64, BTreeSet<ExchangeId>> = BTreeMap::new();
    for call in &run.records.exchanges {
        if let Some(key) = call.plan.key
            && sends.get(&call.id).is_some_and(|send| send.mark == call.plan.mark)
        {
            of_key.entry(key).or_default().insert(call.id);
        }
    }
    for (key, ids) in of_key {
        assert!(ids.len() <= 1, "{ids:?} were sent under key {key}");
    }
}

/// Every caller that waits gets an answer, unless the server crashes.
fn answered(run: &RunView<'_>, call: &ExchangeCall) {
    let lost = call.plan.hang_up_after.is_some() || run.crashed(call.called, u64::MAX);
    assert!(lost || call.answer.is_some(), "no answer: {call:?}");
}

fn answers_are_true(
    run: &RunView<'_>,
    call: &ExchangeCall,
    id: ExchangeId,
    reply: &Reply,
    send: Option<&ExchangeSend>,
) {
    let is_stored = call.plan.key.is_some() || call.plan.respond_async;
    let record = run.exchanges.get(&id).and_then(|record| record.ending.as_ref());
    match reply {
        Reply::Ended(ExchangeOutcome::Answered(body)) => {
            let sent = send.and_then(|send| send.answered.as_ref());
            let same = sent.is_some_and(|(status, sent)| {
                (200..300).contains(status) && sent.as_bytes() == body.as_ref()
            });
            assert!(same, "{body:?} is not the recipient's answer {sent:?}: {call:?}");
            if is_stored {
                let expected = Some(&ExchangeOutcome::Answered(body.clone()));
                assert_eq!(record, expected, "the record differs from the answer: {call:?}");
            }
        }
        Reply::Ended(ExchangeOutcome::Failed(_)) => {}
        Reply::Invalid(why) => panic!("no option of the plan is wrong, but: {why}: {call:?}"),
        Reply::Accepted => {
            assert!(is_stored, "{call:?}");
            assert!(record.is_some(), "accepted and lost: {call:?}");
        }
    }
    let answer = call.answer.as_ref().filter(|answer| answer.replayed);
    if let Some(Reply::Ended(ending)) = answer.map(|answer| &answer.reply) {
        assert_eq!(record, Some(ending), "the replay differs from the record: {call:?}");
    }
    let is_named = call.id == id || call.plan.key.is_some();
    assert!(is_named, "an exchange without a key was answered with another: {call:?}");
}
