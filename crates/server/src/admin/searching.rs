//! Lists that are searched: their parameters, one page of them, and their export.

use super::csv;
use super::extract::Shared;
use super::paging::{ListPage, Params};
use crate::problem::Problem;
use crate::stream::Streams;
use crate::watch::Length;
use axum::Json;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use footbridge_api::{Searched, SearchedList};
use footbridge_engine::{Budget, Found, Order, Search};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::made_at;
use footbridge_model::permission::Permission;
use footbridge_model::query::{Moment, Query, Subject};
use footbridge_model::time::Millis;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, VARY};
use http::request::Parts;
use http_body::{Body as HttpBody, Frame};
use serde::Serialize;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The longest time that one page reads: with the rest of the work, an answer takes less than 200 ms.
const PAGE_TIME: Duration = Duration::from_millis(120);
/// The longest time of one step of an export. Other searches take their turns between two steps.
const EXPORT_TIME: Duration = Duration::from_millis(50);
/// The most rows of one step of an export, which are in memory together.
const EXPORT_STEP: u32 = 500;
/// The most rows of an export.
const EXPORT_ROWS: u32 = 1_000_000;

/// The parameters that every searched list has besides its own.
const COMMON: [&str; 4] = ["q", "since", "until", "order"];

/// A list that can be searched.
pub(super) struct SearchedTable {
    /// The name of the list in cursors.
    pub(super) name: &'static str,
    /// The name in cursors of the list that is oldest first.
    pub(super) ascending: &'static str,
    pub(super) subject: Subject,
    /// The list's own parameters.
    pub(super) filters: &'static [&'static str],
    /// Reads the number of an id.
    pub(super) number: fn(&str) -> Option<u64>,
    /// Writes the id with this number.
    pub(super) id: fn(u64) -> String,
    /// The members that an export as CSV has, in this order.
    pub(super) columns: &'static [&'static str],
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One page as JSON.
    Page,
    /// All rows as comma-separated values.
    Csv,
    /// All rows as one JSON object a line.
    Ndjson,
}

impl FromRequestParts<Shared> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let texts = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Ok(Self::preferred(texts.flat_map(|text| text.split(','))))
    }
}

impl Form {
    /// The form of the media range with the highest quality; the first of several. A quality of 0 means "never".
    fn preferred<'a>(ranges: impl Iterator<Item = &'a str>) -> Self {
        let mut best = (0.0, Self::Page);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let form = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "text/csv" => Self::Csv,
                "application/x-ndjson" => Self::Ndjson,
                "application/json" | "application/*" | "*/*" => Self::Page,
                _ => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let quality = quality.map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
            if quality > best.0 {
                best = (quality, form);
            }
        }
        best.1
    }

    /// Checks that an export has no parameters of pages.
    ///
    /// # Errors
    /// 400 for such a parameter.
    pub(super) fn check(self, params: &Params) -> Result<(), Problem> {
        let paging = ["limit", "cursor"].into_iter().find(|name| params.text(name).is_some());
        match paging.filter(|_| self != Self::Page) {
            Some(name) => Err(Problem::parameter(name, "does not go with an export, which has no pages")),
            None => Ok(()),
        }
    }
}

/// A request for a searched list.
pub(super) struct Searching {
    table: &'static SearchedTable,
    page: ListPage,
    search: Search,
    form: Form,
}

impl SearchedTable {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 400 for a wrong parameter or term, 403 for a search of bodies without the permission to read them.
    pub(super) fn read(
        &'static self,
        params: &Params,
        form: Form,
        caller: &AdminCaller,
        now: Millis,
    ) -> Result<Searching, Problem> {
        let order = params.parse("order", order)?.unwrap_or_default();
        let name = if order == Order::Ascending { self.ascending } else { self.name };
        let page = params.window(name, &[self.filters, &COMMON].concat())?;
        form.check(params)?;
        let query: Query = params.read("q")?.unwrap_or_default();
        query
            .check_for(self.subject)
            .map_err(|error| Problem::parameter("q", format_args!("is wrong: {error}")))?;
        if query.body_tests().next().is_some() {
            Problem::require(caller, Permission::PayloadsRead)?;
        }
        let (since, until) = query.times(now);
        let time = |name| Ok::<_, Problem>(params.read::<Moment>(name)?.map(|moment| moment.at(now)));
        let search = Search {
            query,
            since: since.max(time("since")?),
            until: earliest(until, time("until")?),
            order,
            after: page.after(self.number)?,
            limit: page.limit(),
            budget: Budget { time: Some(PAGE_TIME), rows: u64::MAX },
            scope: caller.apps.clone(),
        };
        Ok(Searching { table: self, page, search, form })
    }
}

fn order(text: &str) -> Result<Order, &'static str> {
    match text {
        "desc" => Ok(Order::Descending),
        "asc" => Ok(Order::Ascending),
        _ => Err("it must be `desc`, newest first, or `asc`, oldest first"),
    }
}

fn earliest(one: Option<Millis>, other: Option<Millis>) -> Option<Millis> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// One step of a search on its way.
pub(super) type Step<T> = Pin<Box<dyn Future<Output = Result<Found<T>, Problem>> + Send>>;

impl Searching {
    /// Answers with one page, or begins an export. `fetch` makes one step.
    ///
    /// # Errors
    /// The journal fails.
    pub(super) async fn answer<T: Serialize + Send + 'static>(
        self,
        fetch: impl Fn(Search) -> Step<T> + Send + Unpin + 'static,
    ) -> Result<Response, Problem> {
        let Self { table, page, search, form } = self;
        if form != Form::Page {
            return Ok(export(form, table.columns, search, fetch));
        }
        let Found { rows, looked_at, next, stopped } = fetch(search).await?;
        let searched =
            Searched { to: next.map(|next| made_at(next).to_string()), rows: looked_at, more: stopped };
        let next = next.map(|next| page.cursor(&(table.id)(next)));
        Ok(Json(SearchedList { data: rows, next, searched }).into_response())
    }
}

/// Begins an export as CSV or NDJSON. `fetch` makes one step.
pub(super) fn export<T: Serialize + Send + 'static>(
    form: Form,
    columns: &'static [&'static str],
    search: Search,
    fetch: impl Fn(Search) -> Step<T> + Send + Unpin + 'static,
) -> Response {
    let budget = Budget { time: Some(EXPORT_TIME), rows: u64::MAX };
    let search = Search { limit: EXPORT_STEP, budget, ..search };
    let columns = (form == Form::Csv).then_some(columns);
    let body = Export { fetch, search: Some(search), step: None, columns, begun: false, left: EXPORT_ROWS };
    let mut response = Response::new(Body::new(body));
    let media = if form == Form::Csv { "text/csv; charset=utf-8" } else { "application/x-ndjson" };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response.extensions_mut().insert(Streams(Length::Finite));
    response
}

/// The body of an export. It makes the next step when the client has taken what came before.
struct Export<T, F> {
    fetch: F,
    /// The next step; `None` when the export is complete.
    search: Option<Search>,
    step: Option<Step<T>>,
    /// The columns of CSV.
    columns: Option<&'static [&'static str]>,
    /// True once something was written.
    begun: bool,
    /// How many rows may still follow.
    left: u32,
}

/// The error that breaks off an export, so that nobody takes the part for the whole.
#[derive(Debug)]
struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the journal failed during an export")
    }
}

impl std::error::Error for BrokenOff {}

impl<T: Serialize, F> Export<T, F> {
    fn render(&mut self, found: Found<T>) -> Result<Bytes, BrokenOff> {
        let Found { rows, next, .. } = found;
        let mut bytes = Vec::new();
        if let Some(columns) = self.columns.filter(|_| !self.begun) {
            csv::head(&mut bytes, columns);
        }
        self.begun = true;
        for row in rows.into_iter().take(usize::try_from(self.left).unwrap_or(usize::MAX)) {
            self.left -= 1;
            if let Some(columns) = self.columns {
                csv::row(&mut bytes, columns, &row).map_err(|_| BrokenOff)?;
            } else {
                serde_json::to_writer(&mut bytes, &row).map_err(|_| BrokenOff)?;
                bytes.push(b'\n');
            }
        }
        let search = self.search.take().filter(|_| self.left > 0);
        self.search = search.zip(next).map(|(search, next)| Search { after: Some(next), ..search });
        Ok(bytes.into())
    }
}

impl<T, F> HttpBody for Export<T, F>
where
    T: Serialize + Send + 'static,
    F: Fn(Search) -> Step<T> + Unpin,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        loop {
            let step = match (&mut this.step, &this.search) {
                (Some(step), _) => step,
                (None, Some(search)) => this.step.insert((this.fetch)(search.clone())),
                (None, None) => return Poll::Ready(None),
            };
            let found = ready!(step.as_mut().poll(cx));
            this.step = None;
            let rendered = found.map_err(|_| BrokenOff).and_then(|found| this.render(found));
            match rendered {
                Err(error) => {
                    this.search = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
                // A step without a match writes nothing.
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_quality_decides_about_the_form() {
        for (accept, form) in [
            ("", Form::Page),
            ("text/csv", Form::Csv),
            ("text/csv;q=0, application/json", Form::Page),
            ("text/csv;q=0", Form::Page),
            ("text/csv;q=0.5, application/json", Form::Page),
            ("application/json;q=0.2, text/csv; charset=utf-8; q=0.9", Form::Csv),
            ("application/x-ndjson, text/csv", Form::Ndjson),
            ("text/html, */*;q=0.1, TEXT/CSV;Q=0.2", Form::Csv),
            ("text/csv;q=much", Form::Page),
        ] {
            assert_eq!(Form::preferred(accept.split(',')), form, "{accept}");
        }
    }
}
