//! The input, the result and the published events of functions.

use crate::stage::Stage;

#[tokio::test]
async fn commonjs_and_es_modules_are_recognised_by_name_and_content() {
    let stage = Stage::new();
    for (file, source) in [
        ("a.js", "module.exports = async (event, ctx) => [event.body.n, ctx.appName]"),
        ("a.js", "module.exports = function (event, ctx) { return [event.body.n, ctx.appName] }"),
        ("a.js", "exports.default = (event, ctx) => [event.body.n, ctx.appName]"),
        ("a.cjs", "#!/usr/bin/env node\nexports.default = (event, ctx) => [event.body.n, ctx.appName]"),
        ("a.js", "\u{feff}export default async (event, ctx) => [event.body.n, ctx.appName]"),
        ("a.js", "const f = (e, c) => [e.body.n, c.appName];export{f as default}"),
        ("a.mjs", "const one = await Promise.resolve(1);\nexport default (e, c) => [one, c.appName]"),
        (
            "a.js",
            "// export default nothing\nconst s = `\nexport default 1\n`;\nmodule.exports = (e, c) => [1, c.appName]",
        ),
        ("a.js", "if (false) return;\nthis.default = (e, c) => [1, c.appName]"),
    ] {
        let answer = stage.call_file(file, source).await;
        let answer = answer.unwrap_or_else(|failure| panic!("{source}: {failure}"));
        assert_eq!(answer.value.as_deref(), Some(r#"[1,"shop"]"#), "{source}");
    }
}

#[tokio::test]
async fn the_returned_value_is_converted_to_json() {
    let stage = Stage::new();
    for (body, value) in [
        ("", None),
        ("return undefined", None),
        ("return null", Some("null")),
        ("return 'é😀\\ud800'", Some(r#""é😀\ud800""#)),
        (
            "return {a: undefined, d: new Date(0), n: NaN}",
            Some(r#"{"d":"1970-01-01T00:00:00.000Z","n":null}"#),
        ),
        ("return {then(resolve) { resolve([2]) }}", Some("[2]")),
        ("return await new Promise((resolve) => setTimeout(resolve, 5, 'later'))", Some(r#""later""#)),
        ("return typeof fetch + typeof process + typeof navigator", Some(r#""undefinedundefinedundefined""#)),
    ] {
        assert_eq!(stage.value(body).await.as_deref(), value, "{body}");
    }
}

#[tokio::test]
async fn timers_run_in_order_and_can_be_cleared() {
    let stage = Stage::new();
    let body = "const seen = [];
        await new Promise((end) => {
            setTimeout(() => seen.push(2), 4);
            const gone = setTimeout(() => seen.push('gone'), 2);
            setTimeout(() => { seen.push(1); clearTimeout(gone); clearTimeout(); clearTimeout({}) }, 0);
            setTimeout(end, 6);
            setTimeout(() => seen.push('after the end'), 60000);
        });
        return seen";
    assert_eq!(stage.value(body).await.unwrap(), "[1,2]");
}

#[tokio::test]
async fn published_events_come_with_the_result_in_order() {
    let stage = Stage::new();
    let source = "module.exports = async (event, {publish}) => {
        const got = await publish('First', {body: {n: 1.0}, headers: {'x-a': '1'}, subscribers: ['camera']});
        publish('second');
        await publish('third', {body: 'text'});
        return got === undefined;
    }";
    let answer = stage.call(source).await.unwrap();
    let published: Vec<_> =
        answer.published.iter().map(|one| (one.name.as_str(), one.options.as_str())).collect();
    assert_eq!(
        published,
        [
            ("First", r#"{"body":{"n":1},"headers":{"x-a":"1"},"subscribers":["camera"]}"#),
            ("second", "{}"),
            ("third", r#"{"body":"text"}"#),
        ]
    );
    assert_eq!(answer.value.unwrap(), "true");
}

#[tokio::test]
async fn an_invalid_publish_throws_an_exception() {
    let stage = Stage::new();
    for (arguments, why) in [
        ("'x', {boddy: 1}", "TypeError: ctx.publish: `boddy` is not known here; did you mean `body`?"),
        ("", "TypeError: ctx.publish: the first argument must be the event's name, a string"),
        ("{}", "TypeError: ctx.publish: the first argument must be the event's name, a string"),
        ("'a/b'", "TypeError: ctx.publish: "),
        ("'*'", "TypeError: ctx.publish: "),
        ("'a', 1", "TypeError: ctx.publish: the second argument must be an object"),
        ("'a', null", "TypeError: ctx.publish: the second argument must be an object"),
        ("'a', [1]", "TypeError: ctx.publish: the second argument must be an object"),
        ("'a', () => 1", "TypeError: ctx.publish: the second argument must be an object"),
        ("'a', {toJSON: () => 1}", "TypeError: ctx.publish: the second argument must be an object"),
        ("'a', {body: () => 1}", "TypeError: ctx.publish: `body` is a function"),
        ("'a', {body: 1n}", "TypeError: "),
        ("'a', {headers: {'x-a': 1}}", "TypeError: ctx.publish: `headers` must be an object of strings"),
        ("'a', {headers: {host: 'b'}}", "TypeError: ctx.publish: the header `host` is not allowed"),
        ("'a', {subscribers: 'b'}", "TypeError: ctx.publish: `subscribers` must be an array"),
        ("'a', {body: 'x'.repeat(300000)}", "RangeError: ctx.publish: the event has 300011 bytes"),
        ("'a', {get body() { throw new Error('mine') }}", "Error: mine"),
    ] {
        let body = format!("try {{ ctx.publish({arguments}) }} catch (error) {{ return String(error) }}");
        let value = stage.value(&body).await.unwrap();
        assert!(value.starts_with(&format!("\"{why}")), "{arguments}: {value}");
    }
    let many = stage.failure("for (let i = 0; i < 101; i++) await ctx.publish('e' + i)").await;
    assert!(
        many.message.starts_with("RangeError: ctx.publish: a call may publish at most 100 events"),
        "{many}"
    );
}

#[tokio::test]
async fn console_output_is_stored_up_to_the_limit() {
    let stage = Stage::new();
    let source = "module.exports = () => {
        console.log('a', 1, {b: [2]}, undefined, null, () => 1, Symbol('s'), 3n);
        console.warn('careful'); console.error(new RangeError('x')); console.info(); console.debug('é');
        const round = {}; round.round = round; console.log(round);
        console.log({toJSON() { throw 1 }, toString() { throw 2 }});
    }";
    let log = stage.call(source).await.unwrap().log;
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(
        lines[..3],
        [r#"a 1 {"b":[2]} undefined null [function] [symbol] 3"#, "warning: careful", "error: RangeError: x"]
    );
    assert!(lines[3].trim_start().starts_with("at "), "{log}");
    assert!(log.ends_with("\n\né\n[object Object]\n[object]\n"), "{log}");

    let bomb = "module.exports = () => { for (let i = 0; i < 1e5; i++) console.log('line é', i); return 1 }";
    let answer = stage.call(bomb).await.unwrap();
    assert!((16_000..17_000).contains(&answer.log.len()), "{}", answer.log.len());
    assert!(answer.log.ends_with("… only 16384 bytes are stored\n"), "{}", answer.log);
}

#[tokio::test]
async fn calls_share_no_state() {
    let stage = Stage::new();
    let source = "
        globalThis.count = (globalThis.count ?? 0) + 1;
        const was = Object.prototype.left;
        Object.prototype.left = 1;
        Promise.prototype.then = JSON.stringify = Array.prototype.push = undefined;
        module.exports = (event) => [count, was, event.left, typeof event.__proto__]";
    for _ in 0..3 {
        assert_eq!(stage.call(source).await.unwrap().value.unwrap(), r#"[1,null,1,"object"]"#);
    }
}

#[tokio::test]
async fn changes_to_the_arguments_have_no_effect_outside() {
    let stage = Stage::new();
    let event =
        r#"{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":"no promise"}"#;
    let source = "module.exports = async (event, ctx) => {
        const before = ({}).polluted;
        Object.setPrototypeOf(event, null); Object.setPrototypeOf(ctx, new Proxy({}, {get: () => 1}));
        const {publish} = ctx; ctx.publish = () => 'mine'; ctx.appName = 'admin';
        Object.defineProperty(Object.prototype, 'toJSON', {value() { return {body: 'changed'} }});
        await publish.call(null, 'mine', {body: 1});
        return before;
    }";
    let call = stage.prepare("shop", "f.js", source, event);
    let answer = stage.functions.call(call).await.unwrap();
    assert_eq!((answer.value, answer.published.len()), (None, 1));
    assert_eq!(answer.published[0].options, r#"{"body":"changed"}"#, "a function may change its own event");
}
