//! The GraphQL fields of smart invites.

use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, InviteId, ServiceProfileId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{page, requests::Modes};
use crate::{
    access,
    error::BookingError,
    invite::{self, NewInvite, Reply},
    request::Side,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateArgs {
    input: NewInvite,
    client_request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InviteArgs {
    invite_id: InviteId,
}

#[derive(Deserialize)]
struct RespondArgs {
    input: Reply,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeclineArgs {
    invite_id: InviteId,
    service_profile_id: ServiceProfileId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AwardInput {
    invite_id: InviteId,
    recipient_ids: Vec<ServiceProfileId>,
    close: Option<bool>,
}

#[derive(Deserialize)]
struct AwardArgs {
    input: AwardInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MyInvitesArgs {
    #[serde(rename = "as")]
    side: Side,
    limit: Option<i64>,
    next_token: Option<String>,
}

/// Answers the fields of invites.
pub async fn invites(deps: Modes, call: Call) -> Result<Value, ApiError> {
    let (store, tax, caller) = (&deps.store, deps.tax.as_ref(), &call.caller);
    match (call.parent.as_str(), call.field.as_str()) {
        ("Mutation", "createInvite") => {
            let args: CreateArgs = call.args()?;
            let key = args.client_request_id.as_deref();
            shown(store, &call, invite::create(store, caller, &args.input, key).await?).await
        }
        ("Mutation", "respondToInvite") => {
            let RespondArgs { input } = call.args()?;
            invite::respond(store, tax, caller, &input).await?;
            shown(store, &call, input.invite_id).await
        }
        ("Mutation", "declineInvite") => {
            let args: DeclineArgs = call.args()?;
            invite::decline(store, caller, args.invite_id, args.service_profile_id).await?;
            shown(store, &call, args.invite_id).await
        }
        ("Mutation", "awardInvite") => {
            let AwardArgs { input } = call.args()?;
            let closing = input.close.unwrap_or(true);
            let orders =
                invite::award(store, tax, caller, input.invite_id, &input.recipient_ids, closing).await?;
            Ok(json!({ "invite": shown(store, &call, input.invite_id).await?, "lbgIds": orders }))
        }
        ("Query", "invite") => {
            let args: InviteArgs = call.args()?;
            shown(store, &call, args.invite_id).await
        }
        ("Query", "myInvites") => my_invites(store, &call).await,
        _ => Err(call.unknown_field()),
    }
}

async fn my_invites(store: &Store, call: &Call) -> Result<Value, ApiError> {
    let args: MyInvitesArgs = call.args()?;
    let limit = page::limit(args.limit)?;
    let user_id = access::signed_in(&call.caller.actor)?;
    let before = page::before(args.next_token.as_deref(), "inv")?;
    let mut unit = store.unit(&call.caller).await?;
    let mut found =
        invite::page(&mut unit, user_id, args.side, before, limit + 1).await.map_err(BookingError::from)?;
    let next_token = page::cut(&mut found, limit, |id| id.as_uuid().simple().to_string());
    let mut items = Vec::with_capacity(found.len());
    for invite_id in found {
        items.push(invite::view::invite(&mut unit, invite_id).await?);
    }
    Ok(json!({ "items": items, "nextToken": next_token }))
}

async fn shown(store: &Store, call: &Call, invite_id: InviteId) -> Result<Value, ApiError> {
    let mut unit = store.unit(&call.caller).await?;
    Ok(invite::view::invite(&mut unit, invite_id).await?)
}
