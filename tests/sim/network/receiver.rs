//! The receiver's end of a connection.

use super::Network;
use super::http::{self, Content, DeliveryRequest, Request};
use crate::broken::Broken;
use crate::history::Arrival;
use crate::receiver_faults::{self, Response};
use crate::rng::Rng;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// Where the answer to a request is recorded.
#[derive(Debug, Clone, Copy)]
enum Place {
    Delivery(usize),
    Exchange(usize),
    Nowhere,
}

/// Reacts to requests until the connection ends. `run_secret` is that of the run behind the connection, if any.
pub(super) async fn serve(
    network: Network,
    receiver: usize,
    run_secret: Option<String>,
    mut stream: DuplexStream,
) {
    while let Some(Request { content, run_secret: sent }) = http::read(&mut stream).await {
        if sent != run_secret {
            network.history.record_violation(format!(
                "a request to receiver {receiver} has the run secret {sent:?} instead of {run_secret:?}"
            ));
        }
        if network.plan.broken == Broken::RequestsTwice {
            record(&network, receiver, &content);
        }
        let (place, of, nth) = record(&network, receiver, &content);
        network.reach(receiver).await;
        let mut rng = Rng::of(network.plan.seed, &[4, of.0, of.1, nth]);
        let mut response = receiver_faults::response(network.condition(receiver), &mut rng);
        if matches!(place, Place::Nowhere) {
            response = Response::Answer { status: 200, after: Duration::ZERO, ask: None };
        }
        if !behave(&network, place, &mut stream, response).await || rng.percent(15) {
            return;
        }
    }
}

/// Records a request and lets the app react to it. Returns where the answer is recorded, what the request is about,
/// and how many such requests there were.
fn record(network: &Network, receiver: usize, content: &Content) -> (Place, (u64, u64), u64) {
    match *content {
        Content::Delivery(DeliveryRequest { hook, event, delivery, attempt, mark }) => {
            if let Some(why) = network.rule.as_ref().and_then(|rule| rule.forbids_sending()) {
                network.history.record_violation(format!("{why}: attempt {attempt} of {delivery}"));
            }
            let place = network.history.record_request(Arrival {
                tick: 0,
                at: network.time.passed(),
                process: network.process,
                hook,
                event,
                delivery,
                attempt,
                mark,
                answered: None,
                answered_at: 0,
                asked: None,
            });
            if mark != 0 && network.plan.reacting.contains(&receiver) {
                network.react(receiver, event);
            }
            (Place::Delivery(place), (hook, mark), network.counts.next((2, delivery.number())))
        }
        Content::Exchange { id, mark } => {
            let place = network.history.record_exchange_send(receiver, id, mark);
            (Place::Exchange(place), (receiver as u64, mark), network.counts.next((3, id.number())))
        }
        Content::Lifecycle => (Place::Nowhere, (0, 0), 0),
    }
}

/// Performs the reaction; returns true if the connection stays open.
async fn behave(network: &Network, place: Place, stream: &mut DuplexStream, response: Response) -> bool {
    let body = match place {
        Place::Exchange(send) => format!("{{\"send\":{send}}}"),
        _ => "ok".to_owned(),
    };
    match response {
        Response::Answer { status, after, ask } => {
            tokio::time::sleep(after).await;
            let sent = stream.write_all(http::answer(status, ask, &body).as_bytes()).await.is_ok();
            if sent {
                match place {
                    Place::Delivery(place) => {
                        network.history.record_response(place, status, ask.map(Duration::from_secs));
                    }
                    Place::Exchange(send) => network.history.record_exchange_response(
                        send,
                        status,
                        if status == 204 { String::new() } else { body },
                    ),
                    Place::Nowhere => {}
                }
            }
            sent
        }
        Response::CutBody => {
            let half = "HTTP/1.1 200 Said\r\ncontent-length: 4\r\n\r\nok";
            if stream.write_all(half.as_bytes()).await.is_ok()
                && let Place::Delivery(place) = place
            {
                network.history.record_response(place, 200, None);
            }
            false
        }
        Response::CutHead => {
            let _ = stream.write_all(b"HTTP/1.1 200 Sa").await;
            false
        }
        Response::Nonsense => {
            let _ = stream.write_all(b"what do you want?\r\n\r\n").await;
            false
        }
        Response::Close => false,
        Response::Hang => {
            while stream.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
            false
        }
    }
}
