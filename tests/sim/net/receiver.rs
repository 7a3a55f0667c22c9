//! One connection to a receiver, at its end.

use super::Net;
use super::http::{self, Request};
use crate::dice::Dice;
use crate::ledger::Arrival;
use crate::weather::{self, Manner};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// Takes requests and does with each what the dice want, until the connection ends.
pub(super) async fn serve(net: Net, receiver: usize, mut stream: DuplexStream) {
    while let Some(request) = http::read(&mut stream).await {
        let Request { hook, event, delivery, attempt, mark } = request;
        let at = net.time.passed();
        let (answered, asked) = (None, None);
        let place = net.ledger.arrives(Arrival {
            tick: 0,
            at,
            hook,
            event,
            delivery,
            attempt,
            mark,
            answered,
            answered_at: 0,
            asked,
        });
        net.reach(receiver).await;
        let nth = net.counts.next((2, delivery.number()));
        let mut dice = Dice::of(net.plan.seed, &[4, hook, mark, nth]);
        let manner = weather::manner(net.mood(receiver), &mut dice);
        if !behave(&net, place, &mut stream, manner).await || dice.percent(15) {
            return;
        }
    }
}

/// Does it; gives whether the connection may go on.
async fn behave(net: &Net, place: usize, stream: &mut DuplexStream, manner: Manner) -> bool {
    match manner {
        Manner::Answer { status, after, ask } => {
            tokio::time::sleep(after).await;
            let said = stream.write_all(http::answer(status, ask).as_bytes()).await.is_ok();
            if said {
                net.ledger.answers(place, status, ask.map(Duration::from_secs));
            }
            said
        }
        Manner::CutBody => {
            let half = "HTTP/1.1 200 Said\r\ncontent-length: 4\r\n\r\nok";
            if stream.write_all(half.as_bytes()).await.is_ok() {
                net.ledger.answers(place, 200, None);
            }
            false
        }
        Manner::CutHead => {
            let _ = stream.write_all(b"HTTP/1.1 200 Sa").await;
            false
        }
        Manner::Nonsense => {
            let _ = stream.write_all(b"what do you want?\r\n\r\n").await;
            false
        }
        Manner::Close => false,
        Manner::Hang => {
            while stream.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
            false
        }
    }
}
