//! Travel and licences through `profiles_resolver`: set by the owner alone, read by everybody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its fixture breaks")]

use profiles::{api::handle, fixtures};
use rastup_runtime::resolver::Call;
use rastup_store::Caller;
use rastup_testkit::{World, caller, system, user};
use rastup_types::{ApiError, Cents, Role, pricing::ProfileRole};
use serde_json::{Value, json};

async fn set(world: &World, who: &Caller, id: Value, terms: Value) -> Result<Value, ApiError> {
    let args = json!({ "serviceProfileId": id, "terms": terms });
    handle(world.store.clone(), Call::new("Mutation", "setBookingTerms", who.clone(), args)).await
}

#[tokio::test]
async fn booking_terms_are_replaced_by_the_owner_and_read_by_everybody() {
    let world = World::new().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let seller =
        fixtures::seller(&mut unit, user(1), ProfileRole::Photographer, Cents(45_000)).await.unwrap();
    unit.commit().await.unwrap();
    let (owner, id) = (caller(user(1), &[Role::Seller]), json!(seller.service_profile_id));
    let terms = json!({ "travelCentsPerMile": 67, "licenses": [{ "tier": "ADS", "priceCents": 15_000 }] });
    for (who, expected) in
        [(caller(user(2), &[Role::Seller]), "SP_NOT_FOUND"), (caller(user(1), &[Role::Buyer]), "FORBIDDEN")]
    {
        assert_eq!(set(&world, &who, id.clone(), terms.clone()).await.unwrap_err().code, expected);
    }
    for bad in [
        json!({ "travelCentsPerMile": 0 }),
        json!({ "licenses": [{ "tier": "ADS", "priceCents": -1 }] }),
        json!({ "licenses": [{ "tier": "ADS", "priceCents": 1 }, { "tier": "ADS", "priceCents": 2 }] }),
    ] {
        assert_eq!(set(&world, &owner, id.clone(), bad).await.unwrap_err().code, "INPUT_INVALID");
    }
    set(&world, &owner, id.clone(), json!({ "licenses": [{ "tier": "BUYOUT", "priceCents": 1 }] }))
        .await
        .unwrap();
    set(&world, &owner, id.clone(), terms).await.unwrap();
    let call = Call::new(
        "Query",
        "bookingTerms",
        caller(user(9), &[Role::Buyer]),
        json!({ "serviceProfileId": id }),
    );
    let read = handle(world.store.clone(), call).await.unwrap();
    assert_eq!((&read["travelCentsPerMile"], &read["licenses"][0]["tier"]), (&json!(67), &json!("ADS")));
    assert_eq!(read["licenses"].as_array().unwrap().len(), 1);
    set(&world, &owner, id, json!({ "licenses": null })).await.unwrap();
}
