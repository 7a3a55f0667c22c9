//! Exchanges of a store in memory.

use super::mutant::Mutant;
use super::state::{Exchange, State, Target};
use crate::{ExchangeEnd, ExchangeStart, IdempotencyKey, JournalError, KeyDisposition, Session};
use bytes::Bytes;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};

impl State {
    pub(super) fn start_exchange(
        &mut self,
        session: Session,
        head: ExchangeHead,
        used: Option<IdempotencyKey>,
    ) -> ExchangeStart {
        if let Some(known) = used.as_ref().and_then(|used| self.key(used, head.at)) {
            let Some(Target::Exchange(id)) = known else { return ExchangeStart::Mismatch };
            match self.exchanges.get(&id).map(|exchange| &exchange.record) {
                Some(record) if record.ending.is_none() => return ExchangeStart::Running(id),
                Some(record) => return ExchangeStart::Replay(Box::new(record.clone())),
                None => {}
            }
        }
        let id = head.id;
        let used = used.filter(|_| !self.breaks(Mutant::ForgetsKeys));
        self.put_exchange(session, ExchangeRecord { head, ending: None, ms: None, answer_status: None });
        if let Some(used) = used {
            self.put_key(used, Target::Exchange(id));
        }
        ExchangeStart::Started
    }

    fn put_exchange(&mut self, session: Session, record: ExchangeRecord) {
        self.saw(record.head.id.number());
        self.exchanges.insert(record.head.id, Exchange { record, keep_answer_until: None, session });
    }

    pub(super) fn record_exchange(&mut self, session: Session, record: ExchangeRecord) {
        self.put_exchange(session, without_answer(record));
    }

    pub(super) fn finish_exchange(&mut self, session: Session, end: ExchangeEnd) -> Result<(), JournalError> {
        let ExchangeEnd { id, mut ending, ms, answer_status, keep_answer_until, key } = end;
        if let Some(mutant) = self.mutant {
            mutant.spoil_ending(&mut ending);
        }
        let exclusive = self.exclusive;
        let running = |exchange: &&mut Exchange| {
            exchange.record.ending.is_none() && (exclusive || exchange.session == session)
        };
        let exchange =
            self.exchanges.get_mut(&id).filter(running).ok_or(JournalError::NotFound("running exchange"))?;
        exchange.record.ending = Some(ending);
        exchange.record.ms = Some(ms);
        exchange.record.answer_status = answer_status;
        exchange.keep_answer_until = Some(keep_answer_until);
        if key == KeyDisposition::Released {
            self.keys.retain(|_, kept| kept.target != Target::Exchange(id));
        }
        Ok(())
    }
}

/// Removes the answer, as in lists.
pub(super) fn without_answer(mut record: ExchangeRecord) -> ExchangeRecord {
    if let Some(ExchangeOutcome::Answered(answer)) = &mut record.ending {
        *answer = Bytes::new();
    }
    record
}
