//! From a source text to the function it exports.

use rquickjs::context::EvalOptions;
use rquickjs::function::This;
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Function, Module, Object, Result, Value};
use std::path::Path;

/// What stands before a `CommonJS` source. On its first line, so that line numbers stay right; its length is taken
/// off the columns of that line again.
pub(super) const BEFORE: &str = "(function (exports, require, module) { ";
const AFTER: &str = "\n})";

/// A source that was understood, and not yet run.
pub(super) enum Loaded<'js> {
    /// The body of a function of `exports`, `require`, `module`.
    CommonJs(Function<'js>),
    /// An ES module.
    Module(Module<'js, Declared>),
}

/// Reads a source as what its file's name says it is, else as what it can be read as.
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
    // Only a module may hold these words; in an old-style file they are in a comment or a string, and the error is
    // about something else.
    if kind.is_some_and(|kind| kind == "cjs") || !(source.contains("export") || source.contains("import")) {
        return Err(error);
    }
    let first = ctx.catch();
    module().map_err(|error| if looks_like_module(source) { error } else { again(ctx, first) })
}

fn common_js<'js>(ctx: &Ctx<'js>, file: &str, source: &str) -> Result<Function<'js>> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file.to_owned());
    // A first line for a shell is a comment.
    let hash = if source.starts_with("#!") { "//" } else { "" };
    ctx.eval_with_options(format!("{BEFORE}{hash}{source}{AFTER}"), options)
}

/// Puts an exception back that was taken to try something else.
fn again<'js>(ctx: &Ctx<'js>, exception: Value<'js>) -> Error {
    drop(ctx.catch());
    ctx.throw(exception)
}

/// Whether a line begins as only a module's can.
fn looks_like_module(source: &str) -> bool {
    source.lines().map(str::trim_start).any(|line| line.starts_with("export ") || line.starts_with("import "))
}

/// Runs a `CommonJS` source; what it exports.
pub(super) fn run<'js>(ctx: &Ctx<'js>, body: &Function<'js>) -> Result<Value<'js>> {
    let (module, exports) = (Object::new(ctx.clone())?, Object::new(ctx.clone())?);
    module.set("exports", exports.clone())?;
    let require: Value<'js> = ctx.globals().get("require")?;
    body.call::<_, Value<'js>>((This(exports.clone()), exports, require, module.clone()))?;
    module.get("exports")
}

/// The function among what a source exports: itself or its `default`.
pub(super) fn function<'js>(exports: &Value<'js>) -> Result<Option<Function<'js>>> {
    if let Some(function) = exports.as_function() {
        return Ok(Some(function.clone()));
    }
    match exports.as_object() {
        Some(object) => object.get::<_, Value<'js>>("default").map(Value::into_function),
        None => Ok(None),
    }
}
