//! Failures of functions, and the messages for their authors.

use crate::stage::{Stage, options};
use footbridge_functions::FunctionOptions;

#[tokio::test]
async fn exceptions_show_where_they_were_thrown() {
    let stage = Stage::new();
    let source = "const inner = () => {\n  throw new TypeError('no stock')\n}\nmodule.exports = async () => {\n  await null\n  inner()\n}";
    for (file, source) in
        [("photo.js", source.to_owned()), ("photo.mjs", source.replace("module.exports =", "export default"))]
    {
        let failure = stage.call_file(file, &source).await.unwrap_err();
        let lines: Vec<_> = failure.message.lines().collect();
        assert_eq!(lines[0], "TypeError: no stock");
        assert!(lines[1].starts_with(&format!("    at inner ({file}:2:")), "{failure}");
        assert!(lines[2].contains(&format!("{file}:6:")), "{failure}");
        assert!(!failure.timed_out);
    }
}

/// Checks that each source fails with a message that contains the text.
async fn check_failures(cases: &[(&str, &str)]) {
    let stage = Stage::new();
    for (source, why) in cases {
        let failure = stage.call(source).await.expect_err(source);
        assert!(failure.message.contains(why), "{source}: {failure}");
        assert_eq!(failure.timed_out, why.contains("never ends"), "{source}");
    }
}

#[tokio::test]
async fn any_thrown_value_is_shown() {
    check_failures(&[
        ("module.exports = async () => { throw 'plain' }", "it threw plain"),
        ("module.exports = () => { throw {code: 7} }", r#"it threw {"code":7}"#),
        ("module.exports = () => { throw undefined }", "it threw undefined"),
        ("module.exports = () => { throw null }", "it threw null"),
        ("module.exports = () => Promise.reject(new Error('late'))", "Error: late\n"),
        (
            "module.exports = () => { const e = new Error('x'); Object.defineProperty(e, 'stack', {value: 1}); e.name = ''; throw e }",
            "x\n1",
        ),
        (
            "module.exports = () => { throw {get message() { throw 1 }, toJSON() { throw 2 }} }",
            "it threw [object Object]",
        ),
        ("throw new Error('at load')", "Error: at load\n    at <anonymous> (f.js:1:"),
        ("module.exports = () => new Promise(() => {})", "the function never ends: its promise is pending"),
        ("await new Promise(() => {}); export default 1", "the function never ends: its promise is pending"),
        (
            "module.exports = async () => { (async () => { await null; throw new Error('lost') })() }",
            "a promise was rejected without a handler: Error: lost\n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn errors_name_their_cause() {
    check_failures(&[
        ("module.exports = () => () => 1", "the function returned a function or a symbol"),
        ("module.exports = () => Symbol('s')", "the function returned a function or a symbol"),
        ("module.exports = () => 1n", "the returned value cannot be converted to JSON: TypeError: "),
        (
            "module.exports = () => { const a = []; a.push(a); return a }",
            "the returned value cannot be converted to JSON: TypeError: circular",
        ),
        (
            "module.exports = () => ({toJSON() { throw new Error('no') }})",
            "the returned value cannot be converted to JSON: Error: no\n",
        ),
        (
            "module.exports = () => 'x'.repeat(262143)",
            "the function returned 262145 bytes of JSON, but at most 262144 are allowed",
        ),
        ("module.exports = {handler: () => 1}", "f.js exports no function: write `module.exports = "),
        ("", "f.js exports no function: write `module.exports = "),
        ("export const a = 1", "f.js exports no function: write `module.exports = "),
        ("export default {}", "f.js exports no function: write `module.exports = "),
        (
            "const fs = require('fs')",
            "Error: require(fs): a function cannot load modules, files or network resources",
        ),
        (
            "import fs from 'fs'\nexport default () => 1",
            "a function cannot load modules, files or network resources",
        ),
        ("module.exports = () => import('fs')", "a function cannot load modules, files or network resources"),
        (
            "module.exports = () => { (function f() { f() })() }",
            "RangeError: Maximum call stack size exceeded\n",
        ),
        ("module.exports = () => fetch('http://127.0.0.1')", "ReferenceError: fetch is not defined\n"),
        (
            "module.exports = () => setTimeout('1')",
            "TypeError: setTimeout: the first argument must be a function\n",
        ),
        (
            "module.exports = () => new Promise(() => setTimeout(() => { throw new Error('in a timer') }))",
            "Error: in a timer\n",
        ),
        (
            "module.exports = () => { for (;;) setTimeout(() => 1, 1e12) }",
            "RangeError: setTimeout: more than 1000",
        ),
    ])
    .await;
}

#[tokio::test]
async fn syntax_errors_name_the_line() {
    let stage = Stage::new();
    for (file, source) in [
        ("a.js", "\n\nmodule.exports = async () => { const = 1 }"),
        ("a.js", "// import, export\n\nmodule.exports = async () => { const = 1 }"),
        ("a.js", "const one = 1\n\nexport default async () => { const = 1 }"),
        ("a.mjs", "\n\nexport default async () => { const = 1 }"),
    ] {
        let failure = stage.call_file(file, source).await.unwrap_err();
        assert!(failure.message.starts_with("SyntaxError: "), "{failure}");
        assert!(failure.message.contains(&format!("{file}:3:")), "{source}: {failure}");
    }
}

#[tokio::test]
async fn columns_of_the_first_line_are_right_too() {
    let stage = Stage::new();
    let source = "module.exports = () => { console.log(new Error('x')); throw new Error('y') }";
    let first = stage.call(source).await.unwrap_err();
    let third = stage.call(&format!("\n\n{source}")).await.unwrap_err();
    assert!(first.message.contains("(f.js:1:"), "{first}");
    assert_eq!(first.message, third.message.replace("f.js:3:", "f.js:1:"));
    assert_eq!(first.log, third.log.replace("f.js:3:", "f.js:1:"));
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let failure = Stage::new().failure("throw new Error('é'.repeat(1e6))").await;
    assert!(failure.message.len() < 10_000 && failure.message.ends_with('…'));
}

#[tokio::test]
async fn console_output_is_stored_when_the_call_fails() {
    let failure = Stage::new().failure("console.log('before'); throw 1").await;
    assert_eq!(failure.log, "before\n");
}

#[tokio::test]
async fn a_missing_file_and_a_missing_worker_are_reported() {
    let stage = Stage::new();
    let mut call = stage.prepare("shop", "f.js", "", "{}");
    call.file = "g.js".to_owned();
    let failure = stage.functions.call(call).await.unwrap_err();
    assert_eq!(failure.message, "g.js: there is no such file in the app's directory");

    for (program, why) in
        [("/nowhere/footbridge", "cannot be started"), ("/bin/true", "ended before it was ready")]
    {
        let stage = Stage::with(FunctionOptions { program: program.into(), ..options() });
        let failure = stage.failure("").await;
        assert!(failure.message.contains(why), "{failure}");
    }
}
