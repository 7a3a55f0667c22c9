//! Start, ready, stop, exit.

use crate::kit::{Kit, app, get, living};
use footbridge_model::run::Stream;

pub(crate) const SERVER: &str = "require('http').createServer((q, s) => s.end('hi ' + process.env.FOOTBRIDGE_APP)).listen(process.env.PORT)";
pub(crate) const HANDLER: &str = "console.log('loaded'); module.exports = (q, s) => s.end('hosted')";

#[tokio::test]
async fn a_command_starts_answers_and_stops() {
    let mut kit = Kit::new();
    let order = kit.server("shop", SERVER);
    let running = kit.start(&order).await.unwrap();
    assert!(running.address.ip().is_loopback());
    assert_eq!(get(running.address), "hi shop");
    assert_eq!(kit.start(&order).await.unwrap(), running, "a start of what runs is that run");
    kit.runtime.stop(app("shop")).await;
    let exit = kit.exit().await;
    assert!(exit.stopped && exit.run == running.run && exit.app == app("shop"), "{exit:?}");
    assert!(living(kit.dir.path().to_str().unwrap()).is_empty());
    let said = kit.said("shop", Stream::Server);
    assert!(said[0].starts_with("started") && said[1].starts_with("listening"), "{said:?}");
    assert!(said[2].starts_with("stopped"), "{said:?}");
    assert!(kit.start(&order).await.unwrap().run > running.run);
}

#[tokio::test]
async fn a_handler_starts_in_the_host() {
    let mut kit = Kit::new();
    let running = kit.start(&kit.hosted("shop", HANDLER)).await.unwrap();
    assert_eq!(get(running.address), "hosted");
    kit.until_said("shop", "loaded").await;
    kit.runtime.stop_all().await;
    assert!(kit.exit().await.stopped);
}
