//! §1.9.M rows 1 and 6: fee rules and the merchant of record, through `finance_fees_resolver`.

use std::sync::Arc;

use chrono::Duration;
use finance::{
    LegPricing, Method, RateTable,
    api::{FeeDeps, fees_resolver},
    charges, ledger, price_leg, record_tax_quote,
};
use rastup_runtime::resolver::Call;
use rastup_store::{Caller, sqlx};
use rastup_testkit::{World, assert_outbox_matches_schemas, caller, system, user};
use rastup_types::{
    ApiError, Cents, Role,
    pricing::{LegType, ProfileRole},
};
use serde_json::{Value, json};

use crate::scene::Scene;

fn finance_ops(number: u128) -> Caller {
    caller(user(number), &[Role::FinanceOps])
}

async fn ask(world: &World, who: Caller, parent: &str, field: &str, args: Value) -> Result<Value, ApiError> {
    let deps = FeeDeps { store: world.store.clone(), tax: Arc::new(RateTable) };
    fees_resolver(deps, Call::new(parent, field, who, args)).await
}

async fn quoted(world: &World, city: &str, role: &str, cents: i64) -> Result<(i64, i64), ApiError> {
    let args = json!({ "city": city, "role": role, "subtotalCents": cents });
    let quote = ask(world, caller(user(5), &[]), "Query", "feeQuote", args).await?;
    Ok((quote["platformFeeCents"].as_i64().unwrap(), quote["platformFeeTaxCents"].as_i64().unwrap()))
}

fn rule(rate_bps: i32) -> Value {
    json!({
        "city": "houston", "role": "MODEL", "rateBps": rate_bps, "floorCents": 600, "ceilingCents": 30_000,
        "reason": "new year", "exampleSubtotals": [1_000, 45_000],
    })
}

#[tokio::test]
async fn fees_and_their_tax_are_computed_by_city_and_role() {
    let world = World::new().await;
    for (city, role, subtotal, fee, tax) in [
        ("houston", "PHOTOGRAPHER", 45_000, 4_500, 371),
        ("houston", "STUDIO", 38_500, 3_080, 254),
        ("los_angeles", "MODEL", 45_000, 5_400, 513),
        ("los_angeles", "STUDIO", 5_000, 600, 57),
        ("houston", "MODEL", 0, 0, 0),
    ] {
        assert_eq!(
            quoted(&world, city, role, subtotal).await.unwrap(),
            (fee, tax),
            "{city} {role} {subtotal}"
        );
    }
    assert_eq!(quoted(&world, "houston", "FANSUB", 1).await.unwrap_err().code, "FEE_RULE_MISSING");
    assert_eq!(quoted(&world, "atlantis", "MODEL", 1).await.unwrap_err().code, "FEE_RULE_MISSING");
    assert_eq!(quoted(&world, "houston", "MODEL", -1).await.unwrap_err().code, "INPUT_INVALID");
    assert_outbox_matches_schemas(&world.store).await;
}

#[tokio::test]
async fn a_new_rule_takes_a_dry_run_two_people_and_its_day() {
    let world = World::new().await;
    let mut dry = rule(1_250);
    dry["dryRun"] = json!(true);
    let told = ask(&world, finance_ops(80), "Mutation", "adminSetFeeRule", dry).await.unwrap();
    assert_eq!(told["decision"]["status"], "DRY_RUN");
    assert_eq!(
        told["examples"][1],
        json!({ "subtotalCents": 45_000, "beforeCents": 4_500, "afterCents": 5_625 })
    );
    let mut later = rule(1_250);
    later["validFrom"] = json!(world.store.now() + Duration::days(1));
    for (who, status) in [(80, "WAITS"), (80, "WAITS"), (81, "DONE")] {
        let set = ask(&world, finance_ops(who), "Mutation", "adminSetFeeRule", later.clone()).await.unwrap();
        assert_eq!(set["decision"]["status"], status);
    }
    assert_eq!(quoted(&world, "houston", "MODEL", 45_000).await.unwrap().0, 4_500, "not before its day");
    world.clock.advance(Duration::days(1));
    assert_eq!(quoted(&world, "houston", "MODEL", 45_000).await.unwrap().0, 5_625);
    let (details,): (Value,) =
        sqlx::query_as("select details from platform.audit_log where action = 'fee_rule.set'")
            .fetch_one(world.store.pool())
            .await
            .unwrap();
    assert_eq!((&details["before"]["rateBps"], &details["after"]["rateBps"]), (&json!(1_000), &json!(1_250)));
}

#[tokio::test]
async fn a_rule_of_the_past_out_of_range_or_of_no_staff_is_refused() {
    let world = World::new().await;
    let set = |who, args| ask(&world, who, "Mutation", "adminSetFeeRule", args);
    assert_eq!(set(finance_ops(80), rule(10_001)).await.unwrap_err().code, "INPUT_INVALID");
    let mut past = rule(900);
    past["validFrom"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(set(finance_ops(80), past).await.unwrap_err().code, "INPUT_INVALID");
    assert_eq!(set(caller(user(9), &[Role::Support]), rule(900)).await.unwrap_err().code, "FORBIDDEN");
    let mut silent = rule(900);
    silent["reason"] = json!(" ");
    assert_eq!(set(finance_ops(80), silent).await.unwrap_err().code, "INPUT_INVALID");
}

#[tokio::test]
async fn the_mor_switch_moves_service_tax_from_the_sellers_to_the_authorities() {
    let scene = Scene::new(Method::Card).await;
    let args = json!({ "city": "houston", "remitter": "PLATFORM", "reason": "marketplace law" });
    for (who, status) in [(80, "WAITS"), (81, "DONE")] {
        let set = ask(&scene.world, finance_ops(who), "Mutation", "adminSetMor", args.clone()).await.unwrap();
        assert_eq!(set["status"], status);
    }
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let mut new = scene.new_charge(Method::Card);
    assert!(new.splits.iter().all(|split| !split.platform_remits), "priced before, so it stays");
    new.lbg_id = unit.mint();
    let pricing = LegPricing {
        city: "houston".to_owned(),
        leg_type: LegType::Talent,
        role: Some(ProfileRole::Photographer),
        subtotal: Cents(45_000),
    };
    let price = price_leg(&mut unit, &RateTable, &pricing).await.unwrap();
    assert!(price.platform_remits);
    record_tax_quote(&mut unit, new.splits[0].leg_id, &price).await.unwrap();
    for split in &mut new.splits {
        split.platform_remits = price.platform_remits;
    }
    let charge = charges::open(&mut unit, &new).await.unwrap();
    let splits = charges::splits(&mut unit, charge.charge_id).await.unwrap();
    let credited = |account| -> i64 {
        let lines = ledger::capture(&charge, &splits).lines;
        lines.iter().filter(|line| line.account == account).map(|line| line.credit.0).sum()
    };
    let tax: i64 = splits.iter().map(|split| split.service_tax.0).sum();
    assert_eq!(credited(ledger::Account::ServiceTax), tax);
    assert_eq!(credited(ledger::Account::SellerPayable), 83_500, "what payouts send, without tax");
    assert_eq!(splits.iter().map(|split| split.seller_share().0).sum::<i64>(), 83_500);
}

#[tokio::test]
async fn a_merchant_of_record_without_tax_rates_is_misconfigured() {
    let world = World::new().await;
    let args = json!({ "city": "atlantis", "remitter": "PLATFORM", "reason": "try" });
    let set = ask(&world, finance_ops(80), "Mutation", "adminSetMor", args.clone()).await;
    assert_eq!(set.unwrap_err().code, "MOR_MISCONFIGURED");
    let set = ask(&world, caller(user(3), &[Role::Support]), "Mutation", "adminSetMor", args).await;
    assert_eq!(set.unwrap_err().code, "FORBIDDEN");
}
