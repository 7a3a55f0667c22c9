//! Functions that exceed their limits.

use crate::stage::{Stage, children, options};
use footbridge_functions::FunctionOptions;
use std::time::{Duration, Instant};

/// Long enough for a trivial call on a very busy machine.
const SHORT: Duration = Duration::from_millis(800);

fn short() -> FunctionOptions {
    FunctionOptions { timeout: SHORT, ..options() }
}

/// Checks that each source ends at the deadline, and that the next call works.
async fn check_timeouts(sources: &[&str]) {
    let stage = Stage::with(short());
    stage.call("module.exports = () => 1").await.unwrap();
    for source in sources {
        let start = Instant::now();
        let failure = stage.call(source).await.expect_err(source);
        assert!(failure.timed_out, "{source}: {failure}");
        assert!(
            failure.message.starts_with("the function took longer than 800ms and "),
            "{source}: {failure}"
        );
        assert!(start.elapsed() >= SHORT, "{source}");
        assert!(start.elapsed() < Duration::from_secs(20), "{source}: {:?}", start.elapsed());
        assert_eq!(stage.call("module.exports = () => 1").await.unwrap().value.unwrap(), "1");
    }
}

#[tokio::test]
async fn loops_end_at_the_deadline() {
    check_timeouts(&[
        "module.exports = () => { while (true); }",
        "while (true);",
        "for (;;); export default 1",
        "module.exports = () => { for (;;) try { for (;;); } catch { continue } finally { continue } }",
        "module.exports = async () => { for (;;) await null }",
        "module.exports = () => new Promise(() => { const again = () => { Promise.resolve().then(again) }; again() })",
        "module.exports = () => { queueMicrotask(function f() { queueMicrotask(f) }) }",
        "module.exports = () => new Promise(() => { const again = () => setTimeout(again); again() })",
        "module.exports = () => new Promise((end) => setTimeout(end, 60000))",
        "module.exports = () => /(a+)+$/.test('a'.repeat(40) + 'b')",
        "module.exports = () => { for (;;) console.log('flood') }",
    ])
    .await;
}

#[tokio::test]
async fn loops_in_getters_and_conversions_end_at_the_deadline() {
    check_timeouts(&[
        "module.exports = () => ({get a() { for (;;); }})",
        "module.exports = () => ({toJSON() { for (;;); }})",
        "module.exports = () => ({get then() { for (;;); }})",
        "module.exports = () => { throw {toJSON() { for (;;); }} }",
        "module.exports = () => { const e = new Error(); Object.defineProperty(e, 'stack', {get() { for (;;); }}); throw e }",
        "module.exports = () => console.log({toJSON() { for (;;); }})",
        "module.exports = (event, ctx) => ctx.publish('a', {get body() { for (;;); }})",
        "Object.defineProperty(module, 'exports', {get() { for (;;); }})",
    ])
    .await;
}

#[tokio::test]
async fn uninterruptible_loops_in_built_in_functions_are_killed() {
    check_timeouts(&[
        "module.exports = () => Array.prototype.join.call({length: 2 ** 40})",
        "module.exports = async () => { await 1; Array.prototype.join.call({length: 2 ** 40}) }",
        "module.exports = () => Array.prototype.reverse.call({length: 2 ** 53 - 1})",
    ])
    .await;
}

#[tokio::test]
async fn a_timeout_reports_the_stack_and_the_console_output() {
    let stage = Stage::with(short());
    for source in [
        "function spin() {\n  for (;;);\n}\nmodule.exports = async () => { console.log('here'); spin() }",
        "function spin() {\n  for (;;);\n}\nmodule.exports = async () => { console.log('here'); await 1; spin() }",
    ] {
        let failure = stage.call(source).await.unwrap_err();
        assert_eq!(failure.log, "here\n");
        assert!(failure.message.contains("at spin (f.js:"), "{failure}");
    }
    let killed =
        "module.exports = () => { console.log('here'); Array.prototype.join.call({length: 2 ** 40}) }";
    assert_eq!(stage.call(killed).await.unwrap_err().log, "here\n");
}

#[tokio::test]
async fn memory_is_limited() {
    let stage = Stage::with(FunctionOptions { memory: 16 << 20, ..options() });
    for source in [
        "module.exports = () => { const a = []; for (;;) a.push({}) }",
        "module.exports = async () => { await 1; const a = []; for (;;) a.push({}) }",
        "module.exports = () => { let s = 'x'; for (;;) s += s }",
        "const a = []; for (;;) a.push(new Uint8Array(1e6))",
        "module.exports = () => 'x'.repeat(2 ** 28)",
        "module.exports = () => { for (let n = 2n ** 64n;;) n *= n }",
        "module.exports = () => new Array(1e8).fill(1).sort()",
        "module.exports = async () => { const a = []; for (;;) { a.push(Promise.resolve()); if (a.length % 1e4 === 0) await 1 } }",
        "module.exports = async () => { for (const a = [];;) { try { a.push('x'.repeat(1e6) + a.length) } catch { a.more() } } }",
    ] {
        let failure = stage.call(source).await.expect_err(source);
        assert!(!failure.timed_out, "{source}: {failure}");
        let expected = [
            "more than 16777216 bytes of memory",
            "string too long",
            "BigInt is too large",
            "not a function",
        ];
        assert!(expected.iter().any(|text| failure.message.contains(text)), "{source}: {failure}");
        assert_eq!(stage.call("module.exports = () => 1").await.unwrap().value.unwrap(), "1");
    }
}

#[tokio::test]
async fn memory_outside_of_the_engine_is_limited_too() {
    let stage = Stage::with(FunctionOptions { timeout: Duration::from_secs(20), ..options() });
    let most = "module.exports = (e, ctx) => { for (let i = 0; i < 100; i++) ctx.publish('e', {body: '\"'.repeat(131000)}) }";
    let answer = stage.call(most).await.unwrap();
    assert_eq!(answer.published.len(), 100);
    assert!(answer.published.iter().all(|one| one.options.len() > 262_000));
    let stage =
        Stage::with(FunctionOptions { memory: 16 << 20, timeout: Duration::from_secs(1), ..options() });
    for source in [
        "module.exports = () => { for (;;) Promise.reject(new Error('x'.repeat(1e5))) }",
        "module.exports = () => { const big = 'x'.repeat(1e7); for (;;) console.log(big, big, big) }",
        "module.exports = () => { for (;;) setTimeout(() => 1, 1e9, 'x'.repeat(1e6) + Math.random()) }",
        "module.exports = () => { for (;;) try { setTimeout(() => 1, ...new Array(1e5).fill('x')) } catch {} }",
    ] {
        stage.call(source).await.expect_err(source);
    }
}

#[tokio::test]
async fn idle_workers_and_interrupted_workers_end() {
    use footbridge_functions::Functions;
    let before = children();
    let stage = Stage::over(Functions::with_idle_timeout(short(), Duration::from_millis(100)));
    assert_eq!(children(), before, "none before the first call");
    stage.call("module.exports = () => 1").await.unwrap();
    crate::stage::until("the idle worker has ended", || children() == before).await;
    stage.failure("for (;;);").await;
    crate::stage::until("the interrupted worker has ended", || children() == before).await;
}
