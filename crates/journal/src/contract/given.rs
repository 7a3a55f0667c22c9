//! Values for the tests.

use crate::{
    Claim, DeliveryResult, IdempotencyKey, NewDelivery, NewEvent, Page, Partition, Session, Version,
};
use bytes::Bytes;
use footbridge_model::address::AddressClasses;
use footbridge_model::app::{App, AppSecrets, Link, ReceiverAuth, Unseen};
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::event::Event;
use footbridge_model::exchange::{Direction, ExchangeHead};
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::{AnswerRule, Hook, HookOptions, HookType, Lifetime, Origin};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::{Provenance, TraceParent, Via};
use footbridge_model::rotation::{Previous, Rotating, SetBy};
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;

/// The time at which every test begins.
pub(super) const START: i64 = 1_700_000_000_000;

/// `ms` after the start.
pub(super) const fn at(ms: i64) -> Millis {
    Millis(START + ms)
}

/// The partition that the tests write to.
pub(super) const PARTITION: Partition = Partition(1);

/// A claim that [`Owner`](super::Owner) replaces.
pub(super) const UNOWNED: Claim = Claim::exclusive(Session(0), PARTITION);

/// A page that holds the whole list.
pub(super) const ALL: Page = Page { before: None, limit: 1000 };

pub(super) fn name(text: &str) -> AppName {
    AppName::parse(text).unwrap()
}

pub(super) fn hook_id(number: u64) -> HookId {
    HookId::from_number(number)
}

pub(super) fn delivery_id(number: u64) -> DeliveryId {
    DeliveryId::from_number(number)
}

/// A hook of the app `shop`.
pub(super) fn hook(number: u64) -> Hook {
    Hook {
        id: hook_id(number),
        app: name("shop"),
        pattern: Pattern::parse("camera/*").unwrap(),
        route: "hooks/photo?x=1".to_owned(),
        kind: HookType::Server,
        lifetime: Lifetime::Persistent,
        origin: Origin::Api,
        enabled: true,
        created_at: at(0),
        options: HookOptions { answer: AnswerRule::Optional, in_flight: 3, ordered: false },
        paused: None,
        off: None,
    }
}

/// The event `number`, accepted `number` ms after the start, with deliveries to these hooks.
pub(super) fn event(number: u64, hooks: &[u64]) -> NewEvent {
    let time = at(i64::try_from(number).unwrap());
    let event = Event {
        id: EventId::from_number(number),
        name: EventName::parse("photo-saved").unwrap(),
        publisher: name("camera"),
        body: Bytes::from(format!("{{\"n\": {number}.50 }}")),
        headers: PublishHeaders::parse([("x-bolt-user-name", "frank")]).unwrap(),
        time,
        lineage: Lineage::after(EventId::from_number(3), Lineage::default()),
        provenance: provenance(Via::Page),
    };
    let delivery = |(place, hook): (u64, &u64)| new_delivery(place, *hook);
    NewEvent {
        event: Arc::new(event),
        deliveries: (number + 1..).zip(hooks).map(delivery).collect(),
        skipped: Vec::new(),
        key: None,
        registry: Version::default(),
    }
}

/// The provenance of a traced test that came this way.
pub(super) fn provenance(via: Via) -> Provenance {
    let trace = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    Provenance { via, test: true, trace }
}

/// A delivery in the partition of the tests.
pub(super) fn new_delivery(number: u64, hook: u64) -> NewDelivery {
    NewDelivery { id: delivery_id(number), hook_id: hook_id(hook), partition: PARTITION }
}

pub(super) fn key(text: &str, fingerprint: u8, until: Millis) -> IdempotencyKey {
    IdempotencyKey {
        scope: "camera|events".to_owned(),
        key: text.to_owned(),
        fingerprint: [fingerprint; 32],
        until,
    }
}

pub(super) fn attempt(n: u32, status: Option<u16>, error: Option<&str>) -> Attempt {
    Attempt {
        n,
        at: at(i64::from(n)),
        status,
        error: error.map(str::to_owned),
        ms: 7,
        output: None,
        answer: None,
    }
}

/// A result that ends the delivery.
pub(super) fn ended(delivery: u64, status: DeliveryStatus) -> DeliveryResult {
    let attempt = match status {
        DeliveryStatus::Delivered => attempt(1, Some(204), None),
        _ => attempt(1, None, Some("refused: nobody listens")),
    };
    DeliveryResult {
        claim: UNOWNED,
        id: delivery_id(delivery),
        attempt: Some(attempt),
        status,
        next_attempt_at: None,
        reason: None,
    }
}

pub(super) fn head(number: u64) -> ExchangeHead {
    ExchangeHead {
        id: ExchangeId::from_number(number),
        direction: Direction::ToMiniapp,
        sender: name("superapp"),
        recipient: name("shop"),
        event_type: "order".to_owned(),
        at: at(i64::try_from(number).unwrap()),
        cause: Some(EventId::from_number(3)),
        provenance: provenance(Via::Console),
    }
}

pub(super) fn app(text: &str) -> App {
    let secret = |part: &str| Rotating::new(Secret::new(format!("{text}-{part}-secret")));
    let old = |text: &str, until, superseded, uses_id, set| Previous {
        secret: Secret::new(text),
        until: at(until),
        superseded,
        uses_id,
        set,
    };
    let set = SetBy { at: at(3), by: "\"ana\"".to_owned() };
    let previous = vec![
        old("the one before", 9, true, 31, Some(set.clone())),
        old("the one before that", 8, false, 0, None),
    ];
    App {
        name: name(text),
        secrets: AppSecrets {
            token: Rotating {
                current: Secret::new("newest \"token\""),
                uses_id: 30,
                set: Some(set),
                previous,
            },
            secret_key: secret("key"),
            signing_secret: secret("signing"),
        },
        unseen: Unseen { secret_key: true, ..Unseen::default() },
        token_prefix: "Bearer".to_owned(),
        receiver_url: Some("https://shop.example/events".to_owned()),
        receiver_enabled: false,
        receiver_auth: Some(ReceiverAuth { name: "other".to_owned(), secret: Secret::new("pair") }),
        url: Some("http://shop.internal:9003".to_owned()),
        host_classes: [
            ("shop.example".to_owned(), AddressClasses::of_words(["public"])),
            ("shop.internal".to_owned(), AddressClasses::NONE),
        ]
        .into(),
        ca_file: Some("/etc/ssl/own.pem".to_owned()),
        miniapp_url: None,
        private: [EventName::parse("chat-posted").unwrap(), EventName::parse("ärger").unwrap()].into(),
        package: None,
        origin: Origin::File,
        enabled: true,
        created_at: at(1),
        generation: 5,
        proof_epoch: 6,
    }
}

pub(super) fn link(host: &str, miniapp: &str) -> Link {
    Link { host: name(host), miniapp: name(miniapp), enabled: true, origin: Origin::Api, created_at: at(2) }
}
