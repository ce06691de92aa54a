//! Prices of legs from the launch rules of the database.

use finance::{LegPricing, RateTable, price_leg};
use rastup_store::sqlx;
use rastup_testkit::{World, system};
use rastup_types::{
    ApiError, Cents,
    pricing::{LegType, ProfileRole},
};

fn pricing(city: &str, role: Option<ProfileRole>, subtotal: i64) -> LegPricing {
    let leg_type = if role.is_some() { LegType::Talent } else { LegType::Studio };
    LegPricing { city: city.to_owned(), leg_type, role, subtotal: Cents(subtotal) }
}

#[tokio::test]
async fn golden_table_of_leg_prices() {
    let world = World::new().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let photographer = Some(ProfileRole::Photographer);
    for (city, role, subtotal, service_tax, fee, fee_tax, total) in [
        ("houston", photographer, 45_000, 3_713, 4_500, 371, 53_584),
        ("houston", photographer, 1_999, 165, 500, 41, 2_705),
        ("houston", photographer, 400_000, 33_000, 25_000, 2_063, 460_063),
        ("houston", None, 38_500, 3_176, 3_080, 254, 45_010),
        ("houston", None, 0, 0, 0, 0, 0),
        ("los_angeles", Some(ProfileRole::Model), 45_000, 4_275, 5_400, 513, 55_188),
        ("los_angeles", None, 38_500, 3_658, 3_850, 366, 46_374),
    ] {
        let price = price_leg(&mut unit, &RateTable, &pricing(city, role, subtotal)).await.unwrap();
        let parts = (price.service_tax.0, price.platform_fee.0, price.platform_fee_tax.0, price.total.0);
        assert_eq!(parts, (service_tax, fee, fee_tax, total), "{city} {role:?} {subtotal}");
    }
}

#[tokio::test]
async fn a_city_or_role_without_a_rule_has_no_price() {
    let world = World::new().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    for (city, role) in [("atlantis", None), ("houston", Some(ProfileRole::Fansub))] {
        let error = price_leg(&mut unit, &RateTable, &pricing(city, role, 1_000)).await.unwrap_err();
        assert_eq!(ApiError::from(error).code, "FEE_RULE_MISSING", "{city} {role:?}");
    }
}

#[tokio::test]
async fn the_rule_of_the_day_holds_and_two_rules_never_hold_together() {
    let world = World::new().await;
    let insert = |id: &'static str, until: &'static str| {
        sqlx::query(
            "insert into finance.fee_rule (fee_rule_id, city, role, rate_bps, floor_cents, ceiling_cents, version,
                 valid_from, valid_until)
             values ($1, 'houston', 'studio', 2000, 0, 100000, 2, '2026-05-01', $2::text::timestamptz)",
        )
        .bind(id)
        .bind(until)
    };
    let pool = world.store.pool();
    let overlapping = insert("fer_00000000000000000000000000000001", "2026-07-01").execute(pool).await;
    assert!(overlapping.unwrap_err().to_string().contains("fee_rule_one_at_a_time"));

    let end =
        "update finance.fee_rule set valid_until = '2026-05-01' where city = 'houston' and role = 'studio'";
    sqlx::query(end).execute(pool).await.unwrap();
    insert("fer_00000000000000000000000000000001", "2026-07-01").execute(pool).await.unwrap();
    let mut unit = world.store.unit(&system()).await.unwrap();
    let price = price_leg(&mut unit, &RateTable, &pricing("houston", None, 10_000)).await.unwrap();
    assert_eq!(price.platform_fee, Cents(2_000));
}
