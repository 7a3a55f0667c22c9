//! Exchanges, and what a new server puts in order.

use super::state::{Exchange, State, Target};
use crate::{
    EndedHook, ExchangeFilter, ExchangeStart, IdempotencyKey, JournalError, KeyDisposition, Recovery,
};
use bytes::Bytes;
use footbridge_model::exchange::{
    ExchangeFailure, ExchangeFailureKind, ExchangeHead, ExchangeOutcome, ExchangeRecord,
};
use footbridge_model::hook::Lifetime;
use footbridge_model::id::{ExchangeId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::time::Duration;

const KEEP_CUT_OFF: Duration = Duration::from_hours(24);

impl State {
    pub(super) fn begin(&mut self, head: ExchangeHead, used: Option<IdempotencyKey>) -> ExchangeStart {
        if let Some(known) = used.as_ref().and_then(|used| self.key(used, head.at)) {
            let Some(Target::Exchange(id)) = known else { return ExchangeStart::Mismatch };
            match self.exchanges.get(&id).map(|exchange| &exchange.record) {
                Some(record) if record.ending.is_none() => return ExchangeStart::Running(id),
                Some(record) => return ExchangeStart::Replay(Box::new(record.clone())),
                None => {}
            }
        }
        let id = head.id;
        self.keep(ExchangeRecord { head, ending: None, ms: None });
        if let Some(used) = used {
            self.keep_key(used, Target::Exchange(id));
        }
        ExchangeStart::Started
    }

    pub(super) fn keep(&mut self, record: ExchangeRecord) {
        self.saw(record.head.id.number());
        self.exchanges.insert(record.head.id, Exchange { record, keep_answer_until: None });
    }

    pub(super) fn note(&mut self, record: ExchangeRecord) {
        self.keep(without_answer(record));
    }

    pub(super) fn finish(
        &mut self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        until: Millis,
        key: KeyDisposition,
    ) -> Result<(), JournalError> {
        let running = |exchange: &&mut Exchange| exchange.record.ending.is_none();
        let exchange =
            self.exchanges.get_mut(&id).filter(running).ok_or(JournalError::NotFound("running exchange"))?;
        exchange.record.ending = Some(ending);
        exchange.record.ms = Some(ms);
        exchange.keep_answer_until = Some(until);
        if key == KeyDisposition::Released {
            self.keys.retain(|_, kept| kept.target != Target::Exchange(id));
        }
        Ok(())
    }

    pub(super) fn picks_exchange(filter: &ExchangeFilter, record: &ExchangeRecord) -> bool {
        let head = &record.head;
        let wanted = |failed| match &record.ending {
            None => false,
            Some(ExchangeOutcome::Failed(_)) => failed,
            Some(ExchangeOutcome::Answered(_)) => !failed,
        };
        filter.app.as_ref().is_none_or(|app| head.sender == *app || head.recipient == *app)
            && filter.failed.is_none_or(wanted)
    }

    pub(super) fn recover(&mut self, now: Millis) -> Result<Recovery, JournalError> {
        let mut recovery = Recovery { highest_id: self.highest_id, ..Recovery::default() };
        for kept in
            self.hooks.values_mut().filter(|kept| !kept.gone && kept.hook.lifetime == Lifetime::Transient)
        {
            kept.gone = true;
            recovery.ended_hooks += 1;
            if kept.hook.app != AppName::bolt() {
                let (app, pattern) = (kept.hook.app.clone(), kept.hook.pattern.clone());
                recovery.ended.push(EndedHook { app, pattern });
            }
        }
        for exchange in self.exchanges.values_mut().filter(|exchange| exchange.record.ending.is_none()) {
            let message = "the outcome is unknown: the server ended while the exchange was running";
            let failure = ExchangeFailure::new(ExchangeFailureKind::NoAnswer, message);
            exchange.record.ms =
                Some(u32::try_from(exchange.record.head.at.until(now).as_millis()).unwrap_or(u32::MAX));
            exchange.record.ending = Some(ExchangeOutcome::Failed(failure));
            exchange.keep_answer_until = Some(now.plus(KEEP_CUT_OFF));
            recovery.cut_off_exchanges += 1;
        }
        let waiting: Vec<(HookId, Millis)> = self.pending.iter().map(|(hook, at, _)| (*hook, *at)).collect();
        for (hook, at) in waiting {
            if !self.is_kept(hook) {
                self.cancel(hook, "hook gone")?;
            } else if recovery.waiting.last().is_none_or(|(last, _)| *last != hook) {
                recovery.waiting.push((hook, at));
            }
        }
        Ok(recovery)
    }
}

/// As lists and notes show it.
pub(super) fn without_answer(mut record: ExchangeRecord) -> ExchangeRecord {
    if let Some(ExchangeOutcome::Answered(answer)) = &mut record.ending {
        *answer = Bytes::new();
    }
    record
}
