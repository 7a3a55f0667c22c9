//! Formats values and exceptions as text.
//!
//! Formatting may run code of the function (getters, `toJSON`), which may throw. The deadline applies here too.

use rquickjs::{Coerced, Ctx, Exception, FromJs as _, Type, Value};

/// Formats a value for the console.
pub(super) fn value<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    match value.type_of() {
        Type::Undefined => "undefined".to_owned(),
        Type::Object | Type::Array | Type::Promise | Type::Proxy => json(ctx, value),
        Type::Exception => {
            let exception = value.clone().into_object().and_then(Exception::from_object);
            exception.map_or_else(|| json(ctx, value), |exception| self::exception(ctx, &exception))
        }
        Type::Function | Type::Constructor => "[function]".to_owned(),
        Type::Symbol => "[symbol]".to_owned(),
        _ => text(ctx, value.clone()).unwrap_or_default(),
    }
}

/// Formats an exception as `name: message`, then the stack.
pub(super) fn exception<'js>(ctx: &Ctx<'js>, exception: &Exception<'js>) -> String {
    let part = |name: &str| {
        let value: Option<Value<'js>> = checked(ctx, exception.get(name));
        value.filter(|value| !value.is_undefined()).and_then(|value| text(ctx, value)).unwrap_or_default()
    };
    let (name, message, stack) = (part("name"), part("message"), part("stack"));
    let colon = if name.is_empty() || message.is_empty() { "" } else { ": " };
    format!("{name}{colon}{message}\n{stack}").trim_end().to_owned()
}

fn json<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    let json = checked(ctx, ctx.json_stringify(value.clone())).flatten();
    let json = json.and_then(|json| checked(ctx, json.to_string()));
    json.or_else(|| text(ctx, value.clone())).unwrap_or_else(|| "[object]".to_owned())
}

fn text<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Option<String> {
    checked(ctx, Coerced::<String>::from_js(ctx, value)).map(|text| text.0)
}

/// Converts a result to an option and discards the exception.
fn checked<T>(ctx: &Ctx<'_>, result: rquickjs::Result<T>) -> Option<T> {
    result.inspect_err(|_| drop(ctx.catch())).ok()
}
