//! Adds what OpenAPI 3.1 and its readers require and what the descriptions of handlers leave out.

use crate::problem::CONTENT_TYPE;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::{
    ContentBuilder, OpenApi as Description, Ref, RefOr, Response, ResponseBuilder, Schema,
};

/// Gives an operation of the administration API a unique id and the errors that all of them share.
pub(super) fn name_operations(description: &mut Description) {
    for operation in operations(description) {
        let tag = operation.tags.iter().flatten().next().map(String::as_str).unwrap_or_default();
        operation.operation_id = operation.operation_id.as_ref().map(|handler| format!("{tag}_{handler}"));
        for status in ["4XX", "5XX"] {
            operation.responses.responses.entry(status.into()).or_insert_with(|| problem().into());
        }
    }
}

fn problem() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let text = "A problem. Its `code` is documented at `/docs/errors/{code}`";
    ResponseBuilder::new().description(text).content(CONTENT_TYPE, content).build()
}

/// Completes every operation and every schema.
pub(super) fn complete(description: &mut Description) {
    for operation in operations(description) {
        // An operation without credentials says so.
        operation.security.get_or_insert_default();
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                described(status).clone_into(&mut response.description);
            }
        }
    }
    let Some(components) = &mut description.components else { return };
    components.schemas.values_mut().for_each(clear_defaults);
    // utoipa writes the argument of a generic type out; a reference says which type it is.
    let named: Vec<(String, RefOr<Schema>)> =
        components.schemas.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let refer = |schema: &mut RefOr<Schema>| {
        if let Some((name, _)) = named.iter().find(|(_, known)| is_shared(known) && known == schema) {
            *schema = Ref::from_schema_name(name).into();
        }
    };
    components.schemas.values_mut().for_each(|schema| parts(schema).for_each(|part| visit(part, &refer)));
}

/// Returns true for a schema that is worth a reference: an object with members, or a choice.
fn is_shared(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => !object.properties.is_empty(),
        RefOr::T(Schema::OneOf(_) | Schema::AllOf(_)) => true,
        _ => false,
    }
}

/// Calls `change` for a schema and then for its parts.
fn visit(schema: &mut RefOr<Schema>, change: &dyn Fn(&mut RefOr<Schema>)) {
    change(schema);
    parts(schema).for_each(|part| visit(part, change));
}

/// The schemas that a schema contains.
fn parts(schema: &mut RefOr<Schema>) -> Box<dyn Iterator<Item = &mut RefOr<Schema>> + '_> {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let further = object.additional_properties.as_deref_mut();
            let further = further.and_then(|further| match further {
                AdditionalProperties::RefOr(schema) => Some(schema),
                AdditionalProperties::FreeForm(_) => None,
            });
            Box::new(object.properties.values_mut().chain(further))
        }
        RefOr::T(Schema::Array(array)) => Box::new(
            match &mut array.items {
                ArrayItems::RefOrSchema(items) => Some(&mut **items),
                ArrayItems::False => None,
            }
            .into_iter(),
        ),
        RefOr::T(Schema::OneOf(one)) => Box::new(one.items.iter_mut()),
        RefOr::T(Schema::AllOf(all)) => Box::new(all.items.iter_mut()),
        RefOr::T(Schema::AnyOf(any)) => Box::new(any.items.iter_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

fn operations(description: &mut Description) -> impl Iterator<Item = &mut Operation> {
    description.paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, put, post, delete, patch, .. } = item;
        [get, put, post, delete, patch].into_iter().filter_map(Option::as_mut)
    })
}

/// Returns a description for an answer without one, which OpenAPI requires.
fn described(status: &str) -> &'static str {
    match status {
        "201" => "Created; `Location` is its URL",
        "202" => "Accepted",
        "204" => "Deleted",
        "4XX" => "The request is refused",
        "503" => "Unavailable",
        "5XX" => "The server cannot do this",
        _ => "Success",
    }
}

/// Removes defaults that stand for a member that is left out: `null` and the empty text are rarely values of its type.
fn clear_defaults(schema: &mut RefOr<Schema>) {
    let is_empty = |value: &serde_json::Value| value.is_null() || value.as_str().is_some_and(str::is_empty);
    let clear = |default: &mut Option<serde_json::Value>| {
        default.take_if(|value| is_empty(value));
    };
    match schema {
        RefOr::Ref(reference) => clear(&mut reference.default),
        RefOr::T(Schema::Object(object)) => clear(&mut object.default),
        RefOr::T(Schema::Array(array)) => clear(&mut array.default),
        RefOr::T(Schema::OneOf(one)) => clear(&mut one.default),
        RefOr::T(Schema::AllOf(all)) => clear(&mut all.default),
        RefOr::T(Schema::AnyOf(any)) => clear(&mut any.default),
        RefOr::T(_) => {}
    }
    parts(schema).for_each(clear_defaults);
}
