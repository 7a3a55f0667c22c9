//! Exchange calls and recording their answers.

use crate::history::{ExchangeAnswer, History};
use crate::plan::ExchangePlan;
use crate::run::name;
use bytes::Bytes;
use footbridge_courier::Courier;
use footbridge_engine::{Engine, ExchangeDraft, ExchangeOptions, UsedKey};
use footbridge_model::exchange::Direction;
use std::rc::Rc;

pub(crate) async fn call(engine: &Engine, courier: &Rc<Courier>, plan: &ExchangePlan, history: &History) {
    let sender = engine.app(&name(plan.sender)).unwrap();
    let id = engine.new_exchange_id();
    let (host, miniapp) = match plan.direction {
        Direction::ToMiniapp => (plan.sender, plan.recipient()),
        Direction::ToHost => (plan.recipient(), plan.sender),
    };
    let draft = ExchangeDraft {
        direction: plan.direction,
        client_id: name(host).as_str().to_owned(),
        app_id: name(miniapp).as_str().to_owned(),
        event_type: "order".to_owned(),
        payload: Bytes::from(format!("{{\"mark\":{}}}", plan.mark)),
    };
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&plan.mark.to_le_bytes());
    let how = ExchangeOptions {
        key: plan.key.map(|key| UsedKey { key: format!("key-{key}"), fingerprint }),
        wait: None,
        respond_async: plan.respond_async,
        ..ExchangeOptions::default()
    };
    let call = history.record_exchange(plan, id);
    let exchange = engine.exchange(courier, &sender, id, draft, how);
    let reply = match plan.hang_up_after {
        None => Some(exchange.await),
        Some(after) => tokio::time::timeout(after, exchange).await.ok(),
    };
    if let Some(reply) = reply {
        let answer = ExchangeAnswer { id: reply.id, replayed: reply.replayed, reply: reply.reply };
        history.record_exchange_answer(call, answer);
    }
}
