//! No time is sold twice: races, holds that end, and what the database itself refuses.

use chrono::Duration;
use rastup_store::sqlx;
use rastup_testkit::system;
use serde_json::json;

use crate::support::{Market, SOON, buyer, code, rival};

#[tokio::test]
async fn two_buyers_racing_for_one_studio_slot_have_exactly_one_winner() {
    for _ in 0..8 {
        let market = Market::open().await;
        let one = market.ready_to_pay(&buyer(), SOON).await;
        let two = market.ready_to_pay(&rival(), SOON).await;
        let (mine, theirs) = (buyer(), rival());
        let (first, second) =
            tokio::join!(market.intent(&mine, one, "CARD"), market.intent(&theirs, two, "CARD"));
        let codes: Vec<_> = [first, second].into_iter().filter_map(Result::err).map(|e| e.code).collect();
        // Person and place are wanted by both; whichever is looked at first is what the loser hears of.
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert!(["CHK_STUDIO_CONFLICT", "CHK_ATOMIC_FAIL"].contains(&codes[0]), "{codes:?}");
        assert_eq!(market.blocks().await.len(), 2);
        let open_charges: i64 = sqlx::query_scalar("select count(*) from finance.charge")
            .fetch_one(market.world.database().pool())
            .await
            .unwrap();
        assert_eq!(open_charges, 1, "the loser's charge is rolled back with its holds");
    }
}

#[tokio::test]
async fn the_second_payment_for_a_taken_slot_is_refused_and_charges_nothing() {
    let market = Market::open().await;
    market.confirmed(&buyer(), SOON).await;
    let overlapping = ("2026-06-03T17:30:00Z", "2026-06-03T19:30:00Z");
    // The studio needs buffers and cleaning, the talent does not.
    let lbg_id = market.start(&rival(), overlapping).await;
    assert_eq!(code(market.attach(&rival(), lbg_id).await), "CHK_STUDIO_CONFLICT");
    market.sign(&rival(), lbg_id).await;
    market.intent(&rival(), lbg_id, "CARD").await.unwrap();
}

#[tokio::test]
async fn an_expired_hold_loses_to_a_new_one() {
    let market = Market::open().await;
    let slow = market.ready_to_pay(&buyer(), SOON).await;
    let quick = market.ready_to_pay(&rival(), SOON).await;
    market.intent(&buyer(), slow, "CARD").await.unwrap();
    market.intent(&rival(), quick, "CARD").await.unwrap_err();

    market.world.clock.advance(Duration::minutes(29));
    market.intent(&rival(), quick, "CARD").await.unwrap_err();
    market.world.clock.advance(Duration::minutes(1));
    let payable = market.intent(&rival(), quick, "CARD").await.unwrap();

    // The slow buyer pays all the same: the confirmation finds the time taken and undoes everything.
    let late = market.order(slow).await["charge"]["paymentIntentId"].as_str().unwrap().to_owned();
    market.stripe.buyer_pays(&late);
    let setup: String =
        sqlx::query_scalar("select setup_intent_id from booking.deposit_auth where lbg_id = $1")
            .bind(slow.to_string())
            .fetch_one(market.world.database().pool())
            .await
            .unwrap();
    market.stripe.buyer_saves_card(&setup).unwrap();
    market.call(&buyer(), "confirmPayment", json!({ "draftId": slow })).await.unwrap();
    let charge_id = market.order(slow).await["charge"]["chargeId"].as_str().unwrap().parse().unwrap();
    market.run_saga(slow, charge_id).await.unwrap_err();
    assert_eq!(market.leg_statuses(slow).await, ["AWAITING_PAYMENT", "AWAITING_PAYMENT"]);
    assert_eq!(market.stripe.held_or_taken(), rastup_types::Cents::ZERO);
    assert_eq!(market.blocks().await.len(), 2, "the quick buyer's holds stay: {payable}");
}

#[tokio::test]
async fn the_job_deletes_only_holds_past_their_end() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    let run = || booking::api::jobs::expire_holds(market.store().clone(), system());
    assert_eq!(run().await.unwrap(), json!({ "expired": 0 }));
    market.world.clock.advance(Duration::minutes(30));
    assert_eq!(run().await.unwrap(), json!({ "expired": 2 }));
    assert_eq!(run().await.unwrap(), json!({ "expired": 0 }));
    // Coming back takes the time again.
    market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    assert_eq!(market.blocks().await.len(), 2);
}

#[tokio::test]
async fn firm_blocks_never_expire() {
    let market = Market::open().await;
    market.confirmed(&buyer(), SOON).await;
    market.world.clock.advance(Duration::days(1));
    booking::api::jobs::expire_holds(market.store().clone(), system()).await.unwrap();
    let blocks = market.blocks().await;
    assert!(blocks.len() == 2 && blocks.iter().all(|(_, status)| status == "confirmed"), "{blocks:?}");
}

#[tokio::test]
async fn the_database_refuses_what_the_code_would_let_pass() {
    let market = Market::open().await;
    let other = market.ready_to_pay(&rival(), SOON).await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    let leg: String =
        sqlx::query_scalar("select leg_id from booking.booking_leg where lbg_id = $1 and type = 'studio'")
            .bind(other.to_string())
            .fetch_one(market.world.database().pool())
            .await
            .unwrap();
    let forced = sqlx::query(
        "insert into booking.calendar_block
             (block_id, leg_id, charge_id, resource, blocked, status, expires_at, created_at)
         select 'cal_x', $1, 'chg_x', b.resource, b.blocked, 'confirmed', null, now()
         from booking.calendar_block b join booking.booking_leg l using (leg_id)
         where l.lbg_id = $2 and l.type = 'studio'",
    )
    .bind(leg)
    .bind(lbg_id.to_string())
    .execute(market.world.database().pool())
    .await;
    let error = forced.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().constraint(), Some("calendar_block_sells_no_time_twice"));
}
