//! Loads a source text and finds the function that it exports.

use rquickjs::context::EvalOptions;
use rquickjs::function::This;
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Function, Module, Object, Result, Value};
use std::path::Path;

/// Text added before a `CommonJS` source. It has no line break, so line numbers stay correct; its length is
/// subtracted
/// from the columns of the first line.
pub(super) const COMMONJS_PREFIX: &str = "(function (exports, require, module) { ";
const COMMONJS_SUFFIX: &str = "\n})";

/// A source that has been parsed but not run.
pub(super) enum Loaded<'js> {
    /// The source as the body of a function with the parameters `exports`, `require` and `module`.
    CommonJs(Function<'js>),
    /// An ES module.
    Module(Module<'js, Declared>),
}

/// Parses a source as the kind that its file name says, otherwise as the kind that it parses as.
pub(super) fn load<'js>(ctx: &Ctx<'js>, file: &str, source: &str) -> Result<Loaded<'js>> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let module = || Module::declare(ctx.clone(), file, source).map(Loaded::Module);
    let kind = Path::new(file).extension();
    if kind.is_some_and(|kind| kind == "mjs") {
        return module();
    }
    let error = match common_js(ctx, file, source) {
        Ok(function) => return Ok(Loaded::CommonJs(function)),
        Err(error) => error,
    };
    // Only an ES module can contain these keywords. In a CommonJS file they are in a comment or a string, and the
    // syntax error has another cause.
    if kind.is_some_and(|kind| kind == "cjs") || !(source.contains("export") || source.contains("import")) {
        return Err(error);
    }
    let first = ctx.catch();
    module().map_err(|error| if looks_like_module(source) { error } else { rethrow(ctx, first) })
}

fn common_js<'js>(ctx: &Ctx<'js>, file: &str, source: &str) -> Result<Function<'js>> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file.to_owned());
    // Turns a `#!` line into a comment.
    let hash = if source.starts_with("#!") { "//" } else { "" };
    ctx.eval_with_options(format!("{COMMONJS_PREFIX}{hash}{source}{COMMONJS_SUFFIX}"), options)
}

/// Throws an exception again after another attempt has failed.
fn rethrow<'js>(ctx: &Ctx<'js>, exception: Value<'js>) -> Error {
    drop(ctx.catch());
    ctx.throw(exception)
}

/// Returns true if a line begins with `export` or `import`.
fn looks_like_module(source: &str) -> bool {
    source.lines().map(str::trim_start).any(|line| line.starts_with("export ") || line.starts_with("import "))
}

/// Runs a `CommonJS` source and returns its exports.
pub(super) fn run<'js>(ctx: &Ctx<'js>, body: &Function<'js>) -> Result<Value<'js>> {
    let (module, exports) = (Object::new(ctx.clone())?, Object::new(ctx.clone())?);
    module.set("exports", exports.clone())?;
    let require: Value<'js> = ctx.globals().get("require")?;
    body.call::<_, Value<'js>>((This(exports.clone()), exports, require, module.clone()))?;
    module.get("exports")
}

/// Returns the exported function: the export itself or its `default`.
pub(super) fn function<'js>(exports: &Value<'js>) -> Result<Option<Function<'js>>> {
    if let Some(function) = exports.as_function() {
        return Ok(Some(function.clone()));
    }
    match exports.as_object() {
        Some(object) => object.get::<_, Value<'js>>("default").map(Value::into_function),
        None => Ok(None),
    }
}
