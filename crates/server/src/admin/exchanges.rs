//! `/api/v1/exchanges`.

use super::events::raw;
use super::extract::{Admin, Id, Reader, Shared};
use super::page::{List, Params};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use footbridge_engine::ExchangeFilter;
use footbridge_model::app::App;
use footbridge_model::exchange::{Direction, Ending, ErrorCode, ExchangeRecord};
use footbridge_model::id::ExchangeId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use serde::Serialize;
use serde_json::value::RawValue;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the sender may read how its exchange ended.
const KEPT: Duration = Duration::from_hours(24);

/// Where an exchange stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ExchangeStatus {
    Running,
    Answered,
    Failed,
}

/// An exchange as its sender sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
pub(super) struct ExchangeView {
    #[schema(value_type = String, example = "exc_0f7m2k9x4c1aa")]
    exchange_id: ExchangeId,
    status: ExchangeStatus,
    /// The recipient's answer, byte for byte. Kept for 24 hours, and only with `Prefer: respond-async` or an
    /// `Idempotency-Key`.
    #[schema(value_type = Option<serde_json::Value>)]
    answer: Option<Box<RawValue>>,
    #[schema(value_type = Option<String>, example = "EVENT_DELIVERY_FAILED")]
    error_code: Option<ErrorCode>,
    error_message: Option<String>,
}

/// An exchange as the administrator sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeDetail)]
pub(super) struct ExchangeDetailView {
    #[serde(flatten)]
    exchange: ExchangeView,
    /// `to_miniapp` or `to_host`
    #[schema(value_type = String)]
    direction: Direction,
    #[schema(value_type = String)]
    sender: AppName,
    #[schema(value_type = String)]
    recipient: AppName,
    event_type: String,
    #[schema(value_type = String, format = DateTime)]
    at: Millis,
    ms: Option<u32>,
    /// What the sender was answered; `null` while it runs.
    http_status: Option<u16>,
}

impl From<&ExchangeRecord> for ExchangeView {
    fn from(record: &ExchangeRecord) -> Self {
        let (status, answer, failure) = match &record.ending {
            None => (ExchangeStatus::Running, None, None),
            Some(Ending::Answered(answer)) => (ExchangeStatus::Answered, raw(answer), None),
            Some(Ending::Failed(failure)) => (ExchangeStatus::Failed, None, Some(failure)),
        };
        Self {
            exchange_id: record.head.id,
            status,
            answer,
            error_code: failure.map(|failure| failure.code),
            error_message: failure.map(|failure| failure.message.clone()),
        }
    }
}

impl From<ExchangeRecord> for ExchangeDetailView {
    fn from(record: ExchangeRecord) -> Self {
        let exchange = ExchangeView::from(&record);
        let http_status = record.ending.as_ref().map(|ending| match ending {
            Ending::Answered(_) => 200,
            Ending::Failed(failure) => failure.status,
        });
        let ExchangeRecord { head, ms, .. } = record;
        Self {
            exchange,
            direction: head.direction,
            sender: head.sender,
            recipient: head.recipient,
            event_type: head.event_type,
            at: head.at,
            ms,
            http_status,
        }
    }
}

/// Lists the exchanges, newest first, without their answers.
#[utoipa::path(get, path = "/api/v1/exchanges", tag = "exchanges", security(("admin" = [])),
    params(("app" = Option<String>, Query, description = "Only those this app sends or answers"),
        ("failed" = Option<bool>, Query, description = "Only failed or only answered ones"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<ExchangeDetailView>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<ExchangeDetailView>>, Problem> {
    let window = params.window("exchanges", &["app", "failed"])?;
    let filter = ExchangeFilter { app: params.app("app")?, failed: params.flag("failed")? };
    let page = window.of_journal(ExchangeId::number)?;
    let rows = shared.engine.journal().exchanges(filter, page).await?;
    Ok(Json(window.list(rows, |record| record.head.id.to_string(), ExchangeDetailView::from)))
}

/// Shows an exchange: all of it to the administrator, how it ended to the app that sent it.
#[utoipa::path(get, path = "/api/v1/exchanges/{id}", tag = "exchanges", security(("admin" = []), ("bridge" = [])),
    params(("id" = String, Path)), responses((status = 200, body = ExchangeView)))]
pub(super) async fn show(
    reader: Reader,
    State(shared): State<Shared>,
    Id(id): Id<ExchangeId>,
) -> Result<Response, Problem> {
    let missing = || Problem::missing("exchange");
    let record = shared.engine.journal().exchange(id).await?.ok_or_else(missing)?;
    match reader {
        Reader::Admin => Ok(Json(ExchangeDetailView::from(record)).into_response()),
        // The same answer for another's exchange and for none, so that ids cannot be probed.
        Reader::App(entry) if is_of(&record, &entry.app) && is_kept(&record, shared.engine.now()) => {
            Ok(Json(ExchangeView::from(&record)).into_response())
        }
        Reader::App(_) => Err(missing()),
    }
}

/// Whether this app sent it, and not one that had its name before.
fn is_of(record: &ExchangeRecord, app: &App) -> bool {
    app.name == record.head.sender && app.created_at <= record.head.at
}

/// Whether the answer, if one was to be kept, is still there: after that `answer: null` would be untrue.
fn is_kept(record: &ExchangeRecord, now: Millis) -> bool {
    let took = Duration::from_millis(record.ms.unwrap_or_default().into());
    record.ending.is_none() || now < record.head.at.plus(took).plus(KEPT)
}
