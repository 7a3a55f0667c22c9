//! Handlers of `/api/v1/exchanges`.

use super::events::{cause, raw};
use super::extract::{Admin, Id, Reader, Shared};
use super::paging::Params;
use super::searching::{Form, SearchedTable, Step};
use super::visible;
use crate::error_code;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use footbridge_api::{self as api, ExchangeStatus};
use footbridge_engine::{ExchangeFilter, Search};
use footbridge_model::app::App;
use footbridge_model::exchange::{ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::ExchangeId;
use footbridge_model::permission::Permission;
use footbridge_model::query::Subject;
use footbridge_model::time::Millis;
use std::time::Duration;

/// How long a sender can read the outcome of its exchange.
const READABLE_FOR: Duration = Duration::from_hours(24);

fn exchange(record: &ExchangeRecord) -> api::Exchange {
    let (status, answer, failure) = match &record.ending {
        None => (ExchangeStatus::Running, None, None),
        Some(ExchangeOutcome::Answered(answer)) => (ExchangeStatus::Answered, raw(answer), None),
        Some(ExchangeOutcome::Failed(failure)) => (ExchangeStatus::Failed, None, Some(failure)),
    };
    api::Exchange {
        exchange_id: record.head.id.to_string(),
        status,
        answer,
        error_code: failure.map(|failure| error_code::row(failure.kind).1.as_str().to_owned()),
        error_message: failure.map(|failure| failure.message.clone()),
    }
}

/// Renders an exchange as administrators see it; without `payload`, it lacks the answer.
pub(super) fn detail(record: ExchangeRecord, payload: bool) -> api::ExchangeDetail {
    let api::Exchange { exchange_id, status, answer, error_code, error_message } = exchange(&record);
    let answer = answer.filter(|_| payload);
    let http_status = record.ending.as_ref().map(|ending| match ending {
        ExchangeOutcome::Answered(_) => 200,
        ExchangeOutcome::Failed(failure) => error_code::row(failure.kind).0,
    });
    let ExchangeRecord { head, ms, answer_status, .. } = record;
    api::ExchangeDetail {
        exchange_id,
        status,
        answer,
        error_code,
        error_message,
        direction: head.direction.as_str().to_owned(),
        sender: head.sender.to_string(),
        recipient: head.recipient.to_string(),
        event_type: head.event_type,
        at: head.at.to_string(),
        ms,
        http_status,
        upstream_status: answer_status,
        via: head.provenance.via.as_str().to_owned(),
        cause: head.cause.map(cause),
        trace: head.provenance.trace.map(|trace| trace.trace().to_string()),
        test: head.provenance.test,
    }
}

/// The list of exchanges.
pub(super) static EXCHANGES: SearchedTable = SearchedTable {
    name: "exchanges",
    ascending: "exchanges-asc",
    subject: Subject::Exchanges,
    filters: &["app", "failed"],
    number: |text| text.parse().ok().map(ExchangeId::number),
    id: |number| ExchangeId::from_number(number).text(),
    columns: &[
        "exchange_id",
        "at",
        "direction",
        "sender",
        "recipient",
        "event_type",
        "status",
        "http_status",
        "upstream_status",
        "error_code",
        "error_message",
        "ms",
        "via",
        "cause",
        "trace",
        "test",
    ],
};

/// Lists the exchanges that match, newest first and without their answers, or exports them all as CSV or NDJSON if `Accept`
/// asks for that.
#[utoipa::path(get, path = "/api/v1/exchanges", tag = "exchanges", security(("admin" = [])),
    params(("app" = Option<String>, Query, description = "Exchanges that this app sends or answers"),
        ("failed" = Option<bool>, Query, description = "`true` for failed exchanges, `false` for answered ones"),
        ("q" = Option<String>, Query, description = "Terms of the search grammar, such as `app:shop status:failed took:>2s`"),
        ("since" = Option<String>, Query, description = "Exchanges accepted at or after this time; `2h` means two hours ago"),
        ("until" = Option<String>, Query, description = "Exchanges accepted before this time; `2h` means two hours ago"),
        ("order" = Option<String>, Query, description = "`desc`, newest first (default), or `asc`"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = api::SearchedList<api::ExchangeDetail>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    form: Form,
    params: Params,
) -> Result<Response, Problem> {
    let searching = EXCHANGES.read(&params, form, &caller, shared.engine.now())?;
    let filter = ExchangeFilter { app: params.app("app")?, failed: params.flag("failed")? };
    let fetch = move |search: Search| -> Step<api::ExchangeDetail> {
        let found = shared.engine.history().search_exchanges(filter.clone(), search);
        // Lists have no answers, whoever asks.
        Box::pin(async move { Ok(found.await?.map(|record| detail(record, false))) })
    };
    searching.answer(fetch).await
}

/// Shows an exchange: completely to administrators, and its outcome to the app that sent it. Administrators need the
/// permission `payloads.read` for its answer, which is `null` without it.
#[utoipa::path(get, path = "/api/v1/exchanges/{id}", tag = "exchanges", security(("admin" = []), ("bridge" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::Exchange)))]
pub(super) async fn show(
    reader: Reader,
    State(shared): State<Shared>,
    Id(id): Id<ExchangeId>,
) -> Result<Response, Problem> {
    let missing = || Problem::missing("exchange");
    let record = shared.engine.history().exchange(id).await?.ok_or_else(missing)?;
    match reader {
        Reader::Admin(caller) if visible::exchange(&caller, &record.head) => {
            Ok(Json(detail(record, caller.may(Permission::PayloadsRead))).into_response())
        }
        // Exchanges of other apps and unknown ones get the same answer, so that ids cannot be probed.
        Reader::App(entry) if sent_by(&record, &entry.app) && is_readable(&record, shared.engine.now()) => {
            Ok(Json(exchange(&record)).into_response())
        }
        Reader::Admin(_) | Reader::App(_) => Err(missing()),
    }
}

/// Returns true if this app sent the exchange, and not an earlier app of the same name.
fn sent_by(record: &ExchangeRecord, app: &App) -> bool {
    app.name == record.head.sender && app.generation < record.head.id.number()
}

/// Returns true while the answer is stored. Afterwards `answer: null` would be wrong.
fn is_readable(record: &ExchangeRecord, now: Millis) -> bool {
    let took = Duration::from_millis(record.ms.unwrap_or_default().into());
    record.ending.is_none() || now < record.head.at.plus(took).plus(READABLE_FOR)
}
