//! Smart invites (`booking_invites_resolver`), as §1.3.16 plans them: one brief, several sellers, one award or more.

use std::sync::Arc;

use booking::api::{invites::invites, jobs, requests::Modes};
use chrono::Duration;
use profiles::fixtures::Seller;
use rastup_providers::tax::RateTable;
use rastup_runtime::resolver::Call;
use rastup_store::Caller;
use rastup_testkit::{assert_outbox_matches_schemas, caller, system, user};
use rastup_types::{ApiError, Cents, LbgId, Role, pricing::ProfileRole};
use serde_json::{Value, json};

use crate::support::{LATER, Market, SELLER, STRANGER, buyer, code, rival};

const SECOND: u128 = 21;
const THIRD: u128 = 22;

async fn ask(
    market: &Market,
    who: &Caller,
    parent: &str,
    field: &str,
    args: Value,
) -> Result<Value, ApiError> {
    let deps = Modes { store: market.store().clone(), tax: Arc::new(RateTable) };
    invites(deps, Call::new(parent, field, who.clone(), args)).await
}

async fn mutate(market: &Market, who: &Caller, field: &str, input: Value) -> Result<Value, ApiError> {
    ask(market, who, "Mutation", field, json!({ "input": input })).await
}

fn seller(number: u128) -> Caller {
    caller(user(number), &[Role::Seller])
}

/// A market with three photographers.
async fn market() -> (Market, [Seller; 3]) {
    let market = Market::open().await;
    let mut unit = market.store().unit(&system()).await.unwrap();
    let mut more = Vec::new();
    for (number, price) in [(SECOND, 40_000), (THIRD, 50_000)] {
        let role = ProfileRole::Photographer;
        more.push(profiles::fixtures::seller(&mut unit, user(number), role, Cents(price)).await.unwrap());
    }
    unit.commit().await.unwrap();
    let sellers = [market.seller, more[0], more[1]];
    (market, sellers)
}

fn brief(sellers: &[Seller]) -> Value {
    json!({
        "brief": "Two hours in the park.\nDaylight.", "when": { "start": LATER.0, "end": LATER.1 }, "city": "houston",
        "locationKind": "BUYER", "locationAddress": "Hermann Park, Houston", "budgetCents": 60_000,
        "recipients": sellers.iter().map(|seller| json!({ "serviceProfileId": seller.service_profile_id })).collect::<Vec<_>>(),
    })
}

async fn sent(market: &Market, sellers: &[Seller]) -> String {
    let invite = mutate(market, &buyer(), "createInvite", brief(sellers)).await.unwrap();
    invite["inviteId"].as_str().unwrap().to_owned()
}

async fn respond(market: &Market, invite: &str, offer: Seller, who: &Caller) -> Result<Value, ApiError> {
    let input = json!({
        "inviteId": invite, "serviceProfileId": offer.service_profile_id, "packageId": offer.package_id, "message": "Gladly",
    });
    mutate(market, who, "respondToInvite", input).await
}

/// A seller answers, through the account behind the profile.
async fn answered(market: &Market, invite: &str, offer: Seller) {
    let who = caller(offer.user_id, &[Role::Seller]);
    respond(market, invite, offer, &who).await.unwrap();
}

fn award(invite: &str, chosen: &[Seller], close: bool) -> Value {
    let ids: Vec<_> = chosen.iter().map(|seller| seller.service_profile_id).collect();
    json!({ "inviteId": invite, "recipientIds": ids, "close": close })
}

async fn states(market: &Market, invite: &str) -> Vec<String> {
    let seen = ask(market, &buyer(), "Query", "invite", json!({ "inviteId": invite })).await.unwrap();
    let status = |side: &Value| side["status"].as_str().unwrap().to_owned();
    seen["recipients"].as_array().unwrap().iter().map(status).collect()
}

async fn confirm(market: &Market, lbg_id: LbgId) {
    market.sign(&buyer(), lbg_id).await;
    let charge_id = market.pay(&buyer(), lbg_id).await;
    market.run_saga(lbg_id, charge_id).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
}

#[tokio::test]
async fn smart_invite_one_brief_two_awards_and_the_others_close() {
    let (market, sellers) = market().await;
    let invite = sent(&market, &sellers).await;
    assert_eq!(market.count("booking.invite.sent").await, 3);
    for offer in [sellers[0], sellers[1]] {
        answered(&market, &invite, offer).await;
    }
    let awarded =
        mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[..2], true)).await.unwrap();
    let orders: Vec<LbgId> = awarded["lbgIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(orders.len(), 2);
    assert_eq!(states(&market, &invite).await, ["AWARDED", "AWARDED", "NOT_AWARDED"]);
    assert_eq!(market.count("booking.invite.closed").await, 1);
    assert_eq!(market.blocks().await.len(), 2);
    // Each award is an order on the one path.
    for lbg_id in orders {
        confirm(&market, lbg_id).await;
    }
    // What comes late finds the invite closed.
    let late = respond(&market, &invite, sellers[2], &seller(THIRD)).await;
    assert_eq!(code(late), "WRONG_STATE");
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn an_award_twice_is_one_order_also_at_once() {
    let (market, sellers) = market().await;
    let invite = sent(&market, &sellers).await;
    answered(&market, &invite, sellers[0]).await;
    let (who, input) = (buyer(), award(&invite, &sellers[..1], false));
    let (a, b) = tokio::join!(
        mutate(&market, &who, "awardInvite", input.clone()),
        mutate(&market, &who, "awardInvite", input.clone()),
    );
    let first = a.unwrap()["lbgIds"].clone();
    assert_eq!(b.unwrap()["lbgIds"], first);
    assert_eq!(
        mutate(&market, &who, "awardInvite", award(&invite, &sellers[..1], true)).await.unwrap()["lbgIds"],
        first
    );
    assert_eq!(market.count("booking.invite.awarded").await, 1);
    assert_eq!(market.count("booking.invite.closed").await, 2);
}

#[tokio::test]
async fn an_award_of_a_seller_who_was_booked_meanwhile_makes_no_order_at_all() {
    let (market, sellers) = market().await;
    let invite = sent(&market, &sellers).await;
    for offer in [sellers[0], sellers[1]] {
        answered(&market, &invite, offer).await;
    }
    market.confirmed(&rival(), LATER).await;
    let refused =
        mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[..2], true)).await.unwrap_err();
    assert_eq!(refused.code, "CHK_ATOMIC_FAIL");
    assert_eq!(refused.details.unwrap()["alternatives"].as_array().unwrap().len(), 3);
    assert_eq!(states(&market, &invite).await, ["RESPONDED", "RESPONDED", "NEW"]);
    assert_eq!(market.count("booking.invite.awarded").await, 0);
    mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[1..2], true)).await.unwrap();
}

#[tokio::test]
async fn an_offer_whose_price_has_changed_is_not_awarded() {
    let (market, sellers) = market().await;
    let invite = sent(&market, &sellers).await;
    answered(&market, &invite, sellers[0]).await;
    let mut unit = market.store().unit(&system()).await.unwrap();
    profiles::fixtures::unpublish(&mut unit, sellers[0].service_profile_id).await.unwrap();
    unit.commit().await.unwrap();
    let refused = mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[..1], true)).await;
    assert_eq!(code(refused), "SP_NOT_FOUND");
    assert_eq!(
        code(mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[2..], true)).await),
        "WRONG_STATE"
    );
    assert_eq!(states(&market, &invite).await, ["RESPONDED", "NEW", "NEW"]);
}

#[tokio::test]
async fn an_invite_closes_by_itself_after_a_week() {
    let (market, sellers) = market().await;
    let invite = sent(&market, &sellers).await;
    answered(&market, &invite, sellers[0]).await;
    market.world.clock.advance(Duration::days(7));
    assert_eq!(
        code(mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[..1], true)).await),
        "WRONG_STATE"
    );
    let swept = jobs::expire_requests(market.store().clone(), system()).await.unwrap();
    assert_eq!(swept["invitesClosed"], 1);
    assert_eq!(jobs::expire_requests(market.store().clone(), system()).await.unwrap()["invitesClosed"], 0);
    assert_eq!(states(&market, &invite).await, ["NOT_AWARDED"; 3]);
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn an_invite_is_private_to_its_sides() {
    let (market, sellers) = market().await;
    let invite = sent(&market, &sellers[..2]).await;
    answered(&market, &invite, sellers[1]).await;
    let args = json!({ "inviteId": invite });
    for outsider in [seller(THIRD), rival(), seller(STRANGER)] {
        assert_eq!(code(ask(&market, &outsider, "Query", "invite", args.clone()).await), "NOT_FOUND");
        assert_eq!(code(respond(&market, &invite, sellers[0], &outsider).await), "NOT_FOUND");
    }
    assert_eq!(
        code(mutate(&market, &rival(), "awardInvite", award(&invite, &sellers[..1], true)).await),
        "NOT_FOUND"
    );
    // A seller sees neither the others nor the address.
    let seen = ask(&market, &seller(SELLER), "Query", "invite", args.clone()).await.unwrap();
    assert_eq!(seen["recipients"].as_array().unwrap().len(), 1);
    assert!(!seen.to_string().contains("Hermann"), "{seen}");
    for (who, side, count) in
        [(buyer(), "BUYER", 1), (seller(SECOND), "SELLER", 1), (seller(THIRD), "SELLER", 0)]
    {
        let page = ask(&market, &who, "Query", "myInvites", json!({ "as": side })).await.unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), count);
    }
    // Who is not interested says so once, and is not booked.
    let decline = json!({ "inviteId": invite, "serviceProfileId": sellers[1].service_profile_id });
    ask(&market, &seller(SECOND), "Mutation", "declineInvite", decline).await.unwrap();
    assert_eq!(
        code(mutate(&market, &buyer(), "awardInvite", award(&invite, &sellers[1..2], true)).await),
        "WRONG_STATE"
    );
}

#[tokio::test]
async fn an_invite_that_makes_no_sense_is_refused() {
    let (market, sellers) = market().await;
    let twice = [sellers[0], sellers[0]];
    for (change, value) in [
        ("brief", json!("  ")),
        ("brief", json!("a\u{0}b")),
        ("recipients", json!([])),
        ("recipients", brief(&twice)["recipients"].clone()),
        (
            "recipients",
            json!([{ "serviceProfileId": sellers[0].service_profile_id, "packageId": sellers[1].package_id }]),
        ),
        ("city", json!("los_angeles")),
        ("city", json!("atlantis")),
        ("locationKind", json!("RENTED_STUDIO")),
        ("budgetCents", json!(0)),
        ("when", json!({ "start": "2026-05-01T15:00:00Z", "end": "2026-05-01T17:00:00Z" })),
    ] {
        let mut input = brief(&sellers);
        input[change] = value.clone();
        assert_eq!(
            code(mutate(&market, &buyer(), "createInvite", input).await),
            "INPUT_INVALID",
            "{change} {value}"
        );
    }
    assert_eq!(market.events().await, Vec::<String>::new());
    let args = json!({ "input": brief(&sellers), "clientRequestId": "invite-1" });
    let once = ask(&market, &buyer(), "Mutation", "createInvite", args.clone()).await.unwrap();
    assert_eq!(
        ask(&market, &buyer(), "Mutation", "createInvite", args).await.unwrap()["inviteId"],
        once["inviteId"]
    );
}
