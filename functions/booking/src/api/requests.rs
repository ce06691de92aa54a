//! The GraphQL fields of booking modes: opening an order in a mode, requests, counters and instant booking.

use std::sync::Arc;

use rastup_providers::tax::TaxQuotes;
use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, LbgId, RequestId, ServiceProfileId, StudioId, TimeRange};
use serde::Deserialize;
use serde_json::{Value, json};

use super::page;
use crate::{
    access,
    error::BookingError,
    instant::{self, Rules, Subject},
    request::{self, LineChange, Request, RequestStatus, Side},
    start::{self, OrderInput},
    view,
};

/// What booking modes need.
#[derive(Clone)]
pub struct Modes {
    /// The database.
    pub store: Store,
    /// Tax rates.
    pub tax: Arc<dyn TaxQuotes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartArgs {
    input: OrderInput,
    client_request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendArgs {
    lbg_id: LbgId,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerArgs {
    request_id: RequestId,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CounterInput {
    request_id: RequestId,
    when: Option<TimeRange>,
    line_item_changes: Option<Vec<LineChange>>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct CounterArgs {
    input: CounterInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RulesArgs {
    service_profile_id: Option<ServiceProfileId>,
    studio_id: Option<StudioId>,
    rules: Rules,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MyRequestsArgs {
    #[serde(rename = "as")]
    side: Side,
    status: Option<RequestStatus>,
    limit: Option<i64>,
    next_token: Option<String>,
}

/// Answers the fields of orders in a mode and their requests.
pub async fn requests(deps: Modes, call: Call) -> Result<Value, ApiError> {
    let (store, tax, caller) = (&deps.store, deps.tax.as_ref(), &call.caller);
    match (call.parent.as_str(), call.field.as_str()) {
        ("Mutation", "startOrder") => {
            let args: StartArgs = call.args()?;
            let key = args.client_request_id.as_deref();
            let lbg_id = start::start(store, tax, caller, &args.input, key).await?;
            let mut unit = store.unit(caller).await?;
            Ok(json!({ "draftId": lbg_id, "order": view::order(&mut unit, lbg_id).await? }))
        }
        ("Mutation", "sendRequest") => {
            let args: SendArgs = call.args()?;
            let sent = request::send(store, caller, args.lbg_id, args.message.as_deref()).await?;
            Ok(Value::Array(shown(store, &call, &sent).await?))
        }
        ("Mutation", "acceptRequest") => {
            let args: AnswerArgs = call.args()?;
            one(store, &call, &request::accept(store, caller, args.request_id).await?).await
        }
        ("Mutation", "declineRequest") => {
            let args: AnswerArgs = call.args()?;
            let declined = request::decline(store, caller, args.request_id, args.reason.as_deref()).await?;
            one(store, &call, &declined).await
        }
        ("Mutation", "withdrawRequest") => {
            let args: AnswerArgs = call.args()?;
            one(store, &call, &request::withdraw(store, caller, args.request_id).await?).await
        }
        ("Mutation", "counterOffer") => {
            let CounterArgs { input } = call.args()?;
            let changes = input.line_item_changes.as_deref().unwrap_or_default();
            let message = input.message.as_deref();
            let made =
                request::counter(store, tax, caller, input.request_id, input.when, changes, message).await?;
            one(store, &call, &made).await
        }
        ("Mutation", "confirmInstantBook") => {
            let args: SendArgs = call.args()?;
            let booked = instant::confirm(store, caller, args.lbg_id).await?;
            Ok(json!({
                "lbgId": args.lbg_id,
                "agreed": booked.agreed,
                "reasons": booked.reasons.iter().map(|(leg_id, reasons)| json!({
                    "legId": leg_id,
                    "reasons": reasons,
                })).collect::<Vec<_>>(),
                "requests": shown(store, &call, &booked.requests).await?,
            }))
        }
        ("Mutation", "setAutoAcceptRules") => {
            let args: RulesArgs = call.args()?;
            let subject = match (args.service_profile_id, args.studio_id) {
                (Some(id), None) => Subject::Profile(id),
                (None, Some(id)) => Subject::Studio(id),
                (Some(_), Some(_)) | (None, None) => {
                    return Err(ApiError::invalid(
                        "studioId",
                        "or `serviceProfileId` is to be given, not both",
                    ));
                }
            };
            instant::set_rules(store, caller, subject, &args.rules).await?;
            Ok(json!({
                "serviceProfileId": args.service_profile_id,
                "studioId": args.studio_id,
                "allowIb": args.rules.allow_ib,
                "weekdayMask": args.rules.weekday_mask,
                "minPriceCents": args.rules.min_price_cents,
                "maxDistanceMi": args.rules.max_distance_mi,
                "answerHours": args.rules.answer_hours,
            }))
        }
        ("Query", "myRequests") => my_requests(store, &call).await,
        _ => Err(call.unknown_field()),
    }
}

async fn my_requests(store: &Store, call: &Call) -> Result<Value, ApiError> {
    let args: MyRequestsArgs = call.args()?;
    let limit = page::limit(args.limit)?;
    let user_id = access::signed_in(&call.caller.actor)?;
    let before = page::before(args.next_token.as_deref(), "req")?;
    let mut unit = store.unit(&call.caller).await?;
    let mut found = request::page(&mut unit, user_id, args.side, args.status, before, limit + 1)
        .await
        .map_err(BookingError::from)?;
    let next_token =
        page::cut(&mut found, limit, |request| request.request_id.as_uuid().simple().to_string());
    drop(unit);
    Ok(json!({ "items": shown(store, call, &found).await?, "nextToken": next_token }))
}

async fn one(store: &Store, call: &Call, request: &Request) -> Result<Value, ApiError> {
    let mut unit = store.unit(&call.caller).await?;
    Ok(request::view::request(&mut unit, request).await?)
}

async fn shown(store: &Store, call: &Call, requests: &[Request]) -> Result<Vec<Value>, ApiError> {
    let mut unit = store.unit(&call.caller).await?;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        answers.push(request::view::request(&mut unit, request).await?);
    }
    Ok(answers)
}
